"""A log in memory and small steps, for tests of what stands between them."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from schemas.topics import TAPE
from streams.host.entries import CURSOR, Entry, Fold
from streams.host.exits import Hooks
from streams.host.inputs import DECIDE
from streams.host.journal import Journal
from streams.host.loop import Gate, Limits, PartitionLoop
from streams.host.outbox import Outbox
from streams.host.writer import Appended, Record
from streams.steps.effects import Effects, InputRecord

JOURNAL = DECIDE.journal.name("test")


@dataclass
class FakeLog:
    """Keeps the writer's promise: a batch has its place in the partition when it returns."""

    batches: list[tuple[str, int, list[Record]]] = field(default_factory=list)
    before_append: Callable[[str], object] = lambda _topic: None
    _ends: dict[tuple[str, int], int] = field(default_factory=dict)

    async def append(self, topic: str, partition: int, records: list[Record]) -> Appended:
        waited = self.before_append(topic)
        if asyncio.iscoroutine(waited):
            await waited
        await asyncio.sleep(0)
        offset = self._ends.get((topic, partition), 0)
        self._ends[topic, partition] = offset + len(records)
        self.batches.append((topic, partition, list(records)))
        return Appended(offset, at_ms=0)

    def of(self, topic: str) -> list[list[Record]]:
        return [records for name, _, records in self.batches if name == topic]


class ScriptStep:
    """Does with the record at each offset what the script says."""

    def __init__(self, script: Mapping[int, Effects | Exception]) -> None:
        self.script = script
        self.applied: list[int] = []
        self.now_ms = 0
        self.next_due_ms: int | None = None

    def apply(self, record: InputRecord) -> Effects:
        self.applied.append(record.offset)
        effects = self.script.get(record.offset, Effects())
        if isinstance(effects, Exception):
            raise effects
        return effects


@dataclass
class Ends:
    """Remembers how the worker would have ended."""

    codes: list[int] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    points: list[str] = field(default_factory=list)
    happened: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def hooks(self) -> Hooks:
        return Hooks(end_process=self._end, reached=self.points.append, ended=self.reasons.append)

    def _end(self, code: int) -> None:
        self.codes.append(code)
        self.happened.set()


def record(offset: int, value: bytes = b"", at_ms: int = 0) -> InputRecord:
    return InputRecord(TAPE, 0, offset, at_ms, b"key", value)


def make_loop(
    log: FakeLog,
    step: ScriptStep,
    ends: Ends,
    *,
    limits: Limits | None = None,
    gate: Gate | None = None,
    cursor: int = -1,
) -> PartitionLoop:
    fold = Fold({CURSOR: Entry(cursor, b"")} if cursor >= 0 else {})
    journal = Journal(JOURNAL, 0, fold, 0, log, reader=None)
    return PartitionLoop(
        DECIDE,
        0,
        step,
        journal,
        Outbox(log, "test"),
        limits or Limits(tape_partitions=4),
        ends.hooks,
        gate,
    )
