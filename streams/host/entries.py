"""What a journal record looks like, and how a log of them becomes the entries that hold.

    live     key -> 8 bytes input offset, 1, the entry
    ended    key -> 8 bytes input offset, 0, 8 bytes time of the end (ms)
    gone     key -> no value (Kafka's tombstone), the input offset in a header
    cursor   `@` -> 8 bytes offset of the last input record applied, 1
    what is announced: live, and of the cursor's offset as it stood

An input offset always names the same state, whoever wrote it. So of two records for one key the
one with the higher offset holds, wherever it stands in the log: a worker that was paused and wakes
up late can only add old truth.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from streams.host.exits import JournalDamaged
from streams.host.writer import Record
from streams.steps.effects import ANNOUNCED

CURSOR = b"@"
_ENDED = 0
_LIVE = 1
_OFFSET_HEADER = "offset"


class Entry(NamedTuple):
    offset: int
    """Of the input record that made it."""
    value: bytes | None
    """None where the entry has ended."""
    ended_at_ms: int = 0


def live_record(key: bytes, entry: Entry) -> Record:
    """The journal record of an entry, ended or not."""
    lead = entry.offset.to_bytes(8, "big")
    if entry.value is None:
        return Record(key, lead + bytes((_ENDED,)) + entry.ended_at_ms.to_bytes(8, "big"))
    return Record(key, lead + bytes((_LIVE,)) + entry.value)


def gone_record(key: bytes, offset: int) -> Record:
    """A tombstone; the broker may forget the key altogether once it has compacted."""
    return Record(key, None, ((_OFFSET_HEADER, offset.to_bytes(8, "big")),))


def cursor_record(offset: int) -> Record:
    return live_record(CURSOR, Entry(offset, b""))


def read_entry(value: bytes) -> Entry:
    if len(value) < 9 or value[8] not in (_ENDED, _LIVE):
        raise JournalDamaged(f"a journal record starts with {value[:9].hex()}")
    offset = int.from_bytes(value[:8], "big")
    if value[8] == _LIVE:
        return Entry(offset, value[9:])
    return Entry(offset, None, int.from_bytes(value[9:], "big"))


def gone_offset(headers: Iterable[tuple[str, bytes]]) -> int:
    return next((int.from_bytes(v, "big") for k, v in headers if k == _OFFSET_HEADER), -1)


@dataclass(slots=True)
class Fold:
    """The entries that hold after reading a log, record by record."""

    held: dict[bytes, Entry] = field(default_factory=dict)
    gone: dict[bytes, int] = field(default_factory=dict)
    """Keys whose highest offset is a tombstone's."""
    hidden: set[bytes] = field(default_factory=set)
    """Keys whose last record is not the one that holds: compaction would keep the wrong one."""
    contradictions: int = 0
    """Two contents for one key at one offset; without mixed releases this cannot be."""

    def add(self, key: bytes, value: bytes | None, headers: Iterable[tuple[str, bytes]]) -> None:
        entry = None if value is None else read_entry(value)
        offset = gone_offset(headers) if entry is None else entry.offset
        known = self.held.get(key)
        if offset < (known.offset if known else self.gone.get(key, -1)) or (
            entry and entry.value is not None and self._is_void(key, entry)
        ):
            self.hidden.add(key)
            return
        self.hidden.discard(key)
        if known and entry and known.offset == offset and known != entry:
            self.contradictions += 1
        self.held.pop(key, None)
        self.gone.pop(key, None)
        if entry is None:
            self.gone[key] = offset
        else:
            self.held[key] = entry

    def _is_void(self, key: bytes, announced: Entry) -> bool:
        """Whoever announces behind the cursor is told so before it tells anybody."""
        return key.startswith(ANNOUNCED) and announced.offset < self.cursor

    @property
    def cursor(self) -> int:
        """The last input offset applied; -1 in an empty journal."""
        return self.held[CURSOR].offset if CURSOR in self.held else -1
