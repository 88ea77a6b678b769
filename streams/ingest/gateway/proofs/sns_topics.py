"""Envelopes of Amazon SNS: whoever signed one may speak for the source that names its topic."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime

import aiohttp

from streams.ingest.gateway.proofs.caller import Caller
from streams.ingest.gateway.proofs.secrets import one_owner_each
from streams.ingest.gateway.sns import CONFIRMATION, SnsProof
from streams.ingest.gateway.sns_pages import Fetch, fetching
from streams.ingest.gateway.source import Source

FORMAT = "sns"


async def fetch(url: str) -> bytes:
    """Seldom called: certificates are remembered."""
    async with aiohttp.ClientSession(trust_env=True) as http:
        return await fetching(http)(url)


def now() -> datetime:
    return datetime.now(UTC)


class SnsTopics:
    def __init__(
        self,
        sources: Iterable[Source],
        fetch: Fetch = fetch,
        now: Callable[[], datetime] = now,
    ) -> None:
        """Raises BadConfiguration."""
        self._owners = one_owner_each(
            "topic", ((source, topic) for source in sources for topic in source.topics)
        )
        self._proof = SnsProof(frozenset(self._owners), fetch, now)

    def may_be_signed(self, caller: Caller) -> bool:
        return caller.format == FORMAT and bool(self._owners)

    async def owner(self, body: bytes) -> Source:
        """A subscription that asks for it is confirmed on the way. Raises Refused."""
        topic = await self._proof.prove(body)
        if CONFIRMATION.encode() in body:
            await self._proof.confirm(body)
        return self._owners[topic]
