"""The broker's side of the notifier, on the real broker."""

import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio
from aiokafka import AIOKafkaProducer

from deploy import topics
from deploy.sandbox.kafka import Kafka
from remediators.adapters.kafka.notices import arrival
from remediators.adapters.kafka.session import NotifierSession, open_notifier_session
from remediators.adapters.kafka.topics import Broker
from remediators.ports import BrokerLost
from schemas.codec import encode
from schemas.controls import Heartbeat
from schemas.notices import Delivery, DeliveryStatus
from schemas.topics import DELIVERIES
from tests.remediators.notify.builders import NOW_MS, notice

PARTITIONS = 2


@dataclass
class Here:
    broker: Broker
    session: NotifierSession
    producer: AIOKafkaProducer

    async def recorded(self, since_ms: int = 0, partition: int = 0) -> list[tuple[int, Delivery]]:
        return [r async for r in self.session.deliveries.read(partition, since_ms)]


@pytest_asyncio.fixture
async def here(kafka: Kafka) -> AsyncIterator[Here]:
    prefix = f"notices-{uuid.uuid4().hex[:8]}"
    await topics.create(kafka.bootstrap, prefix, PARTITIONS)
    broker = Broker(kafka.bootstrap, prefix, PARTITIONS, 30.0, 30.0, f"{prefix}-notifier")
    producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap)
    await producer.start()
    async with open_notifier_session(broker) as session:
        yield Here(broker, session, producer)
    await producer.stop()


def delivery(status: DeliveryStatus) -> Delivery:
    return Delivery("n1", "team", "incident-1", "eu-1", status, NOW_MS, "me", "ops")


@pytest.mark.broker
async def test_what_was_appended_is_read_back_with_the_brokers_time(here: Here):
    records = [delivery(status) for status in (DeliveryStatus.ATTEMPTED, DeliveryStatus.SENT)]
    times = [await here.session.deliveries.append(0, "n1:team", record) for record in records]
    assert times[0] > NOW_MS
    assert await here.recorded() == list(zip(times, records, strict=True))
    assert await here.recorded(since_ms=times[-1] + 1) == []
    assert await here.recorded(partition=1) == []


@pytest.mark.broker
async def test_a_delivery_that_cannot_be_read_is_passed_over(here: Here):
    await here.producer.send_and_wait(
        here.broker.name(DELIVERIES), b"\xff", key=b"n1:team", partition=0
    )
    await here.session.deliveries.append(0, "n1:team", delivery(DeliveryStatus.SENT))
    assert len(await here.recorded()) == 1


async def test_a_broker_that_is_not_there_is_lost():
    away = Broker("127.0.0.1:1", "x", 1, 0.5, 6.0, "x")
    with pytest.raises(BrokerLost):
        async with open_notifier_session(away):
            pass


@dataclass
class Record:
    """What of a consumer's record is looked at."""

    value: bytes | None
    key: bytes | None = b"incident-1"
    partition: int = 0
    offset: int = 0
    timestamp: int = 0


@pytest.mark.parametrize(
    ("record", "fault"),
    [
        (Record(encode(notice())), ""),
        (Record(encode(notice()), partition=1), ""),
        (Record(encode(notice()), key=b"another"), "wrong_key"),
        (Record(encode(notice()), key=None), "wrong_key"),
        (Record(None), "empty"),
        (Record(b"{}"), "unknown_framing"),
        (Record(encode(notice())[:-1]), "malformed"),
        (Record(encode(Heartbeat("x", 1))), "wrong_record"),
    ],
)
def test_each_record_is_judged(record: Record, fault: str):
    judged = arrival(record)  # type: ignore[arg-type]
    assert judged.fault == fault
    assert (judged.notice is None) is bool(fault)
    assert bool(fault) or judged.value is None, "what was read is not kept twice"
