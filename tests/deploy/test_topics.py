"""Topics are made as declared, and differences are found, on a real broker."""

import asyncio
import socket
import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import NewPartitions, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from deploy.broker import BrokerUnreachable, administer
from deploy.drift import Drift, check, differences
from deploy.sandbox.broker_probe import knows_itself
from deploy.sandbox.kafka import Kafka
from deploy.topics import Wanted, create, wanted
from schemas.codec import encode
from schemas.housekeeping import TopicBorn
from schemas.topics import TOPICS
from streams.incarnations import IncarnationsUnknown, newest_births, read_incarnations

PARTITIONS = 2
BORN = TopicBorn("p.tape", "0" * 32, PARTITIONS, 1)


@pytest.fixture
def prefix() -> str:
    return f"t{uuid.uuid4().hex[:12]}"


async def test_all_topics_are_made_and_are_as_declared(kafka: Kafka, prefix: str) -> None:
    made = await create(kafka.bootstrap, prefix, PARTITIONS)
    assert made.created == tuple(topic.name(prefix) for topic in TOPICS)
    assert not made.failed
    assert await check(kafka.bootstrap, prefix, PARTITIONS) == ()


async def test_a_second_run_changes_nothing(kafka: Kafka, prefix: str) -> None:
    await create(kafka.bootstrap, prefix, PARTITIONS)
    before = await read_incarnations(kafka.bootstrap, prefix)
    again = await create(kafka.bootstrap, prefix, PARTITIONS)
    assert again.created == again.adopted == ()
    assert len(again.existed) == len(TOPICS)
    assert await read_incarnations(kafka.bootstrap, prefix) == before


async def test_each_topic_has_an_incarnation_of_its_own(kafka: Kafka, prefix: str) -> None:
    await create(kafka.bootstrap, prefix, PARTITIONS)
    births = await read_incarnations(kafka.bootstrap, prefix)
    assert set(births) == {topic.name(prefix) for topic in TOPICS}
    assert len({born.incarnation for born in births.values()}) == len(TOPICS)
    assert births[f"{prefix}.tape"].partitions == PARTITIONS
    assert births[f"{prefix}.switches"].partitions == 1


async def test_a_topic_made_anew_has_another_incarnation(kafka: Kafka, prefix: str) -> None:
    tape = f"{prefix}.tape"
    await create(kafka.bootstrap, prefix, PARTITIONS)
    before = await read_incarnations(kafka.bootstrap, prefix)
    await asked(kafka, lambda admin: admin.delete_topics([tape]))
    await known(kafka, lambda topics: tape not in {topic["topic"] for topic in topics})
    assert (await create(kafka.bootstrap, prefix, PARTITIONS)).created == (tape,)
    after = await read_incarnations(kafka.bootstrap, prefix)
    assert {topic for topic in after if after[topic] != before[topic]} == {tape}


async def test_a_topic_that_somebody_else_made_is_given_an_incarnation(
    kafka: Kafka, prefix: str
) -> None:
    alerts = f"{prefix}.alerts"
    await asked(kafka, lambda admin: admin.create_topics([NewTopic(alerts, PARTITIONS, 1)]))
    made = await create(kafka.bootstrap, prefix, PARTITIONS)
    assert made.adopted == made.existed == (alerts,)
    assert alerts in await read_incarnations(kafka.bootstrap, prefix)
    drifts = await check(kafka.bootstrap, prefix, PARTITIONS)
    assert {drift.topic for drift in drifts} == {alerts}
    assert "incarnation" not in {drift.setting for drift in drifts}


async def test_further_topics_are_made_and_checked_too(kafka: Kafka, prefix: str) -> None:
    extra = ((f"{prefix}-samples-changelog", {"cleanup.policy": "compact"}),)
    made = await create(kafka.bootstrap, prefix, PARTITIONS, extra=extra)
    assert made.created[-1] == extra[0][0]
    assert await check(kafka.bootstrap, prefix, PARTITIONS, extra=extra) == ()
    other = ((extra[0][0], {"cleanup.policy": "delete"}),)
    assert await check(kafka.bootstrap, prefix, PARTITIONS, extra=other) == (
        Drift(extra[0][0], "cleanup.policy", "delete", "compact"),
    )


async def test_what_somebody_changed_by_hand_is_found(kafka: Kafka, prefix: str) -> None:
    await create(kafka.bootstrap, prefix, PARTITIONS)
    tape, commands = f"{prefix}.tape", f"{prefix}.commands"
    declared = next(topic for topic in wanted(prefix, PARTITIONS) if topic.name == tape)
    changed = {**declared.config, "retention.ms": "1000", "message.timestamp.type": "CreateTime"}
    resource = ConfigResource(ConfigResourceType.TOPIC, tape, changed)
    await asked(kafka, lambda admin: admin.alter_configs([resource]))
    await asked(kafka, lambda admin: admin.create_partitions({commands: NewPartitions(3)}))
    await asked(kafka, lambda admin: admin.delete_topics([f"{prefix}.notices"]))
    # The controller applies them in this order, so the last that shows shows them all.
    await known(kafka, lambda topics: f"{prefix}.notices" not in {t["topic"] for t in topics})
    found = {(d.topic, d.setting, d.found) for d in await check(kafka.bootstrap, prefix, 2)}
    assert found == {
        (tape, "retention.ms", "1000"),
        (tape, "message.timestamp.type", "CreateTime"),
        (commands, "partitions", "3"),
        (f"{prefix}.notices", "topic", "missing"),
    }


async def test_nothing_is_made_that_cannot_be_replicated(kafka: Kafka, prefix: str) -> None:
    made = await create(kafka.bootstrap, prefix, PARTITIONS, replication=3)
    assert made.created == made.existed == ()
    assert len(made.failed) == len(TOPICS)
    assert "only 1 broker" in made.failed[f"{prefix}.topics"]
    assert await read_incarnations(kafka.bootstrap, prefix) == {}


async def test_a_record_that_is_no_birth_takes_the_incarnation_away(
    kafka: Kafka, prefix: str
) -> None:
    await create(kafka.bootstrap, prefix, PARTITIONS)
    tape = f"{prefix}.tape"
    async with AIOKafkaProducer(bootstrap_servers=kafka.bootstrap) as producer:
        await producer.send_and_wait(f"{prefix}.topics", b"{}", key=tape.encode())
    assert tape not in await read_incarnations(kafka.bootstrap, prefix)
    drifts = await check(kafka.bootstrap, prefix, PARTITIONS)
    assert drifts == (Drift(tape, "incarnation", "written at creation", "none"),)
    assert (await create(kafka.bootstrap, prefix, PARTITIONS)).adopted == (tape,)


async def test_no_broker_is_one_clear_answer() -> None:
    with socket.socket() as bound:  # bound and not listening: nobody else gets the port
        bound.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{bound.getsockname()[1]}"
        with pytest.raises(BrokerUnreachable, match=f"no Kafka broker answers at {address}"):
            await check(address, "p", PARTITIONS)
        with pytest.raises(IncarnationsUnknown):
            await read_incarnations(address, "p")


@pytest.mark.parametrize("address", ["kafka:port", "nowhere.invalid:9092"])
async def test_what_is_no_address_is_told_as_such(address: str) -> None:
    with pytest.raises(BrokerUnreachable, match=address):
        await check(address, "p", PARTITIONS)
    with pytest.raises(IncarnationsUnknown, match=address):
        await read_incarnations(address, "p")


async def test_a_broker_that_says_nothing_is_not_waited_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(BrokerUnreachable, match=r"did not answer in 0.2 s"):
            await create(address, "p", PARTITIONS, timeout_s=0.2)


async def test_a_broker_that_its_controller_takes_for_dead_is_waited_for(
    own_kafka: Callable[..., Kafka],
) -> None:
    """As after a long pause; here it says too seldom that it lives."""
    broker = own_kafka(
        settings={"broker.heartbeat.interval.ms": 8000, "broker.session.timeout.ms": 4000}
    )
    host, port = broker.bootstrap.split(":")
    while knows_itself(host, int(port)):  # noqa: ASYNC110 - no event
        await asyncio.sleep(0.02)
    with pytest.raises(BrokerUnreachable, match=r"did not answer in 0.2 s"):
        async with administer(broker.bootstrap, 0.2) as admin:
            await admin.list_topics()
    async with administer(broker.bootstrap, 60) as admin:
        assert await admin.list_topics() == []


@pytest.mark.parametrize(
    ("records", "known"),
    [
        pytest.param([(b"p.tape", encode(BORN))], {"p.tape": BORN}, id="one"),
        pytest.param(
            [(b"p.tape", encode(replace(BORN, incarnation="1"))), (b"p.tape", encode(BORN))],
            {"p.tape": BORN},
            id="the newest",
        ),
        pytest.param([(b"p.tape", encode(BORN)), (b"p.tape", None)], {}, id="a tombstone"),
        pytest.param([(b"p.tape", encode(BORN)), (b"p.tape", b"?")], {}, id="unreadable"),
        pytest.param([(b"p.alerts", encode(BORN))], {}, id="under another topic's key"),
        pytest.param([(None, encode(BORN))], {}, id="without a key"),
        pytest.param([(b"\xff", encode(BORN))], {}, id="a key that is no text"),
    ],
)
def test_births(records: list[Any], known: Mapping[str, TopicBorn]) -> None:
    assert newest_births(records) == known


@pytest.mark.parametrize(
    ("replicas", "in_sync_min", "found"),
    [(1, "1", ()), (2, "1", ("2",)), (3, "1", ("2",)), (3, "2", ()), (3, "3", ()), (5, "2", ())],
)
def test_what_is_acknowledged_must_be_on_two_brokers_where_there_are_two(
    replicas: int, in_sync_min: str, found: tuple[str, ...]
) -> None:
    described = {"partitions": [{"replicas": list(range(replicas))}]}
    config = {"min.insync.replicas": in_sync_min}
    drifts = list(differences(Wanted("p.tape", 1, {}), described, config))
    assert tuple(drift.wanted for drift in drifts) == found


async def asked(kafka: Kafka, request: Any) -> Any:
    async with administer(kafka.bootstrap, 10) as admin:
        return await request(admin)


async def known(kafka: Kafka, shows: Any) -> None:
    """Until what was asked of the controller shows in what the broker tells; bounded by pytest."""
    async with administer(kafka.bootstrap, 10) as admin:
        while not shows(await admin.describe_topics()):  # noqa: ASYNC110 - no event
            await asyncio.sleep(0.02)
