"""Reading parts of a log outside any consumer group: journals, and what stands in a gap."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import NamedTuple

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from schemas.topics import BATCH_BYTES_MAX, KIB

FETCH_BYTES_MAX = BATCH_BYTES_MAX + 64 * KIB
"""The largest batch that any topic of ours accepts."""
_POLL_MS = 500
_RECORDS_MAX = 20_000


class Bounds(NamedTuple):
    start: int
    """The first offset that is still there."""
    end: int
    """The offset that the next record will get."""


class LogReader:
    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap

    async def bounds(self, topic: str, partitions: Iterable[int]) -> dict[int, Bounds]:
        async with self._consumer(topic, partitions) as (consumer, places):
            return await _bounds(consumer, places)

    async def read_all(
        self, topic: str, partitions: Iterable[int], ends: dict[int, int]
    ) -> AsyncIterator[tuple[int, Sequence[ConsumerRecord]]]:
        """Every record up to the ends as they are now, which are put into `ends`."""
        async with self._consumer(topic, partitions) as (consumer, places):
            bounds = await _bounds(consumer, places)
            ends.update({p: b.end for p, b in bounds.items()})
            async for found in _read(consumer, topic, bounds):
                yield found

    async def read(self, topic: str, partition: int, part: Bounds) -> list[ConsumerRecord]:
        """The records from `part.start` up to and without `part.end`."""
        if part.start >= part.end:
            return []
        async with self._consumer(topic, [partition]) as (consumer, _):
            parts = {partition: part}
            return [r async for _, found in _read(consumer, topic, parts) for r in found]

    async def first(self, topic: str, partition: int, part: Bounds) -> ConsumerRecord | None:
        """The first record in that part of the log, if there is any."""
        if part.start >= part.end:
            return None
        async with self._consumer(topic, [partition]) as (consumer, _):
            async for _, found in _read(consumer, topic, {partition: part}):
                if found:
                    return found[0]
        return None

    @asynccontextmanager
    async def _consumer(
        self, topic: str, partitions: Iterable[int]
    ) -> AsyncIterator[tuple[AIOKafkaConsumer, list[TopicPartition]]]:
        places = [TopicPartition(topic, p) for p in partitions]
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._bootstrap,
            enable_auto_commit=False,
            auto_offset_reset="none",
            max_partition_fetch_bytes=FETCH_BYTES_MAX,
            fetch_max_wait_ms=100,
        )
        await consumer.start()
        try:
            consumer.assign(places)
            yield consumer, places
        finally:
            await consumer.stop()


async def _bounds(
    consumer: AIOKafkaConsumer, places: Sequence[TopicPartition]
) -> dict[int, Bounds]:
    starts = await consumer.beginning_offsets(places)
    ends = await consumer.end_offsets(places)
    return {tp.partition: Bounds(starts[tp], ends[tp]) for tp in places}


async def _read(
    consumer: AIOKafkaConsumer, topic: str, parts: Mapping[int, Bounds]
) -> AsyncIterator[tuple[int, Sequence[ConsumerRecord]]]:
    unread = {TopicPartition(topic, p): part for p, part in parts.items() if part.start < part.end}
    for place, part in unread.items():
        consumer.seek(place, part.start)
    while unread:
        found = await consumer.getmany(*unread, timeout_ms=_POLL_MS, max_records=_RECORDS_MAX)
        for place, records in found.items():
            end = unread[place].end
            yield place.partition, [r for r in records if r.offset < end]
        for place in list(unread):
            if await consumer.position(place) >= unread[place].end:
                # What was fetched beyond the end would hold up the other partitions.
                consumer.pause(place)
                del unread[place]
