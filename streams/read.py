"""Reading a partition from one place to another, outside any consumer group."""

from collections.abc import AsyncIterator, Callable, Iterable

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.structs import ConsumerRecord

from schemas.broker import no_topic
from schemas.topics import BATCH_BYTES_MAX, Topic
from streams.steps.effects import InputRecord, without_nulls

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


class TopicMissing(Exception):
    """The broker has no such topic."""

    def __init__(self, topic: str) -> None:
        super().__init__(no_topic(topic))


async def places_of(consumer: AIOKafkaConsumer, topic: str) -> list[TopicPartition]:
    """The topic's partitions as the broker has them."""
    if topic not in await consumer.topics():
        raise TopicMissing(topic)
    first = TopicPartition(topic, 0)
    # The client learns of the others with the first that it is asked about.
    consumer.assign([first])
    await consumer.end_offsets([first])
    found = consumer.partitions_for_topic(topic)
    assert found, f"{topic} has a partition and no partitions"
    return [TopicPartition(topic, partition) for partition in sorted(found)]


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


async def read_places(
    consumer: AIOKafkaConsumer,
    places: Iterable[TopicPartition],
    read: Callable[[int, int], None] = lambda _done, _total: None,
) -> AsyncIterator[ConsumerRecord]:
    """Every record of all of them to what were their ends when the reading began. `read` is told
    how many places of how many are behind us; compaction leaves some of them empty."""
    wanted = list(places)
    consumer.assign(wanted)
    first = await consumer.beginning_offsets(wanted)
    end = await consumer.end_offsets(wanted)
    for place in wanted:
        consumer.seek(place, first[place])
    total, silent_s = sum(end.values()) - sum(first.values()), 0.0
    while (left := await _left(consumer, end)) > 0:
        read(total - left, total)
        batches = await consumer.getmany(timeout_ms=1000)
        silent_s = 0.0 if batches else silent_s + 1.0
        if silent_s >= QUIET_TIMEOUT_S:
            raise BrokerSilent(f"{wanted[0].topic}: nothing for {silent_s:.0f} s")
        for place, records in batches.items():
            for record in records:
                if record.offset < end[place]:
                    yield record
    # What was fetched beyond the ends has been dropped, and whoever follows wants it.
    for place in wanted:
        consumer.seek(place, end[place])
    read(total, total)


async def _left(consumer: AIOKafkaConsumer, end: dict[TopicPartition, int]) -> int:
    return sum([max(0, last - await consumer.position(place)) for place, last in end.items()])


def input_record(topic: Topic, record: ConsumerRecord) -> InputRecord:
    return InputRecord(
        topic=topic,
        partition=record.partition,
        offset=record.offset,
        at_ms=record.timestamp,
        key=record.key,
        value=record.value,
        headers=without_nulls(record.headers),
    )
