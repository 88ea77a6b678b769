"""Sightings of one cluster on their way to the tape, packed into records of a sensible size.

Small deliveries share a record. One that does not fit into a single record has several of its own,
told apart by their index. Which of the two it is depends on the delivery alone: after a crash the
same deliveries are packed with other neighbours, and `streams.core.origins` finds out by their
offsets which of them the tape has already.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from schemas import sightings
from schemas.codec import encode
from schemas.tape import Origin, Part, Sightings, TapeRecord
from schemas.topics import TAPE, TAPE_RECORD_BYTES_MAX, TAPE_SIGHTINGS_MAX
from streams.steps.effects import InputRecord, Output

PACK_BYTES_MAX = TAPE_RECORD_BYTES_MAX - 8_192
"""The rest is for what a tape record needs beside its sightings."""


@dataclass(slots=True)
class Pack:
    cluster: str
    incarnation: str
    """Of the topic that the deliveries come from."""
    _rows: list[bytes] = field(default_factory=list)
    _size: int = 0
    _records: list[InputRecord] = field(default_factory=list)
    _parts: list[Part] = field(default_factory=list)

    def take(self, record: InputRecord, rows: Sequence[bytes]) -> Iterator[Output]:
        """The facts that are full by now."""
        size = _size(rows)
        if not _fits(len(rows), size):
            yield from self.close()
            yield from self._split(record, rows)
            return
        if not _fits(len(self._rows) + len(rows), self._size + size):
            yield from self.close()
        self._rows += rows
        self._size += size
        self._records.append(record)
        self._parts.append(Part(record.offset, len(rows)))

    def close(self) -> Iterator[Output]:
        """The last fact, if there is one."""
        if not self._rows:
            return
        parts = self._parts if len(self._parts) > 1 else ()
        fact = sightings.pack_rows(self._rows, self._records[0].at_ms, parts)
        yield self._output(self._records[-1], 0, fact)
        self._rows, self._size, self._records, self._parts = [], 0, [], []

    def _split(self, record: InputRecord, rows: Sequence[bytes]) -> Iterator[Output]:
        for index, portion in enumerate(_portions(rows)):
            yield self._output(record, index, sightings.pack_rows(portion, record.at_ms))

    def _output(self, last: InputRecord, index: int, fact: Sightings) -> Output:
        origin = Origin(last.topic.noun, self.incarnation, last.partition, last.offset, index)
        return Output(TAPE, self.cluster.encode(), encode(TapeRecord(self.cluster, fact, origin)))


def _size(rows: Sequence[bytes]) -> int:
    return sum(map(len, rows)) + len(rows)


def _fits(count: int, size: int) -> bool:
    return count <= TAPE_SIGHTINGS_MAX and size <= PACK_BYTES_MAX


def _portions(rows: Sequence[bytes]) -> Iterator[list[bytes]]:
    """Rows in tape records' worth, in order."""
    portion: list[bytes] = []
    size = 0
    for row in rows:
        if portion and not _fits(len(portion) + 1, size + len(row) + 1):
            yield portion
            portion, size = [], 0
        portion.append(row)
        size += len(row) + 1
    if portion:
        yield portion
