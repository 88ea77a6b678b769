"""One partition's journal: the entries that an agent has made of its input, and how far it came.

All changes of a group of records and the cursor are appended as one record batch, so that a crash
leaves either all of it or nothing; only what is announced is appended before that, at the cursor as
it stands. There is no lock against a second writer, such as a worker that was paused, lost its
partition and wakes up. Instead each acknowledgement names the place of our batch: if that is not
where our last one ended, somebody else has written in between. Behind us, it is old truth and we
put our own on top; ahead of us, we are the stale one and end.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from typing import Protocol

import structlog

from schemas.topics import BATCH_BYTES_MAX, DAY_MS
from streams.host.entries import (
    CURSOR,
    Entry,
    Fold,
    cursor_record,
    gone_record,
    live_record,
    read_entry,
)
from streams.host.exits import Contended, JournalDamaged, JournalRewound, Stale
from streams.host.reading import Bounds, LogReader
from streams.host.writer import Appended, Record, batch_bytes, batches, wire_bytes
from streams.steps.effects import ANNOUNCED

ENDED_KEPT_MS = DAY_MS
"""An ended entry stays readable for longer than any paused worker lives."""
MENDS_MAX = 5

log = structlog.get_logger()


class BatchTooLarge(Exception):
    """The changes do not fit into one batch; nothing has been written."""


class Appends(Protocol):
    async def append(self, topic: str, partition: int, records: list[Record]) -> Appended: ...


class Journal:
    def __init__(
        self, topic: str, partition: int, fold: Fold, end: int, writer: Appends, reader: LogReader
    ) -> None:
        self.topic = topic
        self.partition = partition
        self.cursor = fold.cursor
        self.repairs = 0
        self._entries = {k: e for k, e in fold.held.items() if k != CURSOR}
        self._ended = deque(
            sorted((e.ended_at_ms, k) for k, e in self._entries.items() if e.value is None)
        )
        self._end = end
        self._writer = writer
        self._reader = reader

    @property
    def live(self) -> dict[bytes, bytes]:
        """What a step starts from."""
        return {k: e.value for k, e in self._entries.items() if e.value is not None}

    async def announce(self, announced: Mapping[bytes, bytes]) -> None:
        """Stores what a successor could not find out again, before anybody else is told of it."""
        if self.cursor < 0:
            return  # whoever begins anew has all of it before him again
        self._entries |= {key: Entry(self.cursor, value) for key, value in announced.items()}
        foreign = await self._rewrite(announced)
        if foreign is not None:
            await self.put_right(await self._foreign_keys(foreign, self.cursor))

    async def append(self, changes: Mapping[bytes, Entry], cursor: int, now_ms: int) -> None:
        """Stores the changes that the input records up to `cursor` made; `now_ms` is their time."""
        assert cursor > self.cursor
        assert CURSOR not in changes, "the cursor's key is ours"
        records = [*(live_record(k, e) for k, e in changes.items()), cursor_record(cursor)]
        room = BATCH_BYTES_MAX - batch_bytes(records)
        if room < 0:
            raise BatchTooLarge(f"{batch_bytes(records)} bytes")
        gone = self._outlived(changes, now_ms, room)
        foreign = await self._write([*records, *(gone_record(k, cursor) for k in gone)])
        before = self.cursor
        self._hold(changes, gone, cursor)
        if foreign is not None:
            await self.put_right(await self._foreign_keys(foreign, before))

    async def touch(self) -> None:
        """Writes the cursor again. A journal that rests would notice a foreign write too late,
        after compaction has kept that and thrown ours away."""
        foreign = await self._rewrite(())
        if foreign is not None:
            await self.put_right(await self._foreign_keys(foreign, self.cursor))

    async def put_right(self, keys: set[bytes]) -> None:
        """Puts what we hold of these keys on top, until nobody has written in between."""
        for _ in range(MENDS_MAX):
            self.repairs += 1
            log.warning(
                "journal repaired: somebody else had written old truth",
                topic=self.topic,
                partition=self.partition,
                cursor=self.cursor,
                keys=len(keys),
            )
            foreign = await self._rewrite(keys)
            if foreign is None:
                return
            keys = await self._foreign_keys(foreign, self.cursor)
        raise Contended(f"{self.topic}/{self.partition}: still foreign writes after {MENDS_MAX}")

    async def _rewrite(self, keys: Iterable[bytes]) -> Bounds | None:
        """Every batch has the cursor in it: by that, others tell whose truth they read."""
        cursor = cursor_record(self.cursor)
        records = [self._as_held(key) for key in sorted(keys) if key != CURSOR]
        foreign = None
        for batch in batches(records, BATCH_BYTES_MAX - wire_bytes(cursor)) or [[]]:
            found = await self._write([*batch, cursor])
            foreign = Bounds((foreign or found).start, found.end) if found else foreign
        return foreign

    async def _write(self, records: list[Record]) -> Bounds | None:
        """Appends one batch; returns what others wrote between our last one and this one."""
        at = (await self._writer.append(self.topic, self.partition, records)).offset
        before, self._end = self._end, at + len(records)
        if at < before:
            raise JournalRewound(
                f"{self.topic}/{self.partition}: the log ended at {before}, and now before {at}"
            )
        return Bounds(before, at) if at > before else None

    async def _foreign_keys(self, foreign: Bounds, before: int) -> set[bytes]:
        """`before`: where we were when we last wrote, as others may have read."""
        records = await self._reader.read(self.topic, self.partition, foreign)
        cursors = [read_entry(r.value).offset for r in records if r.key == CURSOR]
        if not cursors:
            raise JournalDamaged(f"{self.topic}/{self.partition}: no batch of ours in {foreign}")
        if max(cursors) > self.cursor:
            raise Stale(
                f"{self.topic}/{self.partition}: another worker is at {max(cursors)}, "
                f"we are at {self.cursor}"
            )
        live = {r.key for r in records if r.value and read_entry(r.value).value is not None}
        announced = {key for key in live - self._entries.keys() if key.startswith(ANNOUNCED)}
        if announced and max(cursors) >= before:  # told by now, or still to be told: not by us
            raise Stale(
                f"{self.topic}/{self.partition}: another worker was at {before} too, and has "
                "announced there what we do not know"
            )
        return {r.key for r in records}

    def _as_held(self, key: bytes) -> Record:
        """As of our cursor, where it holds too: a late batch may name a record beyond the one that
        made it, where that one was taken over from what was announced."""
        entry = self._entries.get(key)
        if entry is None:
            return gone_record(key, self.cursor)
        self._entries[key] = held = entry._replace(offset=max(entry.offset, self.cursor))
        return live_record(key, held)

    def _hold(self, changes: Mapping[bytes, Entry], gone: Iterable[bytes], cursor: int) -> None:
        for key in gone:
            del self._entries[key]
        self._entries.update(changes)
        for key, entry in changes.items():
            if entry.value is None:
                self._ended.append((entry.ended_at_ms, key))
        self.cursor = cursor

    def _outlived(self, changes: Mapping[bytes, Entry], now_ms: int, room: int) -> list[bytes]:
        """Ended entries whose time is over. Those that are needed again are not among them."""
        gone: list[bytes] = []
        while self._ended and self._ended[0][0] + ENDED_KEPT_MS <= now_ms:
            ended_at_ms, key = self._ended[0]
            room -= wire_bytes(gone_record(key, 0))
            if room < 0:
                break
            self._ended.popleft()
            entry = self._entries.get(key)
            if entry and entry[1:] == (None, ended_at_ms) and key not in changes:
                gone.append(key)
        return gone


async def open_journals(
    topic: str, partitions: Iterable[int], writer: Appends, reader: LogReader
) -> dict[int, Journal]:
    """Reads the journals of these partitions to their end and puts right what a late write hid."""
    folds = {p: Fold() for p in partitions}
    ends: dict[int, int] = {}
    async for partition, records in reader.read_all(topic, folds, ends):
        add = folds[partition].add
        for record in records:
            add(record.key, record.value, record.headers)
    journals = {}
    for p, fold in folds.items():
        journals[p] = Journal(topic, p, fold, ends[p], writer, reader)
        if any(entry.offset > fold.cursor for entry in fold.held.values()):
            raise JournalDamaged(f"{topic}/{p}: entries from beyond the cursor at {fold.cursor}")
        if fold.contradictions:
            log.error("two contents for one key and offset", topic=topic, partition=p)
        if fold.hidden:
            await journals[p].put_right(fold.hidden)
    return journals
