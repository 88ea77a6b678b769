"""One partition of a topic, read from a time to its end: how a ledger is read back."""

import asyncio
from collections.abc import AsyncIterator

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.structs import ConsumerRecord

from remediators.adapters.kafka.topics import FETCH_WAIT_MS, Broker, broker_errors, in_time
from schemas.topics import Topic

POLL_MS = 200


class PartitionLog:
    def __init__(self, broker: Broker, topic: Topic) -> None:
        self._broker = broker
        self._noun = topic.noun
        self._topic = broker.name(topic)
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

    async def read(
        self, partition: int, since_ms: int
    ) -> AsyncIterator["ConsumerRecord[bytes, bytes]"]:
        """Each record appended since then, up to the end as it is when asked."""
        tp = TopicPartition(self._topic, partition)
        async with self._one_at_a_time:
            self._reader.assign([tp])
            end = await self._go_to(tp, since_ms)
            while await self._position(tp) < end:
                with broker_errors(f"reading {self._noun}"):
                    batches = await self._reader.getmany(timeout_ms=POLL_MS)
                for record in batches.get(tp, ()):
                    yield record

    async def _go_to(self, tp: TopicPartition, since_ms: int) -> int:
        """Stand at the first record of that time or later; gives where the topic ends."""
        timeout_s, noun = self._broker.timeout_s, self._noun
        ends = await in_time(f"the end of {noun}", self._reader.end_offsets([tp]), timeout_s)
        end = int(ends[tp])
        asked = self._reader.offsets_for_times({tp: max(0, since_ms)})
        first = (await in_time(f"a place in {noun}", asked, timeout_s))[tp]
        await self._position(tp)
        self._reader.seek(tp, first.offset if first else end)
        return end

    async def _position(self, tp: TopicPartition) -> int:
        asked = self._reader.position(tp)
        return int(await in_time(f"a place in {self._noun}", asked, self._broker.timeout_s))

    async def stop(self) -> None:
        await self._reader.stop()
