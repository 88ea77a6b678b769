"""`GET /api/v2/alerts`: the alerts that fire, as an Alertmanager lists them.

A source that may ask does so about the clusters and namespaces that it may speak for, whichever
source an alert came by. What is not known in time is said to be so: a list that lacks an alert
would say that it has ended.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import prometheus_client
from aiohttp import web
from prometheus_client import Gauge

from streams.ingest.alertmanager.gettable import listed
from streams.ingest.alertmanager.held import HeldAlert, Holdings, NotCaughtUp
from streams.ingest.alertmanager.query import Query, query_of
from streams.ingest.formats.alertmanager import API_V2
from streams.ingest.gateway.door import Door
from streams.ingest.gateway.metrics import GatewayMetrics
from streams.ingest.gateway.source import CLUSTER, Source
from streams.ingest.refusal import RETRY_SOON_S, Refused

WAITING_MAX = 8
"""Questions at once: each holds on to what was held when it was asked."""
WAITING_OF_SOURCE_MAX = 4
"""So that one that asks and does not read keeps nobody else from asking."""
ANSWER_S = 30.0


class ListingMetrics:
    def __init__(self, gateway: GatewayMetrics, holdings: Holdings) -> None:
        caught_up = Gauge(
            "mendlog_gateway_held_caught_up",
            "Whether the last question for alerts was answered from all that is held.",
            registry=gateway.registry,
        )
        caught_up.set_function(lambda: holdings.is_caught_up)
        size = Gauge(
            "mendlog_gateway_held_bytes",
            "Memory that the alerts take which questions are answered from.",
            registry=gateway.registry,
        )
        size.set_function(lambda: holdings.bytes)
        self._unanswered = prometheus_client.Counter(
            "mendlog_gateway_lists_not_caught_up",
            "Questions for alerts that were answered 503.",
            ["source"],
            registry=gateway.registry,
        )
        self._name_of = gateway.name_of

    def unanswered(self, source: Source) -> None:
        self._unanswered.labels(self._name_of(source)).inc()


@dataclass(slots=True)
class Listing:
    door: Door
    holdings: Holdings
    metrics: ListingMetrics
    answer_s: float = ANSWER_S
    waiting: Counter[str] = field(default_factory=Counter)
    """By source."""

    async def take(self, request: web.Request) -> web.StreamResponse:
        async def tell(source: Source) -> web.StreamResponse:
            return await self._tell(request, source)

        return await self.door.let_ask(request, API_V2, tell)

    async def _tell(self, request: web.Request, source: Source) -> web.StreamResponse:
        try:
            query = query_of(list(request.query.items()))
        except ValueError as error:
            raise Refused(400, str(error)) from None
        if self.waiting[source.name] >= WAITING_OF_SOURCE_MAX:
            raise Refused(503, f"{source.name} asks for alerts too often at once", RETRY_SOON_S)
        if self.waiting.total() >= WAITING_MAX:
            raise Refused(503, "too many ask for alerts at once", RETRY_SOON_S)
        self.waiting[source.name] += 1
        try:
            held = await self.holdings(time.time_ns() // 1_000_000)
            return await _answered(request, listed(_seen(held, source, query)), self.answer_s)
        except NotCaughtUp as error:
            self.metrics.unanswered(source)
            raise Refused(503, str(error), error.retry_after_s) from None
        finally:
            self.waiting[source.name] -= 1


async def _answered(
    request: web.Request, pieces: Iterator[bytes], answer_s: float
) -> web.StreamResponse:
    """Each piece is made when the one before is gone, and in a thread: alerts come in meanwhile."""
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(request)
    try:
        async with asyncio.timeout(answer_s):
            while piece := await asyncio.to_thread(next, pieces, b""):
                await response.write(piece)
            await response.write_eof()
    except (TimeoutError, ConnectionError):
        # What is cut off must not pass for a shorter list.
        if request.transport:
            request.transport.abort()
    return response


def _seen(held: Iterable[HeldAlert], source: Source, query: Query) -> Iterator[HeldAlert]:
    return (alert for alert in held if _may_see(source, alert) and query.wants(alert))


def _may_see(source: Source, alert: HeldAlert) -> bool:
    """What it may say, it may hear."""
    if source.cluster and alert.cluster != source.cluster:
        return False
    return source.may_not_name({**alert.state.labels, CLUSTER: alert.cluster}) is None
