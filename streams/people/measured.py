"""What was measured between two moments, and what was detected then: read, never written."""

from collections.abc import AsyncIterator

from aiokafka import AIOKafkaConsumer, TopicPartition

from schemas.codec import decode
from schemas.tape import Detection, TapeRecord
from schemas.topics import METRICS, TAPE, Topic
from streams.people.incidents import Progress, silently
from streams.read import input_record, places_of, plain_consumer, read_partition
from streams.steps.effects import InputRecord


async def samples(
    bootstrap: str, prefix: str, from_ms: int, to_ms: int, progress: Progress = silently
) -> AsyncIterator[InputRecord]:
    """Of each partition in its order, by the broker's time."""
    async for record in _between(METRICS, bootstrap, prefix, from_ms, to_ms, progress):
        yield record


async def detections(
    bootstrap: str, prefix: str, from_ms: int, to_ms: int, progress: Progress = silently
) -> AsyncIterator[tuple[int, str, Detection]]:
    """When it came onto the tape, and of which cluster."""
    async for record in _between(TAPE, bootstrap, prefix, from_ms, to_ms, progress):
        fact = decode(record.value, TapeRecord)
        if isinstance(fact, TapeRecord) and isinstance(fact.fact, Detection):
            yield record.at_ms, fact.cluster, fact.fact


async def _between(
    topic: Topic, bootstrap: str, prefix: str, from_ms: int, to_ms: int, progress: Progress
) -> AsyncIterator[InputRecord]:
    consumer = plain_consumer(bootstrap)
    try:
        await consumer.start()
        name = topic.name(prefix)
        ranges = await _ranges(consumer, await places_of(consumer, name), from_ms, to_ms)
        total, done = sum(end - first for _, first, end in ranges), 0
        for partition, first, end in ranges:
            async for record in read_partition(consumer, name, partition, first):
                if record.offset >= end:
                    break
                progress(done := done + 1, total)
                yield input_record(topic, record)
    finally:
        await consumer.stop()


async def _ranges(
    consumer: AIOKafkaConsumer, places: list[TopicPartition], from_ms: int, to_ms: int
) -> list[tuple[int, int, int]]:
    """Of each partition that has any: the first offset, and the one behind the last."""
    ends = await consumer.end_offsets(places)
    firsts = await consumer.offsets_for_times(dict.fromkeys(places, from_ms))
    lasts = await consumer.offsets_for_times(dict.fromkeys(places, to_ms + 1))
    found = []
    for place in places:
        first, last = firsts[place], lasts[place]
        end = last.offset if last else ends[place]
        if first is not None and first.offset < end:
            found.append((place.partition, first.offset, end))
    return found
