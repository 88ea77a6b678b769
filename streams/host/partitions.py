"""The partitions of one input that this worker owns, from assignment to revocation."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import structlog

from schemas.signing import SigningKey
from streams.host.exits import Hooks
from streams.host.holes import start_inside
from streams.host.inputs import AgentInput
from streams.host.journal import Journal, open_journals
from streams.host.loop import Gate, Limits, PartitionLoop
from streams.host.outbox import Outbox
from streams.host.progress import Progress
from streams.host.reading import Bounds, LogReader
from streams.host.writer import Writer
from streams.steps.effects import OpenStep

STOP_WITHIN_S = 5.0

log = structlog.get_logger()

Listener = Callable[[PartitionLoop], None]
Farewell = Callable[["Partitions", Sequence[PartitionLoop]], Awaitable[None]]


class Flow(Protocol):
    """What we need of the consumer that reads the input."""

    async def seek(self, topic: str, partition: int, offset: int) -> None: ...
    def pause(self, topic: str, partition: int) -> None: ...
    def resume(self, topic: str, partition: int) -> None: ...
    def end(self, topic: str, partition: int) -> int | None:
        """Where the partition ends, as far as the consumer has heard."""


@dataclass(frozen=True, slots=True)
class Means:
    """What the loops of a worker share."""

    topic_prefix: str
    limits: Limits
    writer: Writer
    reader: LogReader
    hooks: Hooks
    command_key: SigningKey | None = None
    """By which executors know our commands."""


class Partitions:
    """`flow` comes from the app that reads the input, `gate` from who may hold outputs back."""

    def __init__(self, source: AgentInput, open_step: OpenStep, means: Means) -> None:
        self.source = source
        self.topic = source.source.name(means.topic_prefix)
        self.flow: Flow | None = None
        self.gate: Gate | None = None
        self.on_open: list[Listener] = []
        self.on_close: list[Listener] = []
        self.on_stopped: list[Farewell] = []
        self._open_step = open_step
        self._means = means
        self._loops: dict[int, PartitionLoop] = {}
        self._opening: dict[int, asyncio.Task[None]] = {}
        self._closed = False

    def get(self, partition: int) -> PartitionLoop | None:
        return self._loops.get(partition)

    def __iter__(self) -> Iterator[PartitionLoop]:
        return iter(list(self._loops.values()))

    @property
    def opening(self) -> int:
        """How many assigned partitions are not open yet."""
        return len(self._opening)

    def progress(self, loop: PartitionLoop) -> Progress:
        end = self._consumer.end(self.topic, loop.partition)
        return Progress(loop.cursor + 1, max(end or 0, loop.wanted), loop.pace_s)

    async def seek(self, loop: PartitionLoop) -> None:
        """Has the consumer go on where the loop does."""
        if self._is_ours(loop):
            await self._consumer.seek(self.topic, loop.partition, loop.wanted)

    def pause(self, loop: PartitionLoop) -> None:
        self._consumer.pause(self.topic, loop.partition)

    async def resume(self, loop: PartitionLoop) -> None:
        """Fetches again what the consumer had fetched and dropped while the partition paused."""
        if self._is_ours(loop):
            await self.seek(loop)
            self._consumer.resume(self.topic, loop.partition)

    def assign(self, partitions: Iterable[int]) -> None:
        """Opens the partitions in the background, so that a rebalance does not wait for them."""
        new = sorted(set(partitions) - self._loops.keys() - self._opening.keys())
        if new and not self._closed:
            task = asyncio.create_task(self._open(new), name=f"open {self.source.name}")
            self._opening.update(dict.fromkeys(new, task))

    async def revoke(self, partitions: Iterable[int]) -> None:
        """Forgets the partitions; a group under way is finished first, if it does not take long."""
        revoked = set(partitions)
        self._stop_opening(revoked)
        loops = [self._loops.pop(p) for p in sorted(revoked & self._loops.keys())]
        for loop in loops:
            for listener in self.on_close:
                listener(loop)
        await asyncio.gather(*(loop.stop(STOP_WITHIN_S) for loop in loops))
        for farewell in self.on_stopped:
            await farewell(self, loops)

    async def close(self) -> None:
        self._closed = True
        await self.revoke({*self._loops, *self._opening})

    @property
    def _consumer(self) -> Flow:
        assert self.flow is not None, "an app must have taken this input"
        return self.flow

    def _is_ours(self, loop: PartitionLoop) -> bool:
        return self._loops.get(loop.partition) is loop and not loop.stopping

    def _stop_opening(self, revoked: set[int]) -> None:
        stopped = {self._opening[p] for p in revoked & self._opening.keys()}
        for task in stopped:
            task.cancel()
        self._opening = {p: task for p, task in self._opening.items() if task not in stopped}

    async def _open(self, partitions: list[int]) -> None:
        means = self._means
        with means.hooks.ending(agent=self.source.name):
            log.info("opening", input=self.source.name, partitions=partitions)
            began_s = time.monotonic()
            journal = self.source.journal.name(means.topic_prefix)
            journals = await open_journals(journal, partitions, means.writer, means.reader)
            means.hooks.reached(f"{self.source.agent}.journal_read")
            bounds = await means.reader.bounds(self.topic, partitions)
            loops = [self._make(journals[p], bounds[p]) for p in partitions if self._opens(p)]
            for loop in loops:  # where one may not go on, none does
                if self._opens(loop.partition):
                    await self.seek(self._start(loop))
            took_s = round(time.monotonic() - began_s, 3)
            opened = [loop.partition for loop in loops]
            log.info("open", input=self.source.name, partitions=opened, took_s=took_s)

    def _opens(self, partition: int) -> bool:
        """False once the partition was revoked. That has cancelled this task, but aiokafka swallows
        a cancellation that reaches it while a consumer stops."""
        return self._opening.get(partition) is asyncio.current_task()

    def _make(self, journal: Journal, bounds: Bounds) -> PartitionLoop:
        p = journal.partition
        loop = PartitionLoop(
            self.source,
            p,
            self._open_step(p, journal.live),
            journal,
            Outbox(self._means.writer, self._means.topic_prefix, self._means.command_key),
            self._means.limits,
            self._means.hooks,
            self.gate,
        )
        start_inside(loop, self.topic, bounds)
        return loop

    def _start(self, loop: PartitionLoop) -> PartitionLoop:
        self._opening.pop(loop.partition, None)
        self._loops[loop.partition] = loop
        loop.start()
        for listener in self.on_open:
            listener(loop)
        return loop
