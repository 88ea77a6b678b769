"""What the processor's host promises, each without its guard."""

from collections.abc import Iterable, Mapping
from typing import Any

from streams.host import entries
from streams.host.entries import Entry, Fold, cursor_record, gone_offset, live_record
from streams.host.feed import Feed
from streams.host.group import Group
from streams.host.journal import Journal
from streams.host.loop import PartitionLoop
from streams.host.ticker import Ticker
from tests.simulation.patches import Patch


async def _stores_first(self: PartitionLoop, group: Group) -> None:
    outputs = group.outputs(self._limits.tape_partitions)
    await self._store(group)
    await self._outbox.send(outputs)
    self._count(group, 0.0)


async def _in_two_batches(
    self: Journal, changes: Mapping[bytes, Entry], cursor: int, now_ms: int
) -> None:
    for records in ([live_record(k, e) for k, e in changes.items()], [cursor_record(cursor)]):
        if records:
            at = (await self._writer.append(self.topic, self.partition, records)).offset
            self._end = at + len(records)
    self._hold(changes, (), cursor)


def _last_wins(
    self: Fold, key: bytes, value: bytes | None, headers: Iterable[tuple[str, bytes]]
) -> None:
    self.held.pop(key, None)
    self.gone.pop(key, None)
    if value is None:
        self.gone[key] = gone_offset(headers)
    else:
        self.held[key] = entries.read_entry(value)


async def _minds_nobody(self: Journal, records: list[Any]) -> None:
    at = (await self._writer.append(self.topic, self.partition, records)).offset
    self._end = at + len(records)


async def _rests(self: Journal) -> None:
    pass


async def _leaves_it_hidden(self: Journal, keys: set[bytes]) -> None:
    pass


async def _goes_on_anywhere(self: Feed, loop: PartitionLoop, offset: int) -> bool:
    if offset > loop.wanted:
        loop.skip_hole(offset)
    return offset >= loop.wanted


def _never_ticks(self: Ticker, watch: object) -> None:
    pass


GUARDS: Mapping[str, tuple[Patch, ...]] = {
    "outputs are acknowledged before anything is stored": (
        Patch(PartitionLoop, "_carry_out", _stores_first),
    ),
    "state and cursor are one batch": (Patch(Journal, "append", _in_two_batches),),
    "the highest offset wins in a journal": (Patch(Fold, "add", _last_wins),),
    "a foreign write is noticed": (Patch(Journal, "_write", _minds_nobody),),
    "a journal at rest is touched": (Patch(Journal, "touch", _rests),),
    "what a late write hid is put right": (Patch(Journal, "put_right", _leaves_it_hidden),),
    "the feed seeks back over a gap": (Patch(Feed, "_is_after_hole", _goes_on_anywhere),),
    "time comes to a tape on which nothing happens": (Patch(Ticker, "_schedule", _never_ticks),),
}
