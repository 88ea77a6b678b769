"""Reading a partition from one place to another, outside any consumer group."""

from collections.abc import AsyncIterator

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.structs import ConsumerRecord

from schemas.topics import BATCH_BYTES_MAX, Topic
from streams.steps.effects import InputRecord

FETCH_BYTES_MAX = 2 * BATCH_BYTES_MAX
QUIET_TIMEOUT_S = 30.0
"""A broker that has not answered for this long will not."""


class BrokerSilent(Exception):
    """The broker stopped answering in the middle of a read."""


def plain_consumer(bootstrap: str) -> AIOKafkaConsumer:
    return AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        fetch_max_bytes=FETCH_BYTES_MAX,
        max_partition_fetch_bytes=FETCH_BYTES_MAX,
    )


async def bounds(consumer: AIOKafkaConsumer, place: TopicPartition) -> tuple[int, int]:
    """The first offset that is kept, and the one that the next record will get."""
    first = (await consumer.beginning_offsets([place]))[place]
    end = (await consumer.end_offsets([place]))[place]
    return first, end


async def read_partition(
    consumer: AIOKafkaConsumer, topic: str, partition: int, first: int | None = None
) -> AsyncIterator[ConsumerRecord]:
    """Every record from `first` (or the start) to what was the end when the reading began."""
    place = TopicPartition(topic, partition)
    consumer.assign([place])
    begin, end = await bounds(consumer, place)
    consumer.seek(place, max(begin, first or 0))
    silent_s = 0.0
    while await consumer.position(place) < end:
        batches = await consumer.getmany(place, timeout_ms=1000)
        silent_s = 0.0 if batches else silent_s + 1.0
        if silent_s >= QUIET_TIMEOUT_S:
            raise BrokerSilent(f"{topic}/{partition}: nothing for {silent_s:.0f} s")
        for record in batches.get(place, ()):
            if record.offset < end:
                yield record


def input_record(topic: Topic, record: ConsumerRecord) -> InputRecord:
    return InputRecord(
        topic=topic,
        partition=record.partition,
        offset=record.offset,
        at_ms=record.timestamp,
        key=record.key,
        value=record.value,
        headers=tuple(record.headers),
    )
