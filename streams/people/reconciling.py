"""Asks an Alertmanager and our own journal what fires, and says where they differ; reads only."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import aiohttp

from streams.ingest.alertmanager.address import Address
from streams.ingest.alertmanager.client import ask, ask_receivers
from streams.ingest.alertmanager.held import Holdings
from streams.ingest.alertmanager.reconcile import Asked, Difference, compare, read
from streams.policy.matchers import regex

TIMEOUT_S = 30.0
NAMED_MAX = 10
"""Names that are told where one of them was meant."""


class Misnamed(Exception):
    """What was asked for is not there by that name, so that nothing would be found to differ."""


@dataclass(frozen=True, slots=True)
class Reconciling:
    http: aiohttp.ClientSession
    address: Address
    receiver: str
    """A pattern, as Alertmanager reads it: those that send here. Empty: any."""
    holdings: Holdings
    asked: Asked

    async def once(self) -> Difference:
        """Raises NotAnswered, NotCaughtUp or Misnamed."""
        asked_ms = _now_ms()
        return await self.compared(await self.listed(), asked_ms)

    async def listed(self) -> list[bytes]:
        """What it holds for that receiver. Raises NotAnswered or Misnamed."""
        parameters = [("receiver", self.receiver)] if self.receiver else []
        answer = await ask(self.http, self.address, parameters, timeout_s=TIMEOUT_S)
        if self.receiver and not answer:
            await self._check_receiver()
        return answer

    async def compared(self, answer: Sequence[bytes], asked_ms: int) -> Difference:
        """Raises NotCaughtUp."""
        theirs, unreadable = read(answer, asked_ms)
        # Ours after theirs: what it has sent by now is not called missing.
        now_ms = _now_ms()
        ours = list(await self.holdings(now_ms))
        return compare(theirs, ours, self.asked, now_ms, unreadable)

    async def _check_receiver(self) -> None:
        """Alertmanager lists nothing for a receiver that it does not have, and says nothing."""
        names = await ask_receivers(self.http, self.address, timeout_s=TIMEOUT_S)
        wanted = regex(self.receiver)
        if not any(wanted.search(name.encode()) for name in names):
            raise Misnamed(
                f"{self.address.url} has no receiver {self.receiver!r}; it has {some(names)}"
            )


def some(names: Iterable[str]) -> str:
    found = sorted(names)
    return ", ".join(found[:NAMED_MAX]) + ", …" * (len(found) > NAMED_MAX)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
