"""The one host loop: decide, have the outputs acknowledged, then store state and cursor.

A crash between any two of these runs the same records again over the state that was stored, which
gives the same outputs with the same bytes; a step that cannot promise that announces them first.
Nothing else is ever stored for outputs that were not acknowledged, and an exception ends the
process, since going on would acknowledge.
"""

import asyncio
import functools
from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Protocol

from schemas.topics import BATCH_BYTES_MAX, GROUP_BYTES_MAX, HOUR_MS, MIB
from streams.host.exits import Hooks, NotContiguous, TooLarge
from streams.host.group import Applied, Group, Place
from streams.host.inputs import AgentInput
from streams.host.journal import BatchTooLarge, Journal
from streams.host.outbox import Outbox
from streams.steps.effects import Effects, InputRecord, PackingStep, PartitionStep

QUEUE_BYTES_MAX = 4 * MIB
TOUCH_EVERY_S = HOUR_MS / 1000 / 4
"""A journal at rest is written to several times within its compaction lag."""
BUSY = 4
"""A group of so many records says that more are on their way."""
GATHER_S = 0.004
"""How long it is then waited for them: a group of 64 costs the same round trips as one of 4."""
PACE_MEMORY = 0.99
"""How much of the known pace one more record leaves; a group's worth of 64 changes half of it."""


@dataclass(frozen=True, slots=True)
class Limits:
    tape_partitions: int
    group_records_max: int = 64
    queue_records_max: int = 1000


class Gate(Protocol):
    """May hold a group's outputs back before the first is sent."""

    def is_open(self, places: Collection[Place]) -> bool: ...

    async def wait_open(self, places: Collection[Place]) -> None: ...


@dataclass(frozen=True, slots=True)
class Heard:
    """The last record received: the broker's time, and when that was by our own clock."""

    at_ms: int
    monotonic_s: float


class PartitionLoop:
    """One agent's work on one input partition, from its queue to its journal."""

    def __init__(
        self,
        source: AgentInput,
        partition: int,
        step: PartitionStep,
        journal: Journal,
        outbox: Outbox,
        limits: Limits,
        hooks: Hooks,
        gate: Gate | None = None,
    ) -> None:
        self.source = source
        self.partition = partition
        self.step = step
        self.journal = journal
        self.wanted = journal.cursor + 1
        """The offset that the queue takes next."""
        self.heard: Heard | None = None
        self.records = 0
        self.groups = 0
        self.pace_s = 0.0
        """What a record costs when there is work: a moving average of group time by records."""
        self.touch_every_s = TOUCH_EVERY_S
        self.room = asyncio.Event()
        self.on_progress: Callable[[], None] = lambda: None
        self._apply_queued = (
            functools.partial(self._pack_queued, step)
            if isinstance(step, PackingStep)
            else self._apply_one_by_one
        )
        self._outbox = outbox
        self._limits = limits
        self._hooks = hooks
        self._gate = gate
        self._queue: deque[InputRecord] = deque()
        self._queue_bytes = 0
        self._expected = self.wanted
        self._holes: dict[int, int] = {}
        self._changed = asyncio.Event()
        self._stop = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._busy = False

    def start(self) -> None:
        self.room.set()
        self._task = asyncio.create_task(self._run(), name=f"{self.source.name}/{self.partition}")

    async def stop(self, within_s: float) -> None:
        """Lets the group under way finish. One that takes longer is dropped, unstored."""
        self._stop.set()
        self._changed.set()
        self.room.set()
        if self._task is None:
            return
        _, late = await asyncio.wait([self._task], timeout=within_s)
        for task in late:
            task.cancel()

    @property
    def cursor(self) -> int:
        return self.journal.cursor

    @property
    def behind(self) -> bool:
        """True while there are queued records, or a group under way."""
        return self.wanted > self.cursor + 1

    @property
    def stopping(self) -> bool:
        return self._stop.is_set()

    @property
    def is_full(self) -> bool:
        return (
            len(self._queue) >= self._limits.queue_records_max
            or self._queue_bytes >= QUEUE_BYTES_MAX
        )

    def offer(self, record: InputRecord) -> None:
        """Queues the record that is wanted."""
        assert record.offset == self.wanted
        self.wanted += 1
        self.heard = Heard(record.at_ms, _now_s())
        self._queue.append(record)
        self._queue_bytes += _size(record)
        if self.is_full:
            self.room.clear()
        self._changed.set()

    def skip_hole(self, offset: int) -> None:
        """Goes on at `offset`: there are no records from the wanted one up to it."""
        self._holes[self.wanted] = offset
        self.wanted = offset

    async def _run(self) -> None:
        with self._hooks.ending(agent=self.source.name, partition=self.partition):
            while group := await self._next_group():
                await self._carry_out(group)

    async def _next_group(self) -> Group | None:
        while not self._queue:
            self._changed.clear()
            if self.stopping:
                return None
            try:
                async with asyncio.timeout(self.touch_every_s):
                    await self._changed.wait()
            except TimeoutError:
                await self._touch()
        if self._busy and len(self._queue) < self._limits.group_records_max:
            await asyncio.sleep(GATHER_S)
        return None if self.stopping else self._apply_queued()

    async def _touch(self) -> None:
        if self.cursor >= 0:
            await self.journal.touch()

    def _apply_one_by_one(self) -> Group:
        group = Group()
        while (
            self._queue
            and len(group) < self._limits.group_records_max
            and group.size < GROUP_BYTES_MAX
        ):
            record = self._take()
            group.add(Applied.of(record, self.step.apply(record), self.step.now_ms))
        return group

    def _pack_queued(self, step: PackingStep) -> Group:
        """The effects of all are the last one's: they are acknowledged and stored together."""
        records: list[InputRecord] = []
        size = 0
        while (
            self._queue and len(records) < self._limits.group_records_max and size < GROUP_BYTES_MAX
        ):
            records.append(self._take())
            size += _size(records[-1])
        effects = step.apply_all(records)
        group = Group()
        for record in records:
            mine = effects if record is records[-1] else Effects()
            group.add(Applied.of(record, mine, self.step.now_ms))
        return group

    def _take(self) -> InputRecord:
        record = self._queue.popleft()
        self._queue_bytes -= _size(record)
        if not self.room.is_set() and self._is_half_empty():
            self.room.set()
        expected = self._expected
        while expected in self._holes:  # where the log begins later, and at once has a hole
            expected = self._holes.pop(expected)
        if record.offset != expected:
            raise NotContiguous(f"offset {record.offset} where {expected} was to come")
        self._expected = expected + 1
        return record

    def _is_half_empty(self) -> bool:
        return (
            len(self._queue) <= self._limits.queue_records_max // 2
            and self._queue_bytes <= QUEUE_BYTES_MAX // 2
        )

    async def _carry_out(self, group: Group) -> None:
        if len(group) > 1 and group.announced() and group.changes_bytes > BATCH_BYTES_MAX // 2:
            for half in group.halves():  # a successor stores all that was announced at once
                if not self.stopping:
                    await self._carry_out(half)
            return
        self._reached("consumed")
        outputs = group.outputs(self._limits.tape_partitions)
        if not await self._let_through(outputs):
            return
        began_s = _now_s()
        if announced := group.announced():
            await self.journal.announce(announced)
            self._reached("announced")
        await self._outbox.send(outputs)
        self._reached("outputs_acked")
        await self._store(group)
        self._reached("journal_written")
        self._count(group, _now_s() - began_s)

    async def _let_through(self, places: Collection[Place]) -> bool:
        """False if the loop was told to stop while the gate was closed: the group is dropped."""
        if self._gate is None or self._gate.is_open(places):
            return True
        opened = asyncio.ensure_future(self._gate.wait_open(places))
        stopped = asyncio.ensure_future(self._stop.wait())
        try:
            await asyncio.wait([opened, stopped], return_when=asyncio.FIRST_COMPLETED)
            if opened.done():
                opened.result()
            return opened.done() and not self.stopping
        finally:
            opened.cancel()
            stopped.cancel()

    async def _store(self, group: Group) -> None:
        try:
            await self.journal.append(group.changes(), group.cursor, group.now_ms)
        except BatchTooLarge as large:
            if len(group) == 1:
                raise TooLarge(f"the changes of the record at {group.cursor}: {large}") from None
            for half in group.halves():
                await self._store(half)

    def _count(self, group: Group, took_s: float) -> None:
        self.records += len(group)
        self.groups += 1
        self._busy = len(group) >= BUSY
        kept = PACE_MEMORY ** len(group) if self.groups > 1 else 0.0
        self.pace_s = self.pace_s * kept + took_s / len(group) * (1 - kept)
        self.on_progress()

    def _reached(self, point: str) -> None:
        self._hooks.reached(f"{self.source.agent}.{point}")


def _now_s() -> float:
    """The event loop's own clock, which is the monotonic one wherever nobody pretends time."""
    return asyncio.get_running_loop().time()


def _size(record: InputRecord) -> int:
    return len(record.key or b"") + len(record.value or b"")
