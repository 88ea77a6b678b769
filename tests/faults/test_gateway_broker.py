"""Kafka stands still, dies, is not there yet: 503 in bounded time, and no 2xx is ever lost."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from deploy.sandbox.kafka import Kafka
from schemas.topics import ALERTS, BODY_BYTES_MAX, METRICS, MIB, REJECTS
from tests.streams.ingest.payloads import alert, body
from tests.streams.ingest.running import PATIENT_S, Running, Start, gateways
from tests.streams.ingest.topics import create_topics, until

pytestmark = pytest.mark.broker
IMPATIENT_S = 1.0
RECOVERY_S = 60.0


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    async with gateways() as start:
        yield start


def numbered(number: int, size: int = 0) -> bytes:
    return body(alert(labels={"n": str(number)})) + b" " * size


async def own_gateway(broker: Kafka, start: Start, **settings) -> Running:
    await create_topics(broker.bootstrap, "own", ALERTS, REJECTS, METRICS)
    return await start(broker.bootstrap, topic_prefix="own", **settings)


async def until_accepted(gateway: Running, raw: bytes) -> None:
    async def posted() -> bool:
        return (await gateway.post(raw))[0] == 200

    await until(posted, RECOVERY_S)


async def until_ready(gateway: Running) -> None:
    async def ready() -> bool:
        return (await gateway.get("/-/ready"))[0] == 200

    await until(ready, RECOVERY_S)


async def test_a_paused_broker_is_503_and_never_a_hang(
    own_kafka: Callable[..., Kafka], start: Start
) -> None:
    broker = own_kafka()
    gateway = await own_gateway(broker, start, produce_timeout_s=IMPATIENT_S)
    await until_accepted(gateway, numbered(0))
    broker.pause()
    async with asyncio.timeout(PATIENT_S):  # one after the other they would take twice as long
        answers = await asyncio.gather(*(gateway.post(numbered(n)) for n in range(1, 61)))
    assert {status for status, _ in answers} == {503}
    assert (await gateway.get("/-/ready"))[0] == 503
    assert (await gateway.get("/-/healthy"))[0] == 200
    broker.resume()
    await until_accepted(gateway, numbered(99))
    await until_ready(gateway)
    assert {numbered(0), numbered(99)} <= set(await gateway.written())


async def test_a_paused_broker_fills_the_bound_and_not_the_memory(
    own_kafka: Callable[..., Kafka], start: Start
) -> None:
    broker = own_kafka()
    gateway = await own_gateway(
        broker, start, in_flight_bytes_max=2 * BODY_BYTES_MAX, produce_timeout_s=0.3
    )
    await until_accepted(gateway, numbered(0))
    broker.pause()
    for number in range(1, 12):
        assert (await gateway.post(numbered(number, MIB)))[0] == 503
    held = await gateway.metric("mendlog_gateway_in_flight_bytes")
    assert MIB < held <= 2 * BODY_BYTES_MAX, "eleven MiB were sent"
    broker.resume()

    async def nothing_is_held() -> bool:
        return await gateway.metric("mendlog_gateway_in_flight_bytes") == 0

    await until(nothing_is_held, RECOVERY_S)
    await until_accepted(gateway, numbered(99))


@pytest.mark.slow
async def test_a_broker_that_is_killed_loses_nothing_that_was_accepted(
    own_kafka: Callable[..., Kafka], start: Start
) -> None:
    broker = own_kafka()
    gateway = await own_gateway(broker, start)
    accepted: set[bytes] = set()
    under_way = asyncio.Event()

    async def send(numbers: range) -> None:
        for number in numbers:
            if (await gateway.post(numbered(number)))[0] == 200:
                accepted.add(numbered(number))
            if len(accepted) == 20:
                under_way.set()

    sending = [asyncio.create_task(send(range(s * 1000, s * 1000 + 100))) for s in range(4)]
    await under_way.wait()
    broker.kill()
    await asyncio.wait(sending, timeout=IMPATIENT_S)
    for task in sending:
        task.cancel()
    await asyncio.gather(*sending, return_exceptions=True)
    await asyncio.to_thread(broker.start)
    await until_accepted(gateway, numbered(99))
    assert accepted <= set(await gateway.written())


async def test_a_gateway_that_is_there_before_its_broker(
    own_kafka: Callable[..., Kafka], start: Start
) -> None:
    broker = own_kafka()
    await create_topics(broker.bootstrap, "own", ALERTS)
    broker.stop()
    gateway = await start(broker.bootstrap, topic_prefix="own", produce_timeout_s=IMPATIENT_S)
    assert (await gateway.get("/-/ready"))[0] == 503
    assert (await gateway.post(numbered(0)))[0] == 503
    await asyncio.to_thread(broker.start)
    await until_accepted(gateway, numbered(1))
    await until_ready(gateway)


async def test_without_its_topic_the_gateway_is_not_ready(kafka: Kafka, start: Start) -> None:
    gateway = await start(kafka.bootstrap, produce_timeout_s=0.3)
    assert (await gateway.get("/-/ready"))[0] == 503
    assert (await gateway.post(numbered(0)))[0] == 503


async def test_a_producer_that_kafka_no_longer_accepts_is_replaced(
    kafka: Kafka, start: Start
) -> None:
    """A batch that Kafka refuses leaves a gap in the producer's numbers, for all who follow."""
    gateway = await own_gateway(kafka, start)
    writer = gateway.gateway._writer
    assert (await gateway.post(numbered(0)))[0] == 200
    manager = writer._producer._txn_manager
    for place in [*manager._sequence_numbers]:
        manager.increment_sequence_number(place, 7)
    statuses = [(await gateway.post(numbered(n)))[0] for n in range(1, 40)]
    assert statuses.count(503) == 1
    assert len(await gateway.written()) == statuses.count(200) + 1
