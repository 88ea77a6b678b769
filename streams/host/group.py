"""Records applied together and stored together: their effects in order, merged where they meet."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from schemas.topics import Topic, partition_for
from streams.host.entries import Entry
from streams.host.writer import Record
from streams.steps.effects import Effects, InputRecord, Output


@dataclass(frozen=True, slots=True)
class Applied:
    """One input record and what the step made of it."""

    offset: int
    now_ms: int
    """The input's time after the record; some steps keep none of their own."""
    effects: Effects

    @classmethod
    def of(cls, record: InputRecord, effects: Effects, now_ms: int) -> "Applied":
        return cls(record.offset, max(now_ms, record.at_ms), effects)

    @property
    def size(self) -> int:
        return self.changes_bytes + sum(len(o.key) + len(o.value) for o in self.effects.outputs)

    @property
    def changes_bytes(self) -> int:
        return sum(len(k) + len(v or b"") for k, v in self.effects.changes.items())


Place = tuple[Topic, int]


@dataclass(slots=True)
class Group:
    applied: list[Applied] = field(default_factory=list)
    size: int = 0

    def add(self, applied: Applied) -> None:
        self.applied.append(applied)
        self.size += applied.size

    def __len__(self) -> int:
        return len(self.applied)

    @property
    def changes_bytes(self) -> int:
        return sum(one.changes_bytes for one in self.applied)

    @property
    def cursor(self) -> int:
        return self.applied[-1].offset

    @property
    def now_ms(self) -> int:
        return self.applied[-1].now_ms

    def changes(self) -> dict[bytes, Entry]:
        merged: dict[bytes, Entry] = {}
        for one in self.applied:
            for key, value in one.effects.changes.items():
                ended_at_ms = one.now_ms if value is None else 0
                merged[key] = Entry(one.offset, value, ended_at_ms)
        return merged

    def announced(self) -> dict[bytes, bytes]:
        return {k: value for one in self.applied for k, value in one.effects.announced.items()}

    def outputs(self, partitions: int) -> dict[Place, list[Record]]:
        """The outputs by the partition they go to, each in the order in which they were made."""
        by_place: dict[Place, list[Record]] = {}
        for one in self.applied:
            for output in one.effects.outputs:
                place = place_of(output, partitions)
                by_place.setdefault(place, []).append(
                    Record(output.key, output.value, output.headers)
                )
        return by_place

    def halves(self) -> "tuple[Group, Group]":
        middle = len(self.applied) // 2
        return _group(self.applied[:middle]), _group(self.applied[middle:])


def place_of(output: Output, partitions: int) -> Place:
    count = output.topic.partitions(partitions)
    if output.partition is None:
        return output.topic, partition_for(output.key, count)
    return output.topic, output.partition


def _group(applied: Iterable[Applied]) -> Group:
    group = Group()
    for one in applied:
        group.add(one)
    return group
