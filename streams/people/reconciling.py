"""Asks an Alertmanager and our own journal what fires, and says where they differ; reads only."""

import time
from dataclasses import dataclass

import aiohttp

from streams.ingest.alertmanager.address import Address
from streams.ingest.alertmanager.client import ask
from streams.ingest.alertmanager.held import Holdings
from streams.ingest.alertmanager.reconcile import Asked, Difference, compare, read

TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class Reconciling:
    http: aiohttp.ClientSession
    address: Address
    receiver: str
    """A pattern, as Alertmanager reads it: those that send here. Empty: any."""
    holdings: Holdings
    asked: Asked

    async def once(self) -> Difference:
        """Raises NotAnswered or NotCaughtUp."""
        parameters = [("receiver", self.receiver)] if self.receiver else []
        asked_ms = _now_ms()
        answer = await ask(self.http, self.address, parameters, timeout_s=TIMEOUT_S)
        theirs, unreadable = read(answer, asked_ms)
        # Ours after theirs: what it has sent by now is not called missing.
        now_ms = _now_ms()
        ours = list(await self.holdings(now_ms))
        return compare(theirs, ours, self.asked, now_ms, unreadable)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
