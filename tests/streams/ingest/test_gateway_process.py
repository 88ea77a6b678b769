"""The gateway as a process: killed in the middle it has kept its word, told to stop it keeps it."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import aiohttp
import pytest

from deploy.sandbox.kafka import Kafka
from schemas.topics import ALERTS
from tests.streams.ingest.payloads import alert, body
from tests.streams.ingest.topics import records_of, until

pytestmark = pytest.mark.broker
SENDERS, DELIVERIES = 8, 25
JSON = {"Content-Type": "application/json"}
Launch = Callable[..., Awaitable[tuple[Process, str]]]


@pytest.fixture
async def launch(kafka: Kafka, prefix: str, tmp_path: Path) -> AsyncIterator[Launch]:
    """Starts gateways; gives each process and its address."""
    processes: list[Process] = []

    async def run(**env: str) -> tuple[Process, str]:
        port_file = tmp_path / f"port-{len(processes)}"
        settings = {
            "MENDLOG_BOOTSTRAP": kafka.bootstrap,
            "MENDLOG_TOPIC_PREFIX": prefix,
            "MENDLOG_PORT": "0",
            "MENDLOG_PORT_FILE": str(port_file),
            "MENDLOG_PRODUCE_TIMEOUT_S": "30",
        }
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.streams.ingest.gateway_process",
            env={**os.environ, **settings, **env},
        )
        processes.append(process)

        async def listens() -> bool:
            assert process.returncode is None
            return port_file.exists()

        await until(listens)
        return process, f"http://127.0.0.1:{port_file.read_text()}/api/v2/alerts"

    yield run
    for process in processes:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def send(url: str, sender: int, ledger: set[bytes], failed: set[bytes]) -> None:
    """As Prometheus would, only that it remembers what was accepted."""
    async with aiohttp.ClientSession(headers=JSON) as http:
        for number in range(DELIVERIES):
            raw = body(alert(labels={"n": f"{sender}/{number}"}))
            try:
                async with http.post(url, data=raw) as answer:
                    (ledger if answer.status == 200 else failed).add(raw)
            except aiohttp.ClientError:
                failed.add(raw)


async def send_all(url: str) -> tuple[set[bytes], set[bytes]]:
    ledger: set[bytes] = set()
    failed: set[bytes] = set()
    await asyncio.gather(*(send(url, sender, ledger, failed) for sender in range(SENDERS)))
    return ledger, failed


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


async def test_a_taken_port_is_exit_code_1(launch: Launch, tmp_path: Path) -> None:
    _, url = await launch()
    env = {**os.environ, "MENDLOG_PORT": url.split(":")[2].split("/")[0]}
    second = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.streams.ingest.gateway_process", env=env
    )
    assert await second.wait() == 1


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
