"""Kafka, pretended: logs with the broker's time, batches that are appended whole, compaction."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from streams.host.reading import Bounds
from streams.host.writer import Appended, Record
from tests.simulation.timeline import Timeline

Place = tuple[str, int]
"""A topic's name and a partition."""


class Kept(NamedTuple):
    """A record as the broker has it; `timestamp` in milliseconds, as in aiokafka."""

    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()


@dataclass(slots=True)
class Log:
    records: list[Kept] = field(default_factory=list)
    """What can still be read, after compaction with holes."""
    history: list[Kept] = field(default_factory=list)
    """All that ever was; for auditors alone."""

    @property
    def end(self) -> int:
        return len(self.history)


Listener = Callable[[Place, int], None]


class Broker:
    def __init__(self, timeline: Timeline) -> None:
        self.logs: defaultdict[Place, Log] = defaultdict(Log)
        self.listeners: defaultdict[Place, list[Listener]] = defaultdict(list)
        """Told each place and its new end."""
        self.sent_ms: dict[tuple[Place, int], int] = {}
        """By the place of a batch's first record: when it left its sender."""
        self.behind_ms = 0
        """How far its clock was set back."""
        self._timeline = timeline

    @property
    def now_ms(self) -> int:
        return self._timeline.now_ms - self.behind_ms

    def append(
        self, place: Place, records: Sequence[Record], sent_ms: int | None = None
    ) -> Appended:
        """`sent_ms`: when it left its sender."""
        log, at_ms = self.logs[place], self.now_ms
        self.sent_ms[place, log.end] = at_ms if sent_ms is None else sent_ms
        first = log.end
        kept = [Kept(place[1], first + n, at_ms, *r) for n, r in enumerate(records)]
        log.records += kept
        log.history += kept
        for listener in list(self.listeners[place]):
            listener(place, log.end)
        return Appended(first, at_ms)

    def read(self, place: Place, part: Bounds) -> list[Kept]:
        return [r for r in self.logs[place].records if part.start <= r.offset < part.end]

    def bounds(self, place: Place) -> Bounds:
        return Bounds(0, self.logs[place].end)

    def compact(self, place: Place, before_ms: int) -> None:
        """Of what is older than that only the last record of each key stays, and no tombstone. What
        is younger is not looked at, as by Kafka's cleaner."""
        log = self.logs[place]
        old = [record for record in log.records if record.timestamp < before_ms]
        last = {record.key: record for record in old}
        log.records = [
            *(r for r in old if last[r.key] is r and r.value is not None),
            *(r for r in log.records if r.timestamp >= before_ms),
        ]
