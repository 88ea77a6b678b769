"""Many partitions as one stream, in the order of the broker's time, without holding any of them.

Each partition keeps its own order. What a fetch brings is held; a partition that is ahead of the
others is paused until they have come after it.
"""

import heapq
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.structs import ConsumerRecord

from schemas.topics import KIB, Topic
from streams.audit.ground import Kept
from streams.read import QUIET_TIMEOUT_S, BrokerSilent, input_record
from streams.steps.effects import InputRecord

FETCH_BYTES_MAX = 256 * KIB
"""Of one partition; a larger batch of records comes alone."""
HELD_BYTES_MAX = 512 * KIB
"""Of one partition: then it is paused."""
AT_ONCE = 1_000

Progress = Callable[[int, int], None]


def careful_consumer(bootstrap: str) -> AIOKafkaConsumer:
    """In no group. It fetches little of each partition, for there may be hundreds."""
    return AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=FETCH_BYTES_MAX,
    )


@dataclass(slots=True)
class _Partition:
    place: TopicPartition
    topic: Topic
    end: int
    position: int
    done: bool = False
    paused: bool = True
    held: deque[ConsumerRecord] = field(default_factory=deque)
    held_bytes: int = 0
    newest_ms: int = 0
    """Should a broker's clock step back, the order of the partition stays."""


async def merged(
    consumer: AIOKafkaConsumer,
    places: Mapping[TopicPartition, tuple[Topic, Kept]],
    progress: Progress,
) -> AsyncIterator[list[InputRecord]]:
    """Every record of all of them that is kept and stands before its end, some at once. They are
    among what the consumer is assigned; the rest of that stays paused."""
    partitions = [
        _Partition(place, topic, kept.end, kept.begin, done=kept.begin >= kept.end)
        for place, (topic, kept) in places.items()
    ]
    consumer.pause(*consumer.assignment())
    for p in partitions:
        consumer.seek(p.place, p.position)
        _pause(consumer, p, wanted=p.done)
    total, read = sum(max(0, p.end - p.position) for p in partitions), 0
    heads: list[tuple[int, int]] = []
    while any(not p.done or p.held for p in partitions):
        await _fill(consumer, partitions, heads)
        batch = _taken(partitions, heads)
        read += len(batch)
        progress(min(read, total), total)
        yield batch
    progress(total, total)


def _taken(partitions: list[_Partition], heads: list[tuple[int, int]]) -> list[InputRecord]:
    """The oldest that are held, until one may come before them: of a partition that is empty."""
    batch: list[InputRecord] = []
    while heads and len(batch) < AT_ONCE:
        _, number = heapq.heappop(heads)
        p = partitions[number]
        next_ms = heads[0][0] if heads else None
        while p.held and len(batch) < AT_ONCE and (next_ms is None or _at_ms(p) <= next_ms):
            record = p.held.popleft()
            p.newest_ms = max(p.newest_ms, record.timestamp)
            p.held_bytes -= _bytes(record)
            batch.append(input_record(p.topic, record))
        if p.held:
            heapq.heappush(heads, (_at_ms(p), number))
        elif not p.done:
            break
    return batch


async def _fill(
    consumer: AIOKafkaConsumer, partitions: list[_Partition], heads: list[tuple[int, int]]
) -> None:
    """Until each partition either has something or is at its end."""
    by_place = {p.place: number for number, p in enumerate(partitions)}
    silent_s = 0.0
    while hungry := [p for p in partitions if not p.done and not p.held]:
        for p in partitions:
            _pause(consumer, p, wanted=p.done or p.held_bytes >= HELD_BYTES_MAX)
        batches = await consumer.getmany(timeout_ms=1000)
        silent_s = 0.0 if batches else silent_s + 1.0
        for place, records in batches.items():
            number = by_place[place]
            _hold(partitions[number], records, number, heads)
        for p in hungry:
            if not p.held and await consumer.position(p.place) >= p.end:
                p.done = True
        if silent_s >= QUIET_TIMEOUT_S and any(not p.done for p in hungry):
            raise BrokerSilent(f"{hungry[0].place.topic}: nothing for {silent_s:.0f} s")


def _hold(
    p: _Partition, records: list[ConsumerRecord], number: int, heads: list[tuple[int, int]]
) -> None:
    was_empty = not p.held
    for record in records:
        if record.offset < p.end:
            p.held.append(record)
            p.held_bytes += _bytes(record)
        if record.offset >= p.end - 1:
            p.done = True
    if was_empty and p.held:
        heapq.heappush(heads, (_at_ms(p), number))


def _pause(consumer: AIOKafkaConsumer, p: _Partition, *, wanted: bool) -> None:
    if wanted and not p.paused:
        consumer.pause(p.place)
    elif p.paused and not wanted:
        consumer.resume(p.place)
    p.paused = wanted


def _at_ms(p: _Partition) -> int:
    at_ms: int = p.held[0].timestamp
    return max(p.newest_ms, at_ms)


def _bytes(record: ConsumerRecord) -> int:
    return len(record.value or b"") + len(record.key or b"") + 100
