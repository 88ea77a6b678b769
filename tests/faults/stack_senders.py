"""Senders before a whole stack: they send each alert until it is accepted, whatever happens to the
stack, and remember what was; and how long a stack takes to be itself again.

    async with Senders(stack) as senders:
        await senders.more(20)
        ...
        print(await recovered(stack, senders))
    await check(stack, senders, tmp_path)
"""

import asyncio
import json
import re
import time
from collections import Counter
from collections.abc import Collection
from pathlib import Path
from types import TracebackType

import aiohttp

from deploy.sandbox.stack import Stack
from streams.audit.auditor import Asked
from streams.audit.verdict import INVARIANTS, Verdict
from tests.audited import audited

SENDERS, EACH = 4, 5
PAUSE_S = 0.05
BETWEEN_S = 0.2
"""A stack on a busy machine is to be hurt by the fault, and not by what is sent."""
PATIENT_S = 30.0
WITHIN_S = 120.0
NEVER_ASKED = ("I9",)
JSON = {"Content-Type": "application/json"}
Labels = dict[str, str]


class Senders:
    """As many as usual, each with one delivery at a time."""

    def __init__(self, stack: Stack, about: Labels | None = None, padded: int = 0) -> None:
        """`padded`: with so many bytes of white space in each delivery."""
        self.ledger: list[Labels] = []
        self.answers: Counter[int] = Counter()
        """By status; 0 where there was none."""
        self.slowest_s = 0.0
        self._url = f"{stack.url('gateway')}/api/v2/alerts"
        self._about = about or {"alertname": "Steady", "namespace": "other", "cluster": "demo"}
        self._padding = b" " * padded
        self._numbers = iter(range(1_000_000))
        self._ended = False
        self._accepted = asyncio.Event()

    async def __aenter__(self) -> "Senders":
        self._http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=PATIENT_S))
        self._tasks = [asyncio.create_task(self._send()) for _ in range(SENDERS)]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """What was begun is sent until it is accepted."""
        self._ended = True
        try:
            if kind is None:
                async with asyncio.timeout(WITHIN_S):
                    await asyncio.gather(*self._tasks)
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await self._http.close()

    async def more(self, alerts: int) -> None:
        """Until so many more have been accepted."""
        wanted = len(self.ledger) + alerts
        async with asyncio.timeout(WITHIN_S):
            while len(self.ledger) < wanted:
                self._accepted.clear()
                await self._accepted.wait()

    async def refused(self) -> None:
        """Until somebody has been told to come again."""
        async with asyncio.timeout(WITHIN_S):
            while not self.answers[503]:  # noqa: ASYNC110
                await asyncio.sleep(PAUSE_S)

    async def _send(self) -> None:
        while not self._ended:
            labels = [{**self._about, "n": str(next(self._numbers))} for _ in range(EACH)]
            body = json.dumps([{"labels": one} for one in labels]).encode() + self._padding
            while not await self._posted(body):  # noqa: ASYNC110
                await asyncio.sleep(PAUSE_S)
            self.ledger += labels
            self._accepted.set()
            await asyncio.sleep(BETWEEN_S)

    async def _posted(self, body: bytes) -> bool:
        began_s, status = time.monotonic(), 0
        try:
            async with self._http.post(self._url, data=body, headers=JSON) as answer:
                status = answer.status
                assert status in (200, 503), await answer.text()
                assert status == 200 or int(answer.headers["Retry-After"]) > 0
        except (aiohttp.ClientError, TimeoutError):
            pass
        self.answers[status] += 1
        self.slowest_s = max(self.slowest_s, time.monotonic() - began_s)
        return status == 200


async def recovered(stack: Stack, senders: Senders, since_s: float | None = None) -> float:
    """Seconds until alerts are accepted, everybody is ready, and nothing waits to be decided."""
    began_s = time.monotonic() if since_s is None else since_s
    await senders.more(SENDERS * EACH)
    async with asyncio.timeout(WITHIN_S):
        for name in stack.names:
            await until_ready(stack, name)
        while await metric(stack, "processor", "mendlog_lag_records") > 0:  # noqa: ASYNC110
            await asyncio.sleep(PAUSE_S)
    return time.monotonic() - began_s


async def until_ready(stack: Stack, name: str) -> None:
    while await asked(stack, name, "/-/ready") is None:  # noqa: ASYNC110
        await asyncio.sleep(PAUSE_S)


async def metric(stack: Stack, name: str, metric: str) -> float:
    """The sum over all of its labels; without end while there is no answer."""
    text = await asked(stack, name, "/metrics")
    found = re.findall(rf"^{metric}(?:\{{[^}}]*\}})? (\S+)$", text or "", re.MULTILINE)
    return sum(map(float, found)) if found else float("inf")


async def asked(stack: Stack, name: str, path: str) -> str | None:
    """What it says with a 200; None for all else."""
    try:
        timeout = aiohttp.ClientTimeout(total=PATIENT_S)
        async with (
            aiohttp.ClientSession(timeout=timeout) as http,
            http.get(f"{stack.url(name)}{path}") as answer,
        ):
            return await answer.text() if answer.status == 200 else None
    except (aiohttp.ClientError, TimeoutError):
        return None


async def check(
    stack: Stack, senders: Senders, folder: Path, *, without: Collection[str] = ()
) -> dict[str, Verdict]:
    """The audit finds nothing, and has looked for all that was accepted."""
    ledger = folder / "ledger"
    ledger.write_text("".join(f"{json.dumps({'labels': one})}\n" for one in senders.ledger))
    prefix = stack.options.prefix
    about = [name for name in INVARIANTS if name not in (*NEVER_ASKED, *without)]
    found = await audited(stack.kafka.bootstrap, prefix, Asked(ledger), about=about)
    assert found["I1"].checked == len(senders.ledger) > 0
    return found
