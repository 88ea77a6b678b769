"""The door for samples: Prometheus' remote-write 1.0. 204 means that Kafka has every sample."""

import asyncio
from dataclasses import dataclass
from functools import partial

from aiohttp import web
from aiohttp.helpers import parse_mimetype

from schemas.topics import KIB
from streams.ingest.flight import Share
from streams.ingest.gateway.body import Encodings
from streams.ingest.gateway.door import Door, answer
from streams.ingest.gateway.source import Source
from streams.ingest.inflate import Broken, Plain, TooLarge
from streams.ingest.produce import Record, Writer
from streams.ingest.protobuf import Unreadable
from streams.ingest.refusal import Refused
from streams.ingest.remote_write.block import UNPACKED_BYTES_MAX, announced, unpack
from streams.ingest.remote_write.kind import REMOTE_WRITE
from streams.ingest.remote_write.read import Request
from streams.ingest.samples.gathered import TooMuch
from streams.ingest.samples.metrics import SampleMetrics
from streams.ingest.samples.records import complaint, records_of

PATH = "/api/v1/write"
MEDIA_TYPES = frozenset({"application/x-protobuf"})
MESSAGES = (None, "prometheus.WriteRequest")
"""What `proto=` may say; absent it is the same."""
ENCODINGS: Encodings = {"snappy": Plain}
"""A block cannot be unpacked before its last byte is here."""
WRITTEN = tuple(
    f"X-Prometheus-Remote-Write-{what}-Written" for what in ("Samples", "Histograms", "Exemplars")
)
"""By these a sender of 2.0 is told how much was written; who does not say it is broken to them."""
READ_AT_ONCE_BYTES_MAX = 32 * KIB
"""A larger message is read in a thread, so that probes are answered meanwhile: two bytes can be a
series, and a fault that is named."""


@dataclass(frozen=True, slots=True)
class RemoteWrite:
    door: Door
    writer: Writer
    metrics: SampleMetrics
    topic_prefix: str
    flight_bytes_max: int
    """What would not fit into the flight with nothing else in it would be sent for ever."""

    async def take(self, request: web.Request) -> web.Response:
        take = partial(self._take, request)
        response = await self.door.let_in(request, REMOTE_WRITE, MEDIA_TYPES, take, ENCODINGS)
        if response.status == 415:
            response.headers.update(dict.fromkeys(WRITTEN, "0"))
        return response

    async def _take(
        self, request: web.Request, source: Source, body: bytes, share: Share
    ) -> web.Response:
        _check_message(request)
        share.give_kept()
        read, records = await self._read(source, body)
        if records:
            with self.door.metrics.produce_seconds.time():
                await self.writer.write(records)
            self.door.reached("gateway.produced")
        self.metrics.answered(source, read)
        return answer(_status(read), _complaint(read))

    async def _read(self, source: Source, block: bytes) -> tuple[Request, list[Record]]:
        """Raises Refused. The room for the message is given back before its records take theirs."""
        bytes_max = min(UNPACKED_BYTES_MAX, self.flight_bytes_max)
        request = Request(source, self.writer.clock.now_ms(), bytes_max)
        try:
            size = announced(block, bytes_max)
            with Share(self.door.flight) as room:
                room.take(size)
                if size <= READ_AT_ONCE_BYTES_MAX:
                    return request, self._records(request, block)
                return request, await asyncio.to_thread(self._records, request, block)
        except TooLarge:
            raise Refused(413, f"unpacked, the body is larger than {bytes_max} bytes") from None
        except TooMuch as error:
            raise Refused(413, f"body: {error}") from None
        except (Broken, Unreadable) as error:
            raise Refused(400, f"body: {error}") from None

    def _records(self, request: Request, block: bytes) -> list[Record]:
        request.read(unpack(block))
        return records_of(request.records(), request.source, self.topic_prefix)


def _check_message(request: web.Request) -> None:
    if parse_mimetype(request.headers["Content-Type"]).parameters.get("proto") not in MESSAGES:
        raise Refused(415, "only remote-write 1.0 is read here: proto=prometheus.WriteRequest")


def _status(read: Request) -> int:
    """Prometheus sends nothing again that was answered 400: the good samples are kept."""
    if not read.rejected:
        return 204
    return 403 if read.is_forbidden else 400


def _complaint(read: Request) -> str:
    count = read.rejected.total()
    return complaint(read, count, count + read.taken, "samples")
