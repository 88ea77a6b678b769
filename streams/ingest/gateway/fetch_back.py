"""What a webhook leaves out, asked of its Alertmanager before the webhook is answered.

The address is the one in our file: what is sent chooses only the receiver and the group, and what
comes back is held to what its source may speak for. Where it does not come back, Alertmanager is
asked to repeat the webhook, as far as that may help: it would count each as a failure of ours.
"""

import asyncio
from collections import Counter as Count
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import prometheus_client
import structlog

from schemas.topics import BODY_BYTES_MAX
from streams.ingest.alertmanager import left_out
from streams.ingest.alertmanager.client import NotAnswered, ask, session
from streams.ingest.flight import Share
from streams.ingest.gateway.metrics import GatewayMetrics
from streams.ingest.gateway.source import Source
from streams.ingest.refusal import RETRY_LATER_S, Refused

FETCH_S = 4.0
"""To wait for one's turn, and as long to ask: Alertmanager waits ten seconds for us at least."""
AGAIN_MAX = 5
"""How often running a source is asked to repeat; then, until it answers, its webhooks are taken."""
_OTHERS_ASK = "other deliveries of its source are still being asked for"
FETCHED, ASKED_AGAIN, GAVE_UP = "fetched", "asked_again", "gave_up"

log = structlog.get_logger()


class _NotAsked(NotAnswered):
    """Its turn did not come: many webhooks at once are no failure of its Alertmanager."""


class FetchBack:
    def __init__(self, metrics: GatewayMetrics, timeout_s: float = FETCH_S) -> None:
        self._timeout_s = timeout_s
        self._name_of = metrics.name_of
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._failures: Count[str] = Count()
        """By source, since it last answered."""
        self._http: aiohttp.ClientSession | None = None
        self._fetches = prometheus_client.Counter(
            "mendlog_gateway_fetches_back",
            "Deliveries that left alerts out, by whether those could be had.",
            ["source", "outcome"],
            registry=metrics.registry,
        )
        self._alerts = prometheus_client.Counter(
            "mendlog_gateway_alerts_fetched_back",
            "Alerts that came back for such deliveries; those that were not left out among them.",
            ["source"],
            registry=metrics.registry,
        )

    async def fetch(self, source: Source, body: bytes, share: Share) -> bytes | None:
        """A webhook that leaves nothing of the group out; None where that is not to be had. Raises
        Refused where the sender may try again."""
        share.keep(BODY_BYTES_MAX)
        try:
            found = await self._ask(source, body)
            made = left_out.webhook(found)
        except NotAnswered as error:
            self._not_answered(source, error)
            return None
        except ValueError as error:
            self._not_answered(source, NotAnswered(str(error), may_pass=False))
            return None
        self._failures.pop(source.name, None)
        self._told(source, FETCHED)
        self._alerts.labels(self._name_of(source)).inc(len(found))
        return made

    async def close(self) -> None:
        if self._http:
            await self._http.close()

    async def _ask(self, source: Source, body: bytes) -> list[bytes]:
        assert source.alertmanager
        asked = left_out.question(body)
        self._http = self._http or session()
        async with self._turn_of(source):
            return await ask(
                self._http,
                source.alertmanager,
                asked,
                timeout_s=self._timeout_s,
                bytes_max=BODY_BYTES_MAX,
            )

    @asynccontextmanager
    async def _turn_of(self, source: Source) -> AsyncIterator[None]:
        turn = self._turns[source.name]
        try:
            async with asyncio.timeout(self._timeout_s):
                await turn.acquire()
        except TimeoutError:
            raise _NotAsked(_OTHERS_ASK, may_pass=True) from None
        try:
            yield
        finally:
            turn.release()

    def _not_answered(self, source: Source, error: NotAnswered) -> None:
        """Raises Refused where asking again may help."""
        if not isinstance(error, _NotAsked):
            self._failures[source.name] += 1
        again = error.may_pass and self._failures[source.name] <= AGAIN_MAX
        self._told(source, ASKED_AGAIN if again else GAVE_UP)
        log.warning(
            "alerts that a delivery left out are not known",
            source=self._name_of(source),
            why=str(error),
            asked_again=again,
        )
        if again:
            why = f"the alerts that it leaves out could not be fetched: {error}"
            raise Refused(503, why, RETRY_LATER_S)

    def _told(self, source: Source, outcome: str) -> None:
        self._fetches.labels(self._name_of(source), outcome).inc()
