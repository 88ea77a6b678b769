"""More senders than a gateway has room for, large ones and slow ones: they are told to come again,
what it holds is bounded, and everybody is accepted in the end."""

import asyncio
import os
import uuid
from asyncio.subprocess import Process
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import psutil
import pytest

from deploy.sandbox.kafka import Kafka
from schemas.topics import ALERTS, BODY_BYTES_MAX, MIB, REJECTS
from tests.streams.ingest.launched import JSON, Launch, launching
from tests.streams.ingest.payloads import alert, body
from tests.streams.ingest.topics import create_topics, records_of

pytestmark = pytest.mark.broker

ROOM_BYTES = 16 * MIB
SENDERS = 40
LARGE = b" " * (BODY_BYTES_MAX - MIB)
HELD_PER_BYTE = 5
"""Of the process for each byte of room: text, what is made of it, what is on its way to Kafka, what
sockets have read ahead. Without a bound the bodies alone would be seven times the room."""
ANSWER_S = 100.0


@pytest.fixture
async def launch(kafka: Kafka, tmp_path: Path) -> AsyncIterator[tuple[Launch, str]]:
    prefix = f"t{uuid.uuid4().hex[:8]}"
    await create_topics(kafka.bootstrap, prefix, ALERTS, REJECTS)
    async with launching(kafka, prefix, tmp_path) as run:
        yield run, prefix


async def test_a_flood_of_large_and_slow_senders_is_503_and_no_memory(
    launch: tuple[Launch, str], kafka: Kafka
) -> None:
    run, prefix = launch
    process, url = await run(MENDLOG_IN_FLIGHT_BYTES_MAX=str(ROOM_BYTES))
    answers: Counter[int] = Counter()
    async with aiohttp.ClientSession(
        headers=JSON,
        connector=aiohttp.TCPConnector(limit=0),
        timeout=aiohttp.ClientTimeout(total=ANSWER_S),
    ) as http:
        async with http.post(url, data=body(alert())) as answer:
            assert answer.status == 200
        idle = rss(process)
        watching = asyncio.create_task(peak(process))
        stalled = [asyncio.create_task(stall(http, url, answers)) for _ in range(2)]
        accepted = await asyncio.gather(
            *(until_accepted(http, url, n, answers) for n in range(SENDERS))
        )
        await asyncio.gather(*stalled)
        watching.cancel()
        highest = await watching
    print(
        f"{SENDERS} bodies of {len(LARGE) // MIB} MiB with room for {ROOM_BYTES // MIB}: "
        f"{dict(answers)}, resident {idle // MIB} MiB idle and {highest // MIB} MiB at most"
    )
    assert answers[503]
    assert set(answers) <= {200, 503, 408}
    assert highest - idle < HELD_PER_BYTE * ROOM_BYTES
    written = {record.value for record in await records_of(kafka.bootstrap, prefix, ALERTS)}
    assert set(accepted) <= written


async def until_accepted(
    http: aiohttp.ClientSession, url: str, number: int, answers: Counter[int]
) -> bytes:
    """As a sender does that is told when to come again."""
    raw = body(alert(labels={"n": str(number)})) + LARGE
    async with asyncio.timeout(ANSWER_S):
        while True:
            async with http.post(url, data=raw) as answer:
                answers[answer.status] += 1
                if answer.status == 200:
                    return raw
                assert answer.status == 503
                pause_s = float(answer.headers["Retry-After"])
            await asyncio.sleep(pause_s * int.from_bytes(os.urandom(1)) / 255)


async def stall(http: aiohttp.ClientSession, url: str, answers: Counter[int]) -> None:
    """Sends the most of a body and then no more of it."""

    async def pieces() -> AsyncIterator[bytes]:
        yield b" " * (2 * MIB)
        await asyncio.sleep(ANSWER_S)

    try:
        async with http.post(url, data=pieces()) as answer:
            answers[answer.status] += 1
    except aiohttp.ClientError:
        pass  # it was refused before it had said all


def rss(process: Process) -> int:
    return int(psutil.Process(process.pid).memory_info().rss)


async def peak(process: Process) -> int:
    """Until it is cancelled."""
    highest = 0
    try:
        while True:
            highest = max(highest, rss(process))
            await asyncio.sleep(0.02)
    except asyncio.CancelledError:
        return highest
