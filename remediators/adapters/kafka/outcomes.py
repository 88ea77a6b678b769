"""The topic `outcomes`: each append acknowledged by all replicas, and read back to its end."""

import asyncio
from collections.abc import AsyncIterator

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.structs import ConsumerRecord

from remediators.adapters.kafka.topics import FETCH_WAIT_MS, Broker, broker_errors, in_time
from remediators.ports import Recorded
from schemas.codec import Undecodable, decode, encode
from schemas.remediation import Observation, Outcome

POLL_MS = 200
RECORDED: tuple[type[Recorded], ...] = (Outcome, Observation)

log = structlog.get_logger()


class KafkaOutcomes:
    def __init__(self, broker: Broker, producer: AIOKafkaProducer) -> None:
        self._broker = broker
        self._producer = producer
        self._reader = AIOKafkaConsumer(
            bootstrap_servers=broker.bootstrap,
            enable_auto_commit=False,
            # A seek may race with the reset after `assign`; then we read more, never less.
            auto_offset_reset="earliest",
            fetch_max_wait_ms=FETCH_WAIT_MS,
        )
        self._one_at_a_time = asyncio.Lock()

    async def start(self) -> None:
        await in_time("reaching the broker", self._reader.start(), self._broker.timeout_s)

    async def append(self, partition: int, record: Recorded) -> int:
        sending = self._producer.send_and_wait(
            self._broker.outcomes,
            encode(record),
            key=record.cluster.encode(),
            partition=partition,
        )
        appended = await in_time("writing to outcomes", sending, self._broker.timeout_s)
        return int(appended.timestamp)

    async def read(self, partition: int, since_ms: int) -> AsyncIterator[tuple[int, Recorded]]:
        tp = TopicPartition(self._broker.outcomes, partition)
        async with self._one_at_a_time:
            self._reader.assign([tp])
            end = await self._go_to(tp, since_ms)
            while await self._position(tp) < end:
                with broker_errors("reading outcomes"):
                    batches = await self._reader.getmany(timeout_ms=POLL_MS)
                for record in batches.get(tp, ()):
                    if found := _recorded(record):
                        yield record.timestamp, found

    async def _go_to(self, tp: TopicPartition, since_ms: int) -> int:
        """Stand at the first record of that time or later; gives where the topic ends."""
        timeout_s = self._broker.timeout_s
        ends = await in_time("the end of outcomes", self._reader.end_offsets([tp]), timeout_s)
        end = int(ends[tp])
        asked = self._reader.offsets_for_times({tp: max(0, since_ms)})
        first = (await in_time("a place in outcomes", asked, timeout_s))[tp]
        await self._position(tp)
        self._reader.seek(tp, first.offset if first else end)
        return end

    async def _position(self, tp: TopicPartition) -> int:
        asked = self._reader.position(tp)
        return int(await in_time("a place in outcomes", asked, self._broker.timeout_s))

    async def stop(self) -> None:
        await self._reader.stop()


def _recorded(record: "ConsumerRecord[bytes, bytes]") -> Recorded | None:
    """One that cannot be read is passed over: the target itself has the last word on an effect."""
    found: Recorded | Undecodable = decode(record.value, *RECORDED)
    if isinstance(found, Undecodable):
        log.warning("outcome_unreadable", offset=record.offset, fault=found.fault.value)
        return None
    return found
