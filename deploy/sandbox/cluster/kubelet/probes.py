"""Probes: asking a process whether it is started, ready, alive."""

import asyncio
from collections.abc import Awaitable, Callable

import aiohttp

from deploy.sandbox.cluster.kubelet.environment import LOOPBACK
from deploy.sandbox.cluster.kubelet.pace import Pace
from deploy.sandbox.cluster.objects import Json

Check = Callable[[], Awaitable[None]]


class Unhealthy(Exception):
    """What the process answered, or that it did not."""


class Probe:
    """Turns single answers into a verdict, by the thresholds of its spec."""

    def __init__(self, spec: Json, check: Check, pace: Pace) -> None:
        self._spec = spec
        self._check = check
        self._pace = pace
        self.last_problem = ""

    async def until(self, verdict: bool) -> None:
        """Return when as many answers in a row as the spec asks for agree with `verdict`."""
        needed = self._spec["successThreshold" if verdict else "failureThreshold"]
        agreeing = 0
        while True:
            agreeing = agreeing + 1 if await self._passes() is verdict else 0
            if agreeing >= needed:
                return
            await asyncio.sleep(self._pace.scaled(self._spec["periodSeconds"]))

    async def first_verdict(self) -> bool:
        """Wait for enough answers in a row, whichever they are."""
        streak, last = 0, None
        while True:
            passes = await self._passes()
            streak, last = (streak + 1 if passes is last else 1), passes
            if streak >= self._spec["successThreshold" if passes else "failureThreshold"]:
                return passes
            await asyncio.sleep(self._pace.scaled(self._spec["periodSeconds"]))

    async def delay(self) -> None:
        await asyncio.sleep(self._pace.scaled(self._spec.get("initialDelaySeconds", 0)))

    async def pause(self) -> None:
        await asyncio.sleep(self._pace.scaled(self._spec["periodSeconds"]))

    async def _passes(self) -> bool:
        try:
            # Not wait_for: before Python 3.12 it can swallow a cancellation, and the probe of a
            # process that is gone would go on for ever.
            async with asyncio.timeout(self._spec["timeoutSeconds"]):
                await self._check()
        except TimeoutError:
            self.last_problem = "context deadline exceeded"
        except (Unhealthy, OSError, aiohttp.ClientError) as error:
            self.last_problem = str(error)
        else:
            return True
        return False


def check_of(spec: Json, port: int, session: aiohttp.ClientSession) -> Check:
    """How to ask once. `port` is where the process really listens."""
    if "httpGet" in spec:
        wanted = spec["httpGet"]
        headers = {one["name"]: one["value"] for one in wanted.get("httpHeaders", ())}
        return lambda: _http_get(session, f"http://{LOOPBACK}:{port}{wanted['path']}", headers)
    if "tcpSocket" in spec:
        return lambda: _connect(port)
    return _unsupported


async def _http_get(session: aiohttp.ClientSession, url: str, headers: dict[str, str]) -> None:
    # A connection of its own, so that nothing is concluded from one that is kept open.
    async with session.get(
        url, headers={**headers, "Connection": "close"}, allow_redirects=False
    ) as answer:
        if not 200 <= answer.status < 400:
            raise Unhealthy(f"HTTP probe failed with statuscode: {answer.status}")


async def _connect(port: int) -> None:
    _, writer = await asyncio.open_connection(LOOPBACK, port)
    writer.close()


async def _unsupported() -> None:
    raise Unhealthy("the sandbox knows httpGet and tcpSocket probes only")
