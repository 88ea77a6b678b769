"""Who is killed next, and how long each takes to be itself again."""

import asyncio
import random
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from contextlib import suppress

from deploy.sandbox.processes import ChildFailed
from tests.soak.parts import SECOND, Parts
from tests.soak.senders import Senders

PROCESSES = ("gateway", "processor", SECOND, "executor", "notifier")
BROKER_KILLED, BROKER_STOPPED = "broker, killed", "broker, stopped for 5 s"
STOPPED_S = 5.0
WITHIN_S = 600.0
POLL_S = 0.1


class Killer:
    """Each of them once in a round, in an order of chance. The broker dies and stops in turn."""

    def __init__(self, parts: Parts, senders: Senders, every_s: float, seed: int) -> None:
        self.recovered_s: dict[str, list[float]] = defaultdict(list)
        """From the kill, or from the end of the stop, until it is ready and alerts are accepted."""
        self._parts, self._senders, self._every_s = parts, senders, every_s
        self._chance = random.Random(f"killer {seed}")
        self._over = asyncio.Event()

    async def run(self) -> None:
        """Until it is over, and all have recovered."""
        async with asyncio.TaskGroup() as recoveries:
            for number in range(1_000_000):
                broker = (BROKER_KILLED, BROKER_STOPPED)[number % 2]
                for name in self._chance.sample((*PROCESSES, broker), len(PROCESSES) + 1):
                    if await self._is_over():
                        return
                    began_s = await self._hurt(name)
                    recoveries.create_task(self._recovers(name, began_s))

    def end(self) -> None:
        self._over.set()

    async def _is_over(self) -> bool:
        try:
            await asyncio.wait_for(self._over.wait(), self._every_s)
        except TimeoutError:
            return False
        return True

    async def _hurt(self, name: str) -> float:
        """When it began to be able to recover."""
        kafka = self._parts.stack.kafka
        if name == BROKER_STOPPED:
            kafka.pause()
            await asyncio.sleep(STOPPED_S)
            kafka.resume()
        began_s = time.monotonic()
        if name == BROKER_KILLED:
            await asyncio.to_thread(kafka.kill)
            await self._broker_started()
        elif name != BROKER_STOPPED:
            await self._parts.kill(name)
        return began_s

    async def _broker_started(self) -> None:
        """A busy machine may need longer than one start waits for; a supervisor would try again."""
        async with asyncio.timeout(WITHIN_S):
            while not self._parts.stack.kafka.alive:
                with suppress(ChildFailed):
                    await asyncio.to_thread(self._parts.stack.kafka.start)

    async def _recovers(self, name: str, began_s: float) -> None:
        accepted = self._senders.accepted
        about = (name,) if name in PROCESSES else PROCESSES
        async with asyncio.timeout(WITHIN_S):
            for one in about:
                await self._parts.until_ready(one)
            while self._senders.accepted == accepted and not self._senders.done:  # noqa: ASYNC110
                await asyncio.sleep(POLL_S)
        self.recovered_s[name].append(time.monotonic() - began_s)


async def ended_with(first: Awaitable[None], *others: Callable[[], Awaitable[None]]) -> None:
    """The others run for ever, and end when it does."""
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(_run(other)) for other in others]
        await first
        for task in running:
            task.cancel()


async def _run(other: Callable[[], Awaitable[None]]) -> None:
    await other()
