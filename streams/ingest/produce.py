"""Records into Kafka: acknowledged by all in-sync replicas within a bounded time, or not claimed.

The producer is idempotent, and aiokafka then never gives a record up: one that we could not claim
in time may still arrive. That is allowed; a claim without a record is not.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from schemas.topics import BODY_BYTES_MAX, KIB, REJECTS
from streams.ingest.flight import Flight

ANSWERED_RECENTLY_S = 10.0
PROBE_TIMEOUT_S = 2.0
NEVER = float("-inf")
_RECORD_OVERHEAD_BYTES = 512
"""At least what headers and framing add; to account for records, not to limit them."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Record:
    topic: str
    value: bytes
    key: bytes | None = None
    headers: tuple[tuple[str, bytes], ...] = ()


class NotAcknowledged(Exception):
    """Kafka did not say in time that it has the records."""


class Writer:
    """A producer that is made when first needed, and made anew when one is broken for good."""

    def __init__(self, bootstrap: str, flight: Flight, timeout_s: float) -> None:
        self._bootstrap = bootstrap
        self._flight = flight
        self._timeout_s = timeout_s
        self._producer: AIOKafkaProducer | None = None
        self._starting = asyncio.Lock()
        self._closing: set[asyncio.Task[None]] = set()
        self._answered_at = NEVER

    async def write(self, records: Sequence[Record]) -> None:
        """Returns when Kafka has them all. Raises NotAcknowledged, or Refused beyond `flight`."""
        deadline = asyncio.get_running_loop().time() + self._timeout_s
        try:
            async with asyncio.timeout_at(deadline):
                producer = await self._ready_producer()
                acks = [await self._send(producer, record) for record in records]
        except (TimeoutError, KafkaError) as error:
            raise self._silent(error) from None
        left_s = max(0.0, deadline - asyncio.get_running_loop().time())
        done, waiting = await asyncio.wait(acks, timeout=left_s)
        if errors := [error for ack in done if (error := ack.exception())]:
            # An idempotent producer that lost one batch may refuse all later ones of its partition.
            self._replace(producer)
            raise self._silent(errors[0])
        if waiting:
            raise self._silent(TimeoutError())
        self._answered_at = time.monotonic()

    async def answers(self, topic: str) -> bool:
        """Kafka was heard of in the last seconds, and knows the topic."""
        if time.monotonic() - self._answered_at < ANSWERED_RECENTLY_S:
            return True
        try:
            async with asyncio.timeout(PROBE_TIMEOUT_S):
                producer = await self._ready_producer()
                await producer.partitions_for(topic)
                if not await producer.client.force_metadata_update():
                    return False
        except (TimeoutError, KafkaError):
            return False
        self._answered_at = time.monotonic()
        return True

    async def close(self) -> None:
        """Sends what is still waiting, as far as Kafka takes it in time."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await self._stop(producer)
        await asyncio.gather(*self._closing)

    async def _send(self, producer: AIOKafkaProducer, record: Record) -> "asyncio.Future[object]":
        size = len(record.value) + _RECORD_OVERHEAD_BYTES
        self._flight.take(size)
        try:
            ack: asyncio.Future[object] = await producer.send(
                record.topic, record.value, key=record.key, headers=list(record.headers)
            )
        except BaseException:
            self._flight.give(size)
            raise
        ack.add_done_callback(_then(lambda: self._flight.give(size)))
        return ack

    async def _ready_producer(self) -> AIOKafkaProducer:
        if self._producer is None:
            async with self._starting:
                if self._producer is None:
                    self._producer = await _start(self._bootstrap, self._timeout_s)
        return self._producer

    def _replace(self, producer: AIOKafkaProducer) -> None:
        if self._producer is producer:
            self._producer = None
            task = asyncio.create_task(self._stop(producer))
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)

    async def _stop(self, producer: AIOKafkaProducer) -> None:
        try:
            await asyncio.wait_for(producer.stop(), self._timeout_s)
        except (TimeoutError, KafkaError) as error:
            log.warning("the producer did not end in order", error=repr(error))

    def _silent(self, error: BaseException) -> NotAcknowledged:
        self._answered_at = NEVER
        log.warning("Kafka did not acknowledge", error=repr(error), timeout_s=self._timeout_s)
        return NotAcknowledged(f"Kafka did not acknowledge within {self._timeout_s:g} s")


def _then(call: Callable[[], None]) -> Callable[["asyncio.Future[object]"], None]:
    def done(ack: "asyncio.Future[object]") -> None:
        call()
        if not ack.cancelled():
            ack.exception()  # Seen, even where nobody waits for it any more.

    return done


async def _start(bootstrap: str, timeout_s: float) -> AIOKafkaProducer:
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap,
        client_id="mendlog-gateway",
        enable_idempotence=True,
        acks="all",
        linger_ms=0,
        max_batch_size=256 * KIB,
        max_request_size=REJECTS.message_bytes_max,
        request_timeout_ms=int(timeout_s * 2000),
    )
    try:
        await producer.start()
    except BaseException:
        await producer.stop()
        raise
    return producer


assert REJECTS.message_bytes_max > BODY_BYTES_MAX
