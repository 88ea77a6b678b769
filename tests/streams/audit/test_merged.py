"""Many partitions come as one stream in the order of time, each of them whole and in its own."""

import random
import uuid

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from deploy.sandbox.kafka import Kafka
from schemas.topics import ALERTS, OUTCOMES, TAPE, Topic
from streams.audit.ground import Kept
from streams.audit.merged import HELD_BYTES_MAX, careful_consumer, merged
from streams.steps.effects import InputRecord
from tests.streams.audit.topics import SENDERS_TIME

pytestmark = pytest.mark.broker

PARTITIONS = 3
COUNTS = {ALERTS: 700, TAPE: 2_000, OUTCOMES: 1}
BIG = b"x" * 20_000


async def filled(bootstrap: str, prefix: str, begin_ms: dict[Topic, int]) -> None:
    """A record a millisecond in each, of which the tape's are large."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    await admin.create_topics(
        [NewTopic(t.name(prefix), PARTITIONS, 1, topic_configs=SENDERS_TIME) for t in COUNTS]
    )
    await admin.close()
    async with AIOKafkaProducer(bootstrap_servers=bootstrap) as producer:
        for topic, count in COUNTS.items():
            for partition in range(PARTITIONS - (topic is OUTCOMES)):
                for number in range(count):
                    await producer.send(
                        topic.name(prefix),
                        BIG if topic is TAPE else b"small",
                        partition=partition,
                        timestamp_ms=begin_ms[topic] + number,
                    )


async def test_in_the_order_of_time_and_nothing_is_left_out(kafka: Kafka) -> None:
    prefix, seed = f"merged-{uuid.uuid4().hex[:8]}", random.Random(7)
    begin_ms = {topic: 1_000_000 + seed.randrange(1_000) for topic in COUNTS}
    await filled(kafka.bootstrap, prefix, begin_ms)
    assert COUNTS[TAPE] * len(BIG) > 8 * HELD_BYTES_MAX, "each partition is paused now and then"
    found = await read(kafka.bootstrap, prefix, ends=dict(COUNTS))
    times = [record.at_ms for record in found]
    assert times == sorted(times)
    for topic, count in COUNTS.items():
        for partition in range(PARTITIONS - (topic is OUTCOMES)):
            mine = [r.offset for r in found if (r.topic, r.partition) == (topic, partition)]
            assert mine == list(range(count))


async def test_what_came_after_the_end_was_fixed_is_not_read(kafka: Kafka) -> None:
    prefix = f"merged-{uuid.uuid4().hex[:8]}"
    await filled(kafka.bootstrap, prefix, dict.fromkeys(COUNTS, 1_000_000))
    found = await read(kafka.bootstrap, prefix, ends={ALERTS: 10, TAPE: 0, OUTCOMES: 1})
    assert len(found) == 10 * PARTITIONS + PARTITIONS - 1


async def read(bootstrap: str, prefix: str, ends: dict[Topic, int]) -> list[InputRecord]:
    places = {
        TopicPartition(topic.name(prefix), partition): (
            topic,
            Kept(0, end if topic is not OUTCOMES or partition < PARTITIONS - 1 else 0),
        )
        for topic, end in ends.items()
        for partition in range(PARTITIONS)
    }
    told: list[tuple[int, int]] = []
    consumer = careful_consumer(bootstrap)
    await consumer.start()
    consumer.assign(list(places))
    batches = [batch async for batch in merged(consumer, places, lambda *done: told.append(done))]
    await consumer.stop()
    assert told[-1] == (len([r for b in batches for r in b]),) * 2
    return [record for batch in batches for record in batch]
