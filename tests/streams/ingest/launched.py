"""Gateways as processes of their own, and senders that remember what was accepted."""

import asyncio
import os
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from deploy.sandbox.kafka import Kafka
from tests.streams.ingest.payloads import alert, body
from tests.streams.ingest.topics import until

SENDERS, DELIVERIES = 8, 25
JSON = {"Content-Type": "application/json"}
Launch = Callable[..., Awaitable[tuple[Process, str]]]


@asynccontextmanager
async def launching(kafka: Kafka, prefix: str, folder: Path) -> AsyncIterator[Launch]:
    """Starts gateways; gives each process and its address."""
    processes: list[Process] = []

    async def run(**env: str) -> tuple[Process, str]:
        port_file = folder / f"port-{len(processes)}"
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
