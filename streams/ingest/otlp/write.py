"""The door for metrics of OpenTelemetry, OTLP over HTTP. 200 means that Kafka has every sample, but
for what the answer says was not taken."""

import asyncio
from dataclasses import dataclass, field
from functools import partial

from aiohttp import web

from schemas.topics import KIB, MIB
from streams.ingest.flight import Share
from streams.ingest.gateway.door import Door
from streams.ingest.gateway.source import Source
from streams.ingest.otlp.encoding import JSON, PROTOBUF, failure, protobuf_of, success
from streams.ingest.otlp.kind import OTLP
from streams.ingest.otlp.read import Request, Unreadable
from streams.ingest.produce import Record, Writer
from streams.ingest.refusal import Refused
from streams.ingest.samples.gathered import TooMuch
from streams.ingest.samples.metrics import SampleMetrics
from streams.ingest.samples.records import complaint, records_of

PATH = "/v1/metrics"
MEDIA_TYPES = frozenset({PROTOBUF, JSON})
RECORDS_BYTES_MAX = 32 * MIB
READ_AT_ONCE_BYTES_MAX = 64 * KIB
"""A larger message is read in a thread, so that probes are answered meanwhile; one after another,
since Python would read them no faster, and the library makes twenty bytes of one at worst."""


@dataclass(frozen=True, slots=True)
class OtlpMetrics:
    door: Door
    writer: Writer
    metrics: SampleMetrics
    topic_prefix: str
    flight_bytes_max: int
    """What would not fit into the flight with nothing else in it would be sent for ever."""
    _large: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def take(self, request: web.Request) -> web.Response:
        kind = request.content_type if request.content_type in MEDIA_TYPES else JSON
        take, say = partial(self._take, kind), partial(failure, kind)
        return await self.door.let_in(request, OTLP, MEDIA_TYPES, take, say=say)

    async def _take(self, kind: str, source: Source, body: bytes, share: Share) -> web.Response:
        share.give_kept()
        read, records = await self._read(kind, source, body)
        if records:
            with self.door.metrics.produce_seconds.time():
                await self.writer.write(records)
            self.door.reached("gateway.produced")
        self.metrics.answered(source, read)
        why = complaint(read, read.points_refused, read.points, "data points")
        if read.is_forbidden:
            return failure(kind, 403, why)
        return success(kind, read.points_refused, why)

    async def _read(self, kind: str, source: Source, body: bytes) -> tuple[Request, list[Record]]:
        """Raises Refused."""
        bytes_max = min(RECORDS_BYTES_MAX, self.flight_bytes_max)
        request = Request(source, self.writer.clock.now_ms(), bytes_max)
        try:
            if len(body) <= READ_AT_ONCE_BYTES_MAX:
                return request, self._records(request, kind, body)
            async with self._large:
                return request, await asyncio.to_thread(self._records, request, kind, body)
        except TooMuch as error:
            raise Refused(413, f"body: {error}") from None
        except Unreadable as error:
            raise Refused(400, f"body: {error}") from None

    def _records(self, request: Request, kind: str, body: bytes) -> list[Record]:
        request.read(protobuf_of(kind, body))
        return records_of(request.records(), request.source, self.topic_prefix)
