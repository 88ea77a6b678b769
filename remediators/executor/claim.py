"""One partition that is ours: its commands side by side, those of one target one after another, and
of one cluster not more at once than it has room for."""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any

import structlog

from remediators.core.progress import Progress
from remediators.executor.desk import Desk
from remediators.executor.rooms import Rooms
from remediators.executor.work import Work
from remediators.ports import Delivery
from schemas.remediation import Command, CommandKind, Target, Withdrawal

Spawn = Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]]
"""Starts a task whose failure ends the executor."""
Reject = Callable[[Delivery], Coroutine[Any, Any, None]]

Lane = deque[tuple[int, Command]]

log = structlog.get_logger()


class Claim:
    def __init__(
        self,
        desk: Desk,
        work: Work,
        rooms: Rooms,
        reject: Reject,
        spawn: Spawn,
        progressed: Callable[[], None],
    ) -> None:
        self.progress = Progress()
        self._desk = desk
        self._work = work
        self._rooms = rooms
        self._reject = reject
        self._spawn = spawn
        self._progressed = progressed
        self._lanes: dict[Target, Lane] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._opening = spawn(desk.open())
        self._closed = False

    @property
    def open(self) -> bool:
        """Whether the ledger has been read."""
        return self._opening.done()

    def take(self, delivery: Delivery) -> None:
        if self._closed or not self.progress.begin(delivery.offset):
            return
        if delivery.withdrawal is not None:
            self._hear(delivery.withdrawal)
            self._ended(delivery.offset)
            return
        if delivery.command is None:
            self._start(self._set_aside(delivery))
            return
        target = delivery.command.target
        lane = self._lanes.get(target)
        if lane is not None:
            lane.append((delivery.offset, delivery.command))
            return
        self._lanes[target] = deque([(delivery.offset, delivery.command)])
        self._start(self._run(target))

    async def close(self, grace_s: float) -> None:
        """Begin nothing more, and let go of what does not end in time: whoever comes next finds its
        INTENT and resolves it."""
        self._closed = True
        running = {*self._tasks, self._opening}
        await asyncio.wait(running, timeout=grace_s)
        for task in running:
            task.cancel()

    def _hear(self, withdrawal: Withdrawal) -> None:
        self._desk.withdrawn.note(withdrawal, self._desk.now_ms())
        log.info("command_withdrawn", command=withdrawal.command_id)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._spawn(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, target: Target) -> None:
        await self._opened()
        lane = self._lanes[target]
        while lane and not self._closed:
            async with self._rooms.of(target.cluster, lambda: _urgent(lane)):
                if self._closed:
                    break
                offset, command = next_of(lane)
                await self._work.do(command)
            self._ended(offset)
        del self._lanes[target]

    async def _set_aside(self, delivery: Delivery) -> None:
        await self._reject(delivery)
        self._ended(delivery.offset)

    async def _opened(self) -> None:
        await asyncio.shield(self._opening)

    def _ended(self, offset: int) -> None:
        self.progress.end(offset)
        self._progressed()


def _urgent(lane: Lane) -> bool:
    return any(command.kind is CommandKind.ROLLBACK for _, command in lane)


def next_of(lane: Lane) -> tuple[int, Command]:
    """Undoing goes before everything else that waits for this target."""
    for place in lane:
        if place[1].kind is CommandKind.ROLLBACK:
            lane.remove(place)
            return place
    return lane.popleft()
