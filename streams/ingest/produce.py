"""Records into Kafka: acknowledged by all in-sync replicas within a bounded time, or not claimed.

The producer is idempotent, and aiokafka then never gives a record up: one that we could not claim
in time may still arrive. That is allowed; a claim without a record is not.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from aiokafka.structs import RecordMetadata

from schemas.topics import KIB, REJECTS, partition_for
from streams.ingest.broker_clock import BrokerClock
from streams.ingest.flight import Flight

ANSWERED_RECENTLY_S = 10.0
PROBE_TIMEOUT_S = 2.0
NEVER = float("-inf")
BY_BROKER = 1
"""LogAppendTime, in Kafka's number for the type of a timestamp."""
_RECORD_OVERHEAD_BYTES = 512
"""At least what headers and framing add; to account for records, not to limit them."""

Ack = asyncio.Future[RecordMetadata]

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Record:
    topic: str
    value: bytes
    key: bytes | None = None
    headers: tuple[tuple[str, bytes], ...] = ()
    place_by: str | None = None
    """Records with the same one share a partition; None: any partition will do."""


class NotAcknowledged(Exception):
    """Kafka did not say in time that it has the records."""


class Writer:
    """A producer that is made when first needed, and made anew when one is broken for good."""

    def __init__(self, bootstrap: str, client_id: str, flight: Flight, timeout_s: float) -> None:
        self._bootstrap, self._client_id = bootstrap, client_id
        self._flight = flight
        self._timeout_s = timeout_s
        self.clock = BrokerClock()
        self._producer: AIOKafkaProducer | None = None
        self._starting = asyncio.Lock()
        self._ending: set[asyncio.Task[None]] = set()
        self._answered_at = NEVER
        self._is_silent = False

    async def write(self, records: Sequence[Record]) -> None:
        """Returns when Kafka has them all. Raises NotAcknowledged, or Refused beyond `flight`."""
        producer: AIOKafkaProducer | None = None
        try:
            async with asyncio.timeout(self._timeout_s):
                producer = await self._ready_producer()
                sent_ms = self.clock.own_ms()
                acks = [await self._send(producer, record) for record in records]
                appended_ms = await _settled(acks)
        except TimeoutError as error:
            raise self._silent(error) from None
        except KafkaError as error:
            # Its sender has died, or it lost a batch: then every later one of that partition
            # would be refused for the gap in its numbers.
            self._replace(producer)
            raise self._silent(error) from None
        if appended_ms is not None:
            self.clock.heard(sent_ms, appended_ms)
        self._answered()

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
        self._answered()
        return True

    async def close(self) -> None:
        """Sends what is still waiting, as far as Kafka takes it in time."""
        self._replace(self._producer)
        if self._ending:
            _, late = await asyncio.wait(self._ending, timeout=self._timeout_s)
            if late:
                log.warning("the process ends with records that Kafka has not acknowledged")

    async def _ready_producer(self) -> AIOKafkaProducer:
        if self._producer is None:
            async with self._starting:
                if self._producer is None:
                    self._producer = await self._start()
        return self._producer

    async def _start(self) -> AIOKafkaProducer:
        producer = AIOKafkaProducer(
            bootstrap_servers=self._bootstrap,
            client_id=self._client_id,
            enable_idempotence=True,
            acks="all",
            linger_ms=0,
            max_batch_size=256 * KIB,
            max_request_size=REJECTS.message_bytes_max,
            request_timeout_ms=int(self._timeout_s * 2000),
        )
        try:
            await producer.start()
        except BaseException:
            await producer.stop()
            raise
        return producer

    async def _send(self, producer: AIOKafkaProducer, record: Record) -> Ack:
        size = len(record.value) + _RECORD_OVERHEAD_BYTES
        self._flight.take(size)
        try:
            ack: Ack = await producer.send(
                record.topic,
                record.value,
                key=record.key,
                partition=await _partition(producer, record),
                headers=list(record.headers),
            )
        except BaseException:
            self._flight.give(size)
            raise
        ack.add_done_callback(lambda ack: self._settle(ack, size))
        return ack

    def _settle(self, ack: Ack, size: int) -> None:
        self._flight.give(size)
        if not ack.cancelled():
            ack.exception()  # Looked at, even where nobody waits for it any more.

    def _replace(self, producer: AIOKafkaProducer | None) -> None:
        """The next write makes a new one; this one ends once it has settled what it holds."""
        if producer is not None and self._producer is producer:
            self._producer = None
            task = asyncio.create_task(_end(producer))
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)

    def _answered(self) -> None:
        self._answered_at = time.monotonic()
        if self._is_silent:
            self._is_silent = False
            log.info("Kafka acknowledges again", bootstrap=self._bootstrap)

    def _silent(self, error: BaseException) -> NotAcknowledged:
        self._answered_at = NEVER
        if not self._is_silent:  # Said when it changes, not for every delivery.
            self._is_silent = True
            log.warning("Kafka does not acknowledge", bootstrap=self._bootstrap, error=repr(error))
        return NotAcknowledged(f"Kafka did not acknowledge within {self._timeout_s:g} s")


async def _settled(acks: Sequence[Ack]) -> int | None:
    """When the broker appended one of them, by its clock. Raises the first error. Unlike `gather`,
    leaves alone what is still waiting."""
    done, _ = await asyncio.wait(acks)
    appended_ms = None
    for ack in done:
        told = ack.result()
        if told.timestamp_type == BY_BROKER:
            appended_ms = told.timestamp
    return appended_ms


async def _end(producer: AIOKafkaProducer) -> None:
    try:
        await producer.stop()
    except KafkaError as error:
        log.warning("the producer did not end in order", error=repr(error))


async def _partition(producer: AIOKafkaProducer, record: Record) -> int | None:
    if record.place_by is None:
        return None
    return partition_for(record.place_by, len(await producer.partitions_for(record.topic)))
