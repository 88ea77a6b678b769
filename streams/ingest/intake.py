"""The two doors for alerts: who is it, read it, parse it, have Kafka acknowledge it, say so."""

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web

from schemas.topics import KIB
from streams.ingest.auth import Doorkeeper
from streams.ingest.body import read_body
from streams.ingest.delivery import Delivery, correlation_id
from streams.ingest.flight import Flight, Share
from streams.ingest.gateway_metrics import GatewayMetrics
from streams.ingest.parsed import Parsed
from streams.ingest.produce import NotAcknowledged, Writer
from streams.ingest.refusal import RETRY_LATER_S, Refused
from streams.ingest.sources import FORMATS, Source

PARSE_AT_ONCE_BYTES_MAX = 256 * KIB
"""A larger body is parsed in a thread, so that probes are answered meanwhile."""
CORRELATION = "X-Correlation-Id"
Reached = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Intake:
    doorkeeper: Doorkeeper
    writer: Writer
    flight: Flight
    metrics: GatewayMetrics
    topic_prefix: str
    body_timeout_s: float
    reached: Reached

    async def take(self, request: web.Request, format: str) -> web.Response:
        source: Source | None = None
        try:
            source = self._admit(request, format)
            with Share(self.flight) as share:
                body = await read_body(request, share, self.body_timeout_s)
                self.reached("gateway.body_read")
                delivery = await self._parse(request, source, format, body)
                share.give_kept()
                await self._write(delivery)
            response = _answer(delivery.status, delivery.complaint)
            response.headers[CORRELATION] = delivery.correlation_id
        except Refused as refused:
            response = _refusal(refused)
        except NotAcknowledged as silence:
            response = _refusal(Refused(503, str(silence), RETRY_LATER_S))
        self.metrics.answered(source, response.status)
        return response

    def _admit(self, request: web.Request, format: str) -> Source:
        name = request.query.get("source") or request.headers.get("X-Mendlog-Source")
        source = self.doorkeeper.admit(request.headers.get("Authorization"), name)
        if source.format not in (None, format):
            raise Refused(403, f"the source {source.name!r} is registered to send {source.format}")
        return source

    async def _parse(
        self, request: web.Request, source: Source, format: str, body: bytes
    ) -> Delivery:
        received_ms = time.time_ns() // 1_000_000
        parse = FORMATS[format].parse
        parsed: Parsed
        if len(body) <= PARSE_AT_ONCE_BYTES_MAX:
            parsed = parse(body, source.name, received_ms)
        else:
            parsed = await asyncio.to_thread(parse, body, source.name, received_ms)
        known_as = correlation_id(request.headers.get(CORRELATION), source, body)
        return Delivery(source, format, body, parsed, received_ms, known_as)

    async def _write(self, delivery: Delivery) -> None:
        if delivery.is_truncated:
            self.metrics.truncated(delivery.source)
        if records := delivery.records(self.topic_prefix):
            with self.metrics.produce_seconds.time():
                await self.writer.write(records)
            self.reached("gateway.produced")
            self.metrics.accepted(delivery.source, len(delivery.parsed.sightings))
        for fault in delivery.faults:
            self.metrics.rejected(delivery.source, fault.reason)


def _answer(status: int, text: str) -> web.Response:
    """A sentence is sent as a JSON string, as Alertmanager sends its own."""
    if not text:
        return web.Response(status=status)
    return web.Response(status=status, text=json.dumps(text), content_type="application/json")


def _refusal(refused: Refused) -> web.Response:
    response = _answer(refused.status, refused.why)
    if refused.status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    if refused.retry_after_s is not None:
        response.headers["Retry-After"] = str(refused.retry_after_s)
    if refused.status in (401, 408, 413, 415):
        response.force_close()  # What is left of the body is not worth reading.
    return response
