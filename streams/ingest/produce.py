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
from aiokafka.errors import KafkaConnectionError, KafkaError
from aiokafka.structs import RecordMetadata

from schemas.broker import no_topic
from schemas.topics import KIB, REJECTS, partition_for
from streams.ingest.broker_clock import BrokerClock
from streams.ingest.flight import Flight

ANSWERED_RECENTLY_S = 10.0
PROBE_TIMEOUT_S = 2.0
GREETED_EVERY_S = 1.0
TOPIC_ASKED_MAX = 10
TOPIC_ASKED_EVERY_S = 0.1
"""One that was just made takes a moment to be known to every broker."""
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


class _NoTopic(Exception):
    """Kafka answers, and has no such topic."""


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
        self._said: set[str] = set()
        """Why Kafka is silent; each is said once, until it answers."""
        self._missing: set[str] = set()
        """Topics."""
        self._greeting: asyncio.Task[None] | None = None

    def greet(self, topic: str) -> None:
        """Says in the log that Kafka does not answer, or lacks the topic, before anybody writes;
        and says so when that has passed."""
        self._greeting = asyncio.create_task(self._greet(topic))

    async def write(self, records: Sequence[Record]) -> None:
        """Returns when Kafka has them all. Raises NotAcknowledged, or Refused beyond `flight`."""
        producer: AIOKafkaProducer | None = None
        try:
            async with asyncio.timeout(self._timeout_s):
                producer = await self._ready_producer()
                for topic in {record.topic for record in records}:
                    await self._find(producer, topic)
                sent_ms = self.clock.own_ms()
                acks = [await self._send(producer, record) for record in records]
                appended_ms = await _settled(acks)
        except _NoTopic as error:
            raise NotAcknowledged(str(error)) from None
        except TimeoutError:
            raise NotAcknowledged(self._silent(self._late(producer))) from None
        except KafkaConnectionError:
            self._replace(producer)
            raise NotAcknowledged(self._silent(self._nobody())) from None
        except KafkaError as error:
            # Its sender has died, or it lost a batch: then every later one of that partition
            # would be refused for the gap in its numbers.
            self._replace(producer)
            raise NotAcknowledged(self._silent(self._late(producer), error=repr(error))) from None
        if appended_ms is not None:
            self.clock.heard(sent_ms, appended_ms)
        self._answered()

    async def why_not(self, topic: str) -> str:
        """Nothing could be written there now. Empty where Kafka was heard of in the last seconds,
        and has the topic."""
        heard_s = time.monotonic() - self._answered_at
        if heard_s < ANSWERED_RECENTLY_S and topic not in self._missing:
            return ""
        try:
            async with asyncio.timeout(PROBE_TIMEOUT_S):
                producer = await self._ready_producer()
                await self._find(producer, topic)
                if not await producer.client.force_metadata_update():
                    return self._silent(self._nobody())
        except _NoTopic as error:
            return str(error)
        except (TimeoutError, KafkaConnectionError):
            return self._silent(self._nobody())
        except KafkaError as error:
            return self._silent(f"Kafka at {self._bootstrap} failed: {error}")
        self._answered()
        return ""

    async def _greet(self, topic: str) -> None:
        while True:
            if not await self.why_not(topic):
                return
            await asyncio.sleep(GREETED_EVERY_S)

    async def close(self) -> None:
        """Sends what is still waiting, as far as Kafka takes it in time."""
        if self._greeting:
            self._greeting.cancel()
            await asyncio.wait([self._greeting])
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

    async def _find(self, producer: AIOKafkaProducer, topic: str) -> None:
        """To send to a topic that is not there would make it, at some brokers, and wait for it at
        all others. The client keeps itself informed of the topics that it was told of alone, so it
        is told of all before the first record goes. Raises _NoTopic."""
        if producer.client.cluster.partitions_for_topic(topic) is None:
            for _ in range(1 if topic in self._missing else TOPIC_ASKED_MAX):
                if topic in (await producer.client.fetch_all_metadata()).topics():
                    break
                await asyncio.sleep(TOPIC_ASKED_EVERY_S)
            else:
                raise self._lacks(topic)
        await producer.client.add_topic(topic)
        if topic in self._missing:
            self._missing.discard(topic)
            log.info("the topic is there now", topic=topic)

    def _lacks(self, topic: str) -> _NoTopic:
        self._answered()
        why = no_topic(topic)
        if topic not in self._missing:  # Said when it changes, not for every delivery.
            self._missing.add(topic)
            log.warning("nothing can be written", why=why)
        return _NoTopic(why)

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
        if self._said:
            self._said.clear()
            log.info("Kafka answers", bootstrap=self._bootstrap)

    def _silent(self, why: str, **details: str) -> str:
        self._answered_at = NEVER
        if why not in self._said:
            self._said.add(why)
            log.warning(why, bootstrap=self._bootstrap, **details)
        return why

    def _nobody(self) -> str:
        return f"no Kafka broker answers at {self._bootstrap}"

    def _late(self, producer: AIOKafkaProducer | None) -> str:
        """One that never began has not reached anybody."""
        if producer is None:
            return self._nobody()
        return f"Kafka did not acknowledge within {self._timeout_s:g} s"


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
