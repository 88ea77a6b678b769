"""Starting from nothing: a journal that is empty beside a tape that is not.

The state is recomputed from the whole tape, which gives again everything that it ever gave. What
has expired since must not be ordered or told a second time.
"""

from aiokafka import AIOKafkaConsumer, TopicPartition

from schemas.topics import TAPE, journal
from streams.read import bounds, plain_consumer, read_partition


async def silent_until_ms(bootstrap: str, prefix: str, partitions: int) -> dict[int, int]:
    """For each partition that is to be rebuilt: the broker's time of the last fact on its tape."""
    consumer = plain_consumer(bootstrap)
    await consumer.start()
    try:
        found = {p: await _last_fact_ms(consumer, prefix, p) for p in range(partitions)}
    finally:
        await consumer.stop()
    return {partition: at_ms for partition, at_ms in found.items() if at_ms}


async def _last_fact_ms(consumer: AIOKafkaConsumer, prefix: str, partition: int) -> int:
    state, tape = journal("decide", "tape").name(prefix), TAPE.name(prefix)
    _, written = await bounds(consumer, TopicPartition(state, partition))
    first, end = await bounds(consumer, TopicPartition(tape, partition))
    if written or first == end:
        return 0
    last_ms = 0
    async for record in read_partition(consumer, tape, partition, end - 1):
        last_ms = record.timestamp
    return last_ms
