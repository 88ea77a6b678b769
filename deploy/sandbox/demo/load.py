"""A small, steady load on checkout: what its customers see while it is broken and mended."""

import asyncio
import contextlib
from dataclasses import dataclass

import aiohttp

PAUSE_S = 0.025
DISCOVER_S = 0.2
TIMEOUT_S = 2.0


@dataclass(slots=True)
class Tally:
    requests: int = 0
    failed: int = 0


class Load:
    """Sends orders to the ready pods in turn, as a Service would."""

    def __init__(self, ready_url: str) -> None:
        self._ready_url = ready_url
        self._pods: list[str] = []
        self._tasks: list[asyncio.Task[None]] = []
        self.found_pods = asyncio.Event()
        self._answered = asyncio.Event()
        self.tally = Tally()

    async def __aenter__(self) -> "Load":
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT_S))
        self._tasks = [asyncio.create_task(self._discover()), asyncio.create_task(self._send())]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        await self._session.close()

    @property
    def pods(self) -> list[str]:
        return list(self._pods)

    async def served(self, requests: int) -> None:
        """Until so many requests more have been answered well."""
        wanted = self.tally.requests - self.tally.failed + requests
        while self.tally.requests - self.tally.failed < wanted:
            await self._answered.wait()
            self._answered.clear()

    async def _discover(self) -> None:
        while True:
            with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                async with self._session.get(self._ready_url) as answer:
                    self._pods = await answer.json()
            if self._pods:
                self.found_pods.set()
            await asyncio.sleep(DISCOVER_S)

    async def _send(self) -> None:
        turn = 0
        while True:
            await asyncio.sleep(PAUSE_S)
            if self._pods:
                turn += 1
                await self._order(self._pods[turn % len(self._pods)])

    async def _order(self, pod: str) -> None:
        self.tally.requests += 1
        try:
            async with self._session.get(f"http://{pod}/checkout") as answer:
                self.tally.failed += answer.status != 200
        except (aiohttp.ClientError, TimeoutError):
            self.tally.failed += 1
        self._answered.set()
