"""A gateway that is killed in the middle has kept its word."""

import signal
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from deploy.sandbox.kafka import Kafka
from schemas.topics import ALERTS, REJECTS
from tests.streams.ingest.launched import JSON, Launch, launching, send_all
from tests.streams.ingest.topics import create_topics, records_of

pytestmark = pytest.mark.broker


@pytest.fixture
async def prefix(kafka: Kafka) -> str:
    name = f"t{uuid.uuid4().hex[:8]}"
    await create_topics(kafka.bootstrap, name, ALERTS, REJECTS)
    return name


@pytest.fixture
async def launch(kafka: Kafka, prefix: str, tmp_path: Path) -> AsyncIterator[Launch]:
    async with launching(kafka, prefix, tmp_path) as launch:
        yield launch


@pytest.mark.parametrize("die_at", ["gateway.body_read:60", "gateway.produced:60"])
async def test_killed_in_the_middle_no_accepted_alert_is_lost(
    launch: Launch, kafka: Kafka, prefix: str, die_at: str
) -> None:
    process, url = await launch(DIE_AT=die_at)
    ledger, failed = await send_all(url)
    assert await process.wait() == -signal.SIGKILL
    assert ledger
    assert failed
    written = {record.value for record in await records_of(kafka.bootstrap, prefix, ALERTS)}
    assert ledger <= written

    _, url = await launch()
    async with aiohttp.ClientSession(headers=JSON) as http:
        for raw in failed:
            async with http.post(url, data=raw) as answer:
                assert answer.status == 200
    written = {record.value for record in await records_of(kafka.bootstrap, prefix, ALERTS)}
    assert ledger | failed == written
