"""The broker's side of the executor, on the real broker."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.structs import ConsumerRecord

from deploy import topics
from deploy.sandbox.kafka import Kafka
from remediators.adapters.kafka.inbox import delivery
from remediators.adapters.kafka.session import Session, open_session
from remediators.adapters.kafka.topics import Broker
from remediators.core.outcome import Pen
from remediators.ports import BrokerLost, Delivery
from schemas.codec import decode, encode
from schemas.controls import Heartbeat, Switch
from schemas.rejects import Reject
from schemas.remediation import Command, Outcome, OutcomeStatus
from schemas.topics import KIB, MIB, partition_for
from tests.remediators.builders import command, outcome

pytestmark = pytest.mark.broker
PARTITIONS = 2
HOME = partition_for("eu-1", PARTITIONS)


@dataclass
class Here:
    broker: Broker
    session: Session
    producer: AIOKafkaProducer


class Nobody:
    async def assigned(self, partitions) -> None:
        pass

    async def revoked(self, partitions) -> None:
        pass


@pytest_asyncio.fixture
async def here(kafka: Kafka) -> AsyncIterator[Here]:
    prefix = f"kafka-{uuid.uuid4().hex[:8]}"
    await topics.create(kafka.bootstrap, prefix, PARTITIONS)
    broker = Broker(kafka.bootstrap, prefix, PARTITIONS, 30.0, 30.0, f"{prefix}-executor")
    producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap)
    await producer.start()
    async with open_session(broker) as session:
        yield Here(broker, session, producer)
    await producer.stop()


async def recorded(here: Here, since_ms: int = 0, partition: int = HOME):
    return [r async for r in here.session.outcomes.read(partition, since_ms)]


async def test_what_was_appended_is_read_back_with_the_brokers_time(here: Here):
    records = [
        outcome(command(), OutcomeStatus.INTENT),
        outcome(command(), OutcomeStatus.APPLIED),
        Pen("x", 0).missing(command()),
    ]
    times = [await here.session.outcomes.append(HOME, record) for record in records]
    assert await recorded(here) == list(zip(times, records, strict=True))
    assert await recorded(here, since_ms=times[-1] + 1) == []
    assert await recorded(here, partition=1 - HOME) == []


async def test_partitions_are_read_one_after_another(here: Here):
    await here.session.outcomes.append(HOME, outcome(command(), OutcomeStatus.APPLIED))
    for _ in range(3):
        both = await asyncio.gather(*(recorded(here, partition=p) for p in range(PARTITIONS)))
        assert [len(found) for found in both] == [int(p == HOME) for p in range(PARTITIONS)]


async def test_an_outcome_that_cannot_be_read_is_told_of(here: Here):
    await here.producer.send_and_wait(here.broker.outcomes, b"\xff", partition=HOME)
    await here.session.outcomes.append(HOME, outcome(command(), OutcomeStatus.APPLIED))
    (unread, read) = [record for _, record in await recorded(here)]
    assert unread is None
    assert isinstance(read, Outcome)


async def test_switches_are_heard_from_the_first_on(here: Here):
    await here.producer.send_and_wait(
        here.broker.switches, encode(Switch("eu-1", True, "ann", "drill", 0)), key=b"eu-1"
    )
    await here.session.switches.beat(Heartbeat("me", 7))
    await here.session.switches.forget("me")
    posted = []
    while len(posted) < 3:
        posted += await here.session.switches.fetch()
    assert [p.key for p in posted] == ["eu-1", "executor/me", "executor/me"]
    assert [type(p.record) for p in posted] == [Switch, Heartbeat, type(None)]
    assert all(p.at_ms > 0 for p in posted)


async def test_commands_are_fetched_committed_and_not_fetched_again(here: Here):
    for number in range(3):
        order = command(command_id=f"c{number}")
        await here.producer.send_and_wait(
            here.broker.commands, encode(order), key=b"eu-1", partition=HOME
        )
    inbox = here.session.inbox
    await inbox.start(Nobody())
    got = await _fetched(inbox, 1)
    assert not await _fetched(inbox, 0, tries=3), "there is no room"
    got += await _fetched(inbox, 1)
    assert [d.command.command_id for d in got] == ["c0", "c1"]
    await inbox.commit({HOME: got[-1].offset})
    await inbox.stop()
    async with open_session(here.broker) as successor:
        await successor.inbox.start(Nobody())
        again = await _fetched(successor.inbox, 10)
        assert [d.command.command_id for d in again] == ["c1", "c2"]


async def _fetched(inbox, room: int, tries: int = 1_000) -> list[Delivery]:
    for _ in range(tries):
        if got := list(await inbox.fetch(room)):
            return got
    return []


async def test_what_is_no_command_is_kept_as_received(here: Here):
    spoilt = Delivery(HOME, 9, 0, b"eu-1", b"\xff\x00", None, "unknown_framing", "starts with ff")
    await here.session.inbox.reject(spoilt, at_ms=5)
    kept = decode((await first_reject(here)).value, Reject)
    assert isinstance(kept, Reject)
    assert (kept.body, kept.offset, kept.reason) == (b"\xff\x00", 9, "unknown_framing")
    assert not kept.truncated


async def test_what_somebody_made_too_large_is_kept_in_part(here: Here):
    """A batch is compressed, so a record may be of any size."""
    key, value = b"k" * MIB, b"\xff" * (20 * MIB)
    await here.session.inbox.reject(
        Delivery(HOME, 9, 0, key, value, None, "malformed", "d" * MIB), at_ms=5
    )
    record = await first_reject(here)
    kept = decode(record.value, Reject)
    assert isinstance(kept, Reject)
    assert (len(record.key or b""), len(kept.body), kept.truncated) == (64 * KIB, 4 * MIB, True)


async def first_reject(here: Here) -> ConsumerRecord:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=here.broker.bootstrap, auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        consumer.assign([TopicPartition(here.broker.rejects, p) for p in range(PARTITIONS)])
        async with asyncio.timeout(30):
            return await consumer.getone()
    finally:
        await consumer.stop()


async def test_a_broker_that_is_not_there_is_lost():
    away = Broker("127.0.0.1:1", "x", 1, 0.5, 6.0, "x")
    with pytest.raises(BrokerLost):
        async with open_session(away):
            pass


@dataclass
class Record:
    """What of a consumer's record is looked at."""

    value: bytes | None
    key: bytes | None = b"eu-1"
    partition: int = HOME
    offset: int = 0
    timestamp: int = 0


@pytest.mark.parametrize(
    ("record", "fault"),
    [
        (Record(encode(command())), ""),
        (Record(encode(command()), partition=1 - HOME), "wrong_partition"),
        (Record(encode(command()), key=b"us-1"), "wrong_key"),
        (Record(encode(command()), key=None), "wrong_key"),
        (Record(None), "empty"),
        (Record(b"{}"), "unknown_framing"),
        (Record(encode(command())[:-1]), "malformed"),
        (Record(encode(Heartbeat("x", 1))), "wrong_record"),
    ],
)
def test_each_record_is_judged(record: Record, fault: str):
    judged = delivery(record, PARTITIONS)  # type: ignore[arg-type]
    assert judged.fault == fault
    assert isinstance(judged.command, Command) is not bool(fault)
