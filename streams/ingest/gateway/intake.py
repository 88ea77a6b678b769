"""The doors for alerts: read it, check it, have Kafka acknowledge it, say so."""

import asyncio
import time
from dataclasses import dataclass
from functools import partial

from aiohttp import web

from schemas.topics import KIB
from streams.ingest.flight import Share
from streams.ingest.formats.alertmanager import webhook
from streams.ingest.formats.format import Format
from streams.ingest.gateway.delivery import Delivery, correlation_id
from streams.ingest.gateway.door import Door, answer
from streams.ingest.gateway.fetch_back import FetchBack
from streams.ingest.gateway.prepared import prepared
from streams.ingest.gateway.scope import check_within
from streams.ingest.gateway.source import Source
from streams.ingest.produce import Writer
from streams.ingest.refusal import Refused

CHECK_AT_ONCE_BYTES_MAX = 256 * KIB
"""A larger body is checked in a thread, so that probes are answered meanwhile."""
CORRELATION = "X-Correlation-Id"


@dataclass(frozen=True, slots=True)
class Intake:
    door: Door
    writer: Writer
    topic_prefix: str
    fetch_back: FetchBack

    async def take(self, request: web.Request, format: Format) -> web.Response:
        take = partial(self._take, request, format)
        return await self.door.let_in(request, format.name, format.media_types, take)

    async def _take(
        self, request: web.Request, format: Format, source: Source, body: bytes, share: Share
    ) -> web.Response:
        if format.sent_with and format.sent_with not in request.headers:
            raise Refused(400, f"the header {format.sent_with} is missing")
        delivery = await self._check(request, source, format, body)
        share.give_kept()
        await self._write(delivery)
        if delivery.is_truncated and source.alertmanager and format is webhook:
            await self._complete(delivery, share)
        response = answer(delivery.status, delivery.complaint)
        response.headers[CORRELATION] = delivery.correlation_id
        return response

    async def _check(
        self, request: web.Request, source: Source, format: Format, body: bytes
    ) -> Delivery:
        body = _prepared(request, source, format, body)
        known_as = correlation_id(request.headers.get(CORRELATION), source, body)
        return await _checked(source, format, body, known_as)

    async def _complete(self, delivery: Delivery, share: Share) -> None:
        """What it left out is a delivery of its own, and what of it could not be had is told to
        the sender."""
        source = delivery.source
        whole = await self.fetch_back.fetch(source, delivery.body, share)
        if whole is not None:
            await self._write(await _checked(source, webhook, whole, delivery.correlation_id))
        share.give_kept()

    async def _write(self, delivery: Delivery) -> None:
        metrics = self.door.metrics
        if delivery.is_truncated:
            metrics.truncated(delivery.source)
        if records := delivery.records(self.topic_prefix):
            with metrics.produce_seconds.time():
                await self.writer.write(records)
            self.door.reached("gateway.produced")
            metrics.accepted(delivery.source, delivery.checked.count)
        for fault in delivery.faults:
            metrics.rejected(delivery.source, fault.reason)


async def _checked(source: Source, format: Format, body: bytes, known_as: str) -> Delivery:
    received_ms = time.time_ns() // 1_000_000
    if len(body) <= CHECK_AT_ONCE_BYTES_MAX:
        checked = check_within(source, format, body, received_ms)
    else:
        checked = await asyncio.to_thread(check_within, source, format, body, received_ms)
    return Delivery(source, format.name, body, checked, received_ms, known_as)


def _prepared(request: web.Request, source: Source, format: Format, body: bytes) -> bytes:
    try:
        return prepared(request.headers, source, format, body)
    except ValueError as error:
        raise Refused(400, f"body: {error}") from None
