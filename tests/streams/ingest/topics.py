"""Topics of a test's own, all that is in them, and waiting for what must come to hold."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from schemas.topics import Topic

PARTITIONS = 4


async def create_topics(bootstrap: str, prefix: str, *topics: Topic) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.create_topics(
            [
                NewTopic(t.name(prefix), t.partitions(PARTITIONS), 1, topic_configs=t.config())
                for t in topics
            ]
        )

        async def are_there() -> bool:
            return {t.name(prefix) for t in topics} <= set(await admin.list_topics())

        await until(are_there)  # A broker's own word comes a moment after its controller's.
    finally:
        await admin.close()


async def records_of(bootstrap: str, prefix: str, topic: Topic) -> Sequence[ConsumerRecord]:
    """Every record now in the topic."""
    async with _consumer(bootstrap) as consumer:
        name = topic.name(prefix)
        await consumer._client._wait_on_metadata(name)
        places = [TopicPartition(name, p) for p in consumer.partitions_for_topic(name) or ()]
        consumer.assign(places)
        await consumer.seek_to_beginning(*places)
        ends = await consumer.end_offsets(places)
        left = {place for place, end in ends.items() if end > 0}
        found: list[ConsumerRecord] = []
        async with asyncio.timeout(30):
            while left:
                for place, records in (await consumer.getmany(timeout_ms=200)).items():
                    found += records
                    if records[-1].offset >= ends[place] - 1:
                        left.discard(place)
        return found


@asynccontextmanager
async def _consumer(bootstrap: str):
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, max_partition_fetch_bytes=16 * 1024 * 1024
    )
    await consumer.start()
    try:
        yield consumer
    finally:
        await consumer.stop()


def header(record: ConsumerRecord, name: str) -> str | None:
    return next((value.decode() for key, value in record.headers if key == name), None)


async def until(holds: Callable[[], Awaitable[bool]], timeout_s: float = 60.0) -> None:
    async with asyncio.timeout(timeout_s):
        while True:
            if await holds():
                return
            await asyncio.sleep(0.02)
