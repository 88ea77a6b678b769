"""Senders that repeat a delivery until it is accepted, and a ledger of all that was."""

import asyncio
import json
import time
from collections import Counter
from pathlib import Path
from types import TracebackType

import aiohttp

from tests.soak.load import (
    EACH,
    SLOW_EVERY_S,
    SLOW_FOR_S,
    Alert,
    Illness,
    Pods,
    deployments,
    webhook,
)
from tests.soak.options import Options

PER_MINUTE = 10_000
STEADY, AT_ONCE = 4, 8
"""Senders of what always comes, and of a burst."""
BURST_EVERY_S = 15.0
AGAIN_S = 0.5
PATIENT_S = 30.0


class Senders:
    """Until as many are accepted as was asked for, and the time is over."""

    def __init__(self, url: str, options: Options, folder: Path, pods: Pods) -> None:
        self.accepted = 0
        self.answers: Counter[int] = Counter()
        """By status; 0 where there was none."""
        self.last_at_s = time.monotonic()
        """When something was accepted last."""
        self.silent_s = 0.0
        """The longest time in which nothing was."""
        self.ledger = folder / "ledger.jsonl"
        self._url, self._options = f"{url}/webhook/alertmanager", options
        self._deliveries = pods.deliveries()
        self._ends_s = time.monotonic() + options.minutes * 60

    async def __aenter__(self) -> "Senders":
        timeout = aiohttp.ClientTimeout(total=PATIENT_S)
        self._http = aiohttp.ClientSession(timeout=timeout)
        self._file = self.ledger.open("w")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._http.close()
        self._file.close()

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            for _ in range(STEADY):
                tasks.create_task(self._steadily())
            tasks.create_task(self._in_bursts())
            for number, name in enumerate(deployments()):
                tasks.create_task(self._illnesses(name, number))

    @property
    def done(self) -> bool:
        return self.accepted >= self._options.alerts and time.monotonic() >= self._ends_s

    async def _steadily(self) -> None:
        pause_s = EACH * STEADY / (PER_MINUTE / 60)
        next_s = time.monotonic()
        while not self.done:
            await self._until_accepted(next(self._deliveries))
            next_s = max(next_s + pause_s, time.monotonic())
            await asyncio.sleep(next_s - time.monotonic())

    async def _in_bursts(self) -> None:
        """Each of as many as are missing by the plan."""
        while not self.done:
            await asyncio.sleep(BURST_EVERY_S)
            missing = int(self._planned() - self.accepted)
            left = iter([next(self._deliveries) for _ in range(0, missing, EACH)])

            async def go_on(left=left) -> None:
                for delivery in left:
                    await self._until_accepted(delivery)

            await asyncio.gather(*(go_on() for _ in range(AT_ONCE)))

    def _planned(self) -> float:
        left_s = max(0.0, self._ends_s - time.monotonic())
        return self._options.alerts * (1 - left_s / (self._options.minutes * 60))

    async def _illnesses(self, name: str, number: int) -> None:
        await asyncio.sleep(number * SLOW_EVERY_S)
        while not self.done:
            illness = Illness.begins(name)
            await self._until_accepted([illness.firing()])
            await asyncio.sleep(SLOW_FOR_S)
            await self._until_accepted([illness.resolved()])
            await asyncio.sleep(len(deployments()) * SLOW_EVERY_S - SLOW_FOR_S)

    async def _until_accepted(self, alerts: list[Alert]) -> None:
        body = json.dumps(webhook(alerts)).encode()
        while not await self._posted(body):  # noqa: ASYNC110
            await asyncio.sleep(AGAIN_S)
        at_ms = time.time_ns() // 1_000_000
        for one in alerts:
            line = {"labels": one["labels"], "startsAt": one["startsAt"], "at_ms": at_ms}
            self._file.write(f"{json.dumps(line)}\n")
        now_s = time.monotonic()
        self.silent_s = max(self.silent_s, now_s - self.last_at_s)
        self.last_at_s = now_s
        self.accepted += len(alerts)

    async def _posted(self, body: bytes) -> bool:
        status, headers = 0, {"Content-Type": "application/json"}
        try:
            async with self._http.post(self._url, data=body, headers=headers) as answer:
                status = answer.status
                assert status in (200, 503), f"{status}: {await answer.text()}"
        except (aiohttp.ClientError, TimeoutError):
            pass
        self.answers[status] += 1
        return status == 200
