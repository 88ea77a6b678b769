"""What is known of the topics before the first record is read, and how far back they go."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from schemas.topics import Topic
from streams.steps.effects import InputRecord

SKEW_MS = 2_000
"""Brokers' clocks may differ by so much: what depends on the order of two topics waits as long."""


@dataclass(frozen=True, slots=True)
class Kept:
    """The records of one partition that there are: from `begin`, and before `end`."""

    begin: int
    end: int


NOTHING = Kept(0, 0)


@dataclass(frozen=True, slots=True)
class Ground:
    partitions: int
    """Of the tape and its kin."""
    kept: Mapping[tuple[str, int], Kept] = field(default_factory=dict)
    """By noun and partition, as it was when the audit began."""
    incarnations: Mapping[str, str] = field(default_factory=dict)
    """By noun: what was made of an earlier life of a topic is not about this one."""
    settled: bool = False
    """Nothing is under way any more: what has not been done by now never will be."""

    def of(self, topic: Topic, partition: int) -> Kept:
        return self.kept.get((topic.noun, partition), NOTHING)


class Horizon:
    """From when on a topic is whole, where its oldest records are no longer kept."""

    def __init__(self, ground: Ground) -> None:
        self._from_ms: dict[str, int] = {}
        self._waiting: set[tuple[str, int]] = set()
        for place, kept in ground.kept.items():
            if kept.begin:
                self._waiting.add(place)
        self.cut = frozenset(noun for noun, _ in self._waiting)

    def hear(self, record: InputRecord) -> None:
        place = (record.topic.noun, record.partition)
        if self._waiting and place in self._waiting:
            self._waiting.discard(place)
            noun = record.topic.noun
            self._from_ms[noun] = max(self._from_ms.get(noun, 0), record.at_ms)

    def from_ms(self, now_ms: int, *topics: Topic) -> int:
        """0 where nothing is missing. Where of a partition nothing is left at all, its last record
        was older than it is kept."""
        found = 0
        for topic in topics:
            emptied = any(noun == topic.noun for noun, _ in self._waiting)
            gone_ms = now_ms - (topic.retention_ms or 0) if emptied else 0
            found = max(found, gone_ms, self._from_ms.get(topic.noun, 0))
        return found
