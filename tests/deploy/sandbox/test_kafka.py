"""The embedded broker: what is acknowledged survives, and nothing of it is left behind."""

from collections.abc import Callable

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from deploy.sandbox.kafka import Kafka


async def create_topic(broker: Kafka, name: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=broker.bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(name, num_partitions=1, replication_factor=1)])
    finally:
        await admin.close()


async def produce(broker: Kafka, topic: str, value: bytes) -> None:
    async with AIOKafkaProducer(bootstrap_servers=broker.bootstrap, acks="all") as producer:
        await producer.send_and_wait(topic, value)


async def consume(broker: Kafka, topic: str) -> bytes:
    partition = TopicPartition(topic, 0)
    async with AIOKafkaConsumer(bootstrap_servers=broker.bootstrap) as consumer:
        consumer.assign([partition])
        await consumer.seek_to_beginning(partition)
        return (await consumer.getone()).value


async def test_what_is_produced_is_consumed(kafka: Kafka) -> None:
    await create_topic(kafka, "round-trip")
    await produce(kafka, "round-trip", b"hello")
    assert await consume(kafka, "round-trip") == b"hello"


async def test_a_killed_broker_comes_back_with_its_records(own_kafka: Callable[..., Kafka]) -> None:
    broker = own_kafka()
    address = broker.bootstrap
    await create_topic(broker, "kept")
    await produce(broker, "kept", b"still here")
    broker.kill()
    assert not broker.alive
    broker.start()
    assert broker.bootstrap == address
    assert await consume(broker, "kept") == b"still here"
