"""The writer without a broker, and without its topic: what is said, to whom and how often."""

import asyncio
import time

import pytest
from structlog.testing import capture_logs

from deploy.sandbox import ports
from deploy.sandbox.kafka import Kafka
from schemas.topics import ALERTS, MIB, REJECTS
from streams.ingest.flight import Flight
from streams.ingest.produce import NotAcknowledged, Record, Writer
from tests.streams.ingest.payloads import alert, body
from tests.streams.ingest.running import PATIENT_S, Start
from tests.streams.ingest.topics import create_topics, until

NOWHERE = "127.0.0.1:1"
NOBODY = f"no Kafka broker answers at {NOWHERE}"
CREATE = "run `mendlog topics create`, or set MENDLOG_TOPIC_PREFIX"


def writer(bootstrap: str) -> Writer:
    return Writer(bootstrap, "test", Flight(64 * MIB), PATIENT_S)


async def test_without_a_broker_the_sender_hears_so_at_once() -> None:
    made, began_s = writer(NOWHERE), time.monotonic()
    with capture_logs() as told:
        for _ in range(3):
            with pytest.raises(NotAcknowledged, match=f"^{NOBODY}$"):
                await made.write([Record("t", b"x")])
        assert await made.why_not("t") == NOBODY
    await made.close()
    assert time.monotonic() - began_s < PATIENT_S
    assert [line["event"] for line in told] == [NOBODY]


async def test_the_gateway_says_so_before_anybody_sends(start: Start) -> None:
    with capture_logs() as told:
        gateway = await start(NOWHERE)

        async def is_told() -> bool:
            return NOBODY in [line["event"] for line in told]

        await until(is_told)
    assert await gateway.get("/-/ready") == (503, f"{NOBODY}\n")
    assert await gateway.post(body(alert())) == (503, f'"{NOBODY}"')


@pytest.mark.broker
async def test_a_broker_that_comes_late_is_greeted(kafka: Kafka, prefix: str) -> None:
    (port,) = ports.choose(1)
    made = writer(f"127.0.0.1:{port}")
    events: list[str] = []

    async def told() -> bool:
        events[:] = [line["event"] for line in lines]
        return bool(events)

    async def answers() -> bool:
        return await told() and "Kafka answers" in events

    with capture_logs() as lines:
        made.greet(ALERTS.name(prefix))
        await until(told)
        async with await asyncio.start_server(through_to(kafka), "127.0.0.1", port):
            await until(answers)
            await made.close()
    assert events == [f"no Kafka broker answers at 127.0.0.1:{port}", "Kafka answers"]


def through_to(kafka: Kafka):
    host, _, port = kafka.bootstrap.rpartition(":")

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(65536):
            writer.write(piece)
        writer.close()

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there = await asyncio.open_connection(host, int(port))
        await asyncio.gather(carry(reader, there[1]), carry(there[0], writer))

    return take


@pytest.mark.broker
async def test_without_its_topic_everybody_is_told_what_to_do(
    kafka: Kafka, start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    with capture_logs() as told:
        gateway = await start(kafka.bootstrap)
        prefix = gateway.settings.topic_prefix
        why = f"there is no topic {prefix}.alerts: {CREATE}"
        for _ in range(3):
            assert await gateway.post(body(alert())) == (503, f'"{why}"')
        assert await gateway.get("/-/ready") == (503, f"{why}\n")
        assert [
            line["why"] for line in told if line["log_level"] == "warning" and "why" in line
        ] == [why]
        await create_topics(kafka.bootstrap, prefix, ALERTS, REJECTS)

        async def is_ready() -> bool:
            return (await gateway.get("/-/ready"))[0] == 200

        await until(is_ready)
    assert (await gateway.post(body(alert())))[0] == 200
    assert "the topic is there now" in [line["event"] for line in told]
    assert "not found in cluster metadata" not in caplog.text
