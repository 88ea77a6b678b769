"""A consumer can get stuck without an error. This looks whether what is there also arrives."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from aiokafka.errors import KafkaError

from streams.host.exits import Hooks, NoProgress
from streams.host.holes import pass_hole
from streams.host.loop import PartitionLoop
from streams.host.partitions import Partitions
from streams.host.reading import LogReader

LOOK_EVERY_S = 1.0
SEEK_AFTER_S = 5.0
NO_PROGRESS_MAX_S = 30.0
BROKER_ANSWERS_WITHIN_S = 5.0

log = structlog.get_logger()


@dataclass(slots=True)
class _Wait:
    """For which record a loop has been waiting, and since when."""

    wanted: int
    since_s: float


class Watch:
    def __init__(self, inputs: Sequence[Partitions], reader: LogReader, hooks: Hooks) -> None:
        self._inputs = inputs
        self._reader = reader
        self._hooks = hooks
        self._waits: dict[PartitionLoop, _Wait] = {}

    async def run(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            await self.look(time.monotonic())

    async def look(self, now_s: float) -> None:
        waits: dict[PartitionLoop, _Wait] = {}
        for partitions in self._inputs:
            for loop in partitions:
                if _misses_something(loop, partitions):
                    waits[loop] = self._wait_of(loop, now_s)
                    await self._help(loop, partitions, now_s - waits[loop].since_s)
        self._waits = waits

    def _wait_of(self, loop: PartitionLoop, now_s: float) -> _Wait:
        before = self._waits.get(loop)
        return before if before and before.wanted == loop.wanted else _Wait(loop.wanted, now_s)

    async def _help(self, loop: PartitionLoop, partitions: Partitions, waited_s: float) -> None:
        if waited_s < SEEK_AFTER_S:
            return
        end = partitions.progress(loop).end
        if await self._broker_is_away_or_passes(loop, partitions.topic, end):
            return
        where = f"{partitions.topic}/{loop.partition}"
        if waited_s >= NO_PROGRESS_MAX_S:
            self._hooks.end(NoProgress(f"{where}: {loop.wanted} is there and never arrives"))
        log.info("seeking again", place=where, offset=loop.wanted)
        await partitions.seek(loop)

    async def _broker_is_away_or_passes(self, loop: PartitionLoop, topic: str, end: int) -> bool:
        """As long as the broker does not answer nobody is stuck, nor where nothing is left."""
        try:
            async with asyncio.timeout(BROKER_ANSWERS_WITHIN_S):
                return await pass_hole(loop, topic, end, self._reader)
        except (KafkaError, OSError):
            return True


def _misses_something(loop: PartitionLoop, partitions: Partitions) -> bool:
    """A partition that is paused for its long queue misses nothing."""
    return loop.room.is_set() and partitions.progress(loop).end > loop.wanted
