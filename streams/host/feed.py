"""From a Faust agent's event stream to the queues of its partitions' loops.

Faust may deliver a record twice, skip some after a rebalance, or go on from somewhere else. None of
that reaches a loop: below the wanted offset is skipped, above it the feed seeks back. The agent
never waits for one partition, which would hold up the others: a partition whose queue is full is
paused at the consumer until half of it is worked off.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from typing import Any

from streams.host.exits import Hooks
from streams.host.holes import pass_hole
from streams.host.inputs import AgentInput
from streams.host.loop import PartitionLoop
from streams.host.partitions import Partitions
from streams.host.reading import LogReader
from streams.steps.effects import InputRecord, without_nulls

SEEK_PAUSE_S = 0.2

Enrich = Callable[[InputRecord], InputRecord]
"""Adds to a record what its step needs and cannot read itself, as a header."""


@dataclass(slots=True)
class _Gap:
    wanted: int
    first: int
    """The record that came instead."""
    sought_s: float = -inf


class Feed:
    def __init__(
        self,
        partitions: Partitions,
        reader: LogReader,
        hooks: Hooks,
        enrich: Enrich | None = None,
    ) -> None:
        self._source = partitions.source
        self._topic = partitions.topic
        self._partitions = partitions
        self._reader = reader
        self._hooks = hooks
        self._enrich = enrich
        self._gaps: dict[int, _Gap] = {}
        self._resuming: set[asyncio.Task[None]] = set()

    async def run(self, stream: Any) -> None:
        """The whole of an agent. An exception here would be acknowledged by Faust: it ends us."""
        with self._hooks.ending(agent=self._source.name):
            async for event in stream.events():
                await self.take(event.message)

    async def take(self, message: Any) -> None:
        loop = self._partitions.get(message.partition)
        if loop is None or loop.stopping or not loop.room.is_set():
            return
        if message.offset == loop.wanted or await self._is_after_hole(loop, message.offset):
            self._queue(loop, message)

    def _queue(self, loop: PartitionLoop, message: Any) -> None:
        record = _input_record(self._source, message)
        loop.offer(self._enrich(record) if self._enrich else record)
        if loop.is_full:
            self._hold(loop)

    def _hold(self, loop: PartitionLoop) -> None:
        self._partitions.pause(loop)
        task = asyncio.create_task(self._resume_with_room(loop))
        self._resuming.add(task)
        task.add_done_callback(self._resuming.discard)

    async def _resume_with_room(self, loop: PartitionLoop) -> None:
        with self._hooks.ending(agent=self._source.name, partition=loop.partition):
            await loop.room.wait()
            await self._partitions.resume(loop)

    async def _is_after_hole(self, loop: PartitionLoop, offset: int) -> bool:
        """True if the record follows the queued ones with nothing in between after all.

        The same record again after a seek says so: the log may have a hole there, such as the
        marker of somebody's transaction.
        """
        if offset < loop.wanted:
            return False
        gap = self._gaps.get(loop.partition)
        if gap is None or gap.wanted != loop.wanted:
            gap = self._gaps[loop.partition] = _Gap(loop.wanted, offset)
        elif offset == gap.first and await pass_hole(loop, self._topic, offset, self._reader):
            return True
        now_s = asyncio.get_running_loop().time()
        if now_s - gap.sought_s >= SEEK_PAUSE_S:
            gap.sought_s = now_s
            await self._partitions.seek(loop)
        return False


def _input_record(source: AgentInput, message: Any) -> InputRecord:
    return InputRecord(
        topic=source.source,
        partition=message.partition,
        offset=message.offset,
        at_ms=round(message.timestamp * 1000),
        key=message.key,
        value=message.value,
        headers=without_nulls(message.headers or ()),
    )
