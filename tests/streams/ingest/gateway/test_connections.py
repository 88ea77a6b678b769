"""Senders that are slow, that lie about lengths, that go away: an answer or a closed connection."""

import asyncio

import pytest

from deploy.sandbox.kafka import Kafka
from schemas.topics import BODY_BYTES_MAX, MIB
from tests.streams.ingest.payloads import alert, body
from tests.streams.ingest.running import PATIENT_S, Running, Start
from tests.streams.ingest.topics import until

pytestmark = pytest.mark.broker
GOOD = body(alert())
HEAD = b"POST /api/v2/alerts HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
IMPATIENT_S = 0.3


@pytest.fixture
async def gateway(kafka: Kafka, prefix: str, start: Start) -> Running:
    return await start(kafka.bootstrap, topic_prefix=prefix, in_flight_bytes_max=2 * BODY_BYTES_MAX)


@pytest.fixture
async def impatient(kafka: Kafka, prefix: str, start: Start) -> Running:
    return await start(kafka.bootstrap, topic_prefix=prefix, body_timeout_s=IMPATIENT_S)


async def talk(gateway: Running, *pieces: bytes, hang_up: bool = False) -> bytes:
    """What the gateway answers to these bytes, until it closes; "" when it says nothing."""
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.gateway.port)
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        if hang_up:
            writer.write_eof()
        async with asyncio.timeout(PATIENT_S):
            return await reader.readuntil(b"\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return b""
    finally:
        writer.close()


async def until_held(gateway: Running, size: int) -> None:
    async def held() -> bool:
        return await gateway.metric("mendlog_gateway_in_flight_bytes") == size

    await until(held)


async def test_a_body_that_never_ends(impatient: Running) -> None:
    answer = await talk(impatient, HEAD + b"Content-Length: 900\r\n\r\n[")
    assert answer.startswith(b"HTTP/1.1 408 ")


async def test_a_body_of_one_byte_now_and_then(impatient: Running) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", impatient.gateway.port)
    writer.write(HEAD + b"Content-Length: 900\r\n\r\n")

    async def drip() -> None:
        while True:
            writer.write(b" ")
            await asyncio.sleep(IMPATIENT_S / 10)

    dripping = asyncio.create_task(drip())
    try:
        async with asyncio.timeout(PATIENT_S):
            assert (await reader.readuntil(b"\r\n")).startswith(b"HTTP/1.1 408 ")
    finally:
        dripping.cancel()
        writer.close()


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (HEAD + b"Content-Length: 5000000\r\n\r\n", b"413"),
        (HEAD + b"Content-Length: -1\r\n\r\n", b"400"),
        (HEAD + b"Content-Length: x\r\n\r\n", b"400"),
        (HEAD + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\n[]]]", b"400"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n[]\r\n0\r\n\r\n", b"400"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n[]\r\n0\r\n\r\n", b"200"),
        (
            HEAD + b"Content-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[]\r\n0\r\n\r\n",
            b"400",
        ),
        (HEAD + b"X: " + b"x" * 20_000 + b"\r\n\r\n", b"400"),
        (b"nonsense\r\n\r\n", b"400"),
    ],
    ids=[
        "too much announced",
        "negative length",
        "length no number",
        "two lengths",
        "broken chunk",
        "chunked",
        "chunked with a length",
        "20 KB of header",
        "no HTTP",
    ],
)
async def test_lengths_that_do_not_add_up(
    gateway: Running, request_bytes: bytes, status: bytes
) -> None:
    assert (await talk(gateway, request_bytes))[9:12] == status
    assert await gateway.records() == []


async def test_a_shorter_length_than_the_body_is_an_unreadable_body(gateway: Running) -> None:
    answer = await talk(gateway, HEAD + b"Content-Length: %d\r\n\r\n" % (len(GOOD) - 2) + GOOD)
    assert answer[9:12] == b"400"
    assert await gateway.records() == []


async def test_a_sender_that_hangs_up_has_sent_nothing(gateway: Running) -> None:
    head = HEAD + b"Content-Length: %d\r\n\r\n" % (len(GOOD) + 1)
    await talk(gateway, head + GOOD, hang_up=True)
    await until_held(gateway, 0)
    assert await gateway.records() == []


async def test_more_bytes_than_may_be_under_way_are_told_to_come_again(gateway: Running) -> None:
    """Who has said how much is to come has room for it, and for the record that it becomes."""
    head = HEAD + b"Content-Length: %d\r\n\r\n" % BODY_BYTES_MAX
    waiting = asyncio.create_task(talk(gateway, head, b" " * MIB))
    await until_held(gateway, 2 * BODY_BYTES_MAX)
    second = await gateway.http.post(
        gateway.url + "/api/v2/alerts",
        data=body(alert(annotations={"s": "x" * 60_000})) + b" " * MIB,
        headers={"Content-Type": "application/json"},
    )
    assert (second.status, second.headers["Retry-After"]) == (503, "1")
    waiting.cancel()
    await until_held(gateway, 0)
    assert (await gateway.post(GOOD))[0] == 200
