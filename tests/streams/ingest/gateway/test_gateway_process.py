"""The gateway as a process: told to stop it keeps its word; and where it must not start."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from deploy.sandbox.kafka import Kafka
from schemas.topics import ALERTS
from tests.streams.ingest.launched import Launch, launching, send_all
from tests.streams.ingest.topics import records_of, until

pytestmark = pytest.mark.broker


@pytest.fixture
async def launch(kafka: Kafka, prefix: str, tmp_path: Path) -> AsyncIterator[Launch]:
    async with launching(kafka, prefix, tmp_path) as launch:
        yield launch


async def test_told_to_stop_it_answers_what_it_has_begun(
    launch: Launch, kafka: Kafka, prefix: str
) -> None:
    process, url = await launch()
    sending = asyncio.create_task(send_all(url))

    async def some_arrived() -> bool:
        return len(await records_of(kafka.bootstrap, prefix, ALERTS)) > 10

    await until(some_arrived)
    process.terminate()
    assert await process.wait() == 0
    ledger, _ = await sending
    written = {record.value for record in await records_of(kafka.bootstrap, prefix, ALERTS)}
    assert ledger <= written


async def test_a_taken_port_is_exit_code_78(launch: Launch, tmp_path: Path) -> None:
    _, url = await launch()
    env = {**os.environ, "MENDLOG_PORT": url.split(":")[2].split("/")[0]}
    second = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.streams.ingest.gateway_process", env=env
    )
    assert await second.wait() == 78


async def test_it_refuses_to_be_open_to_the_network() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.streams.ingest.gateway_process",
        env={**os.environ, "MENDLOG_HOST": "0.0.0.0", "MENDLOG_PORT": "0"},
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate()
    assert process.returncode == 78
    assert b"no source has a token" in out
