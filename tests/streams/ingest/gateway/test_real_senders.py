"""Prometheus, Alertmanager and amtool themselves, sending to our gateway with a token."""

import asyncio
import signal
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from deploy.sandbox import ports
from deploy.sandbox.kafka import Kafka
from schemas.alerts import AlertStatus, Sighting
from streams.ingest.formats.catalog import read
from tests.streams.ingest.running import Running, Start
from tests.streams.ingest.topics import header, until

pytestmark = [pytest.mark.broker, pytest.mark.slow]
TOKEN = "token-of-the-real-sender"
RULES = """
groups:
  - name: test
    interval: 1s
    rules:
      - alert: Blip
        expr: vector(1) == {fires}
        labels: {{severity: critical, nothing: ""}}
        annotations: {{summary: "value {{{{ $value }}}}"}}
"""
SOURCES = "version: 1\nsources: [{name: real, cluster: prod, token_env: REAL}]\n"
Run = Callable[..., Awaitable[Process]]


@pytest.fixture
async def gateway(kafka: Kafka, prefix: str, start: Start, tmp_path: Path) -> Running:
    (tmp_path / "sources.yaml").write_text(SOURCES)
    return await start(
        kafka.bootstrap,
        topic_prefix=prefix,
        sources_file=tmp_path / "sources.yaml",
        env={"REAL": TOKEN},
    )


@pytest.fixture
async def run() -> AsyncIterator[Run]:
    processes = []

    async def start(*argv: str) -> Process:
        process = await asyncio.create_subprocess_exec(*argv)
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        await process.wait()


async def sightings(gateway: Running) -> list[Sighting]:
    """As `observe` would see them, by the broker's time."""
    found = []
    for record in await gateway.records():
        assert (header(record, "source"), header(record, "cluster")) == ("real", "prod")
        parsed = read(record.value, "real", header(record, "format"), record.timestamp)
        assert not parsed.faults
        found += parsed.sightings
    return found


@pytest.mark.needs("prometheus")
async def test_prometheus_fires_and_resolves(gateway: Running, run: Run, tmp_path: Path) -> None:
    """It drops what comes before it has found its Alertmanagers: it fires until we have heard."""
    rules = tmp_path / "rules.yml"
    rules.write_text(RULES.format(fires=1))
    (tmp_path / "prometheus.yml").write_text(
        f"""
global: {{external_labels: {{replica: a}}}}
rule_files: [{rules}]
alerting:
  alertmanagers:
    - authorization: {{credentials: {TOKEN}}}
      static_configs: [{{targets: ["127.0.0.1:{gateway.gateway.port}"]}}]
"""
    )
    (port,) = ports.choose(1)
    prometheus = await run(
        "prometheus",
        f"--config.file={tmp_path}/prometheus.yml",
        f"--storage.tsdb.path={tmp_path}/data",
        f"--web.listen-address=127.0.0.1:{port}",
        "--rules.alert.resend-delay=1s",
    )

    async def firing() -> list[Sighting]:
        return [one for one in await sightings(gateway) if one.status is AlertStatus.FIRING]

    async def told_twice() -> bool:
        return len(await firing()) > 1  # What arrives seconds late has ended by its own word.

    async def has_resolved() -> bool:
        return AlertStatus.RESOLVED in {seen.status for seen in await sightings(gateway)}

    await until(told_twice)
    rules.write_text(RULES.format(fires=0))
    prometheus.send_signal(signal.SIGHUP)
    await until(has_resolved)
    seen = await sightings(gateway)
    assert all(one.ends_at_ms > one.starts_at_ms + 2000 for one in await firing())
    assert {(one.fingerprint, one.starts_at_ms) for one in seen} == {
        (seen[0].fingerprint, seen[0].starts_at_ms)
    }
    assert seen[0].labels == {"alertname": "Blip", "severity": "critical", "replica": "a"}


@pytest.mark.needs("prometheus-alertmanager")
async def test_alertmanager_sends_its_webhook(gateway: Running, run: Run, tmp_path: Path) -> None:
    url = f"{gateway.url}/webhook/alertmanager"
    (tmp_path / "alertmanager.yml").write_text(
        f"""
route: {{receiver: mendlog, group_wait: 100ms, group_by: [alertname]}}
receivers:
  - name: mendlog
    webhook_configs:
      - url: {url}
        http_config: {{authorization: {{credentials: {TOKEN}}}}}
"""
    )
    (port,) = ports.choose(1)
    await run(
        "prometheus-alertmanager",
        f"--config.file={tmp_path}/alertmanager.yml",
        f"--storage.path={tmp_path}/data",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    )
    await until(lambda: amtool(port, "alert", "add", "Disk", "node=n1"))

    async def has_arrived() -> bool:
        return bool(await sightings(gateway))

    await until(has_arrived)
    (seen,) = await sightings(gateway)
    assert (seen.status, seen.ends_at_ms) == (AlertStatus.FIRING, 0)
    assert seen.labels == {"alertname": "Disk", "node": "n1"}


@pytest.mark.needs("amtool")
async def test_amtool_takes_us_for_an_alertmanager(kafka: Kafka, prefix: str, start: Start) -> None:
    gateway = await start(kafka.bootstrap, topic_prefix=prefix)
    assert await amtool(gateway.gateway.port, "alert", "add", "Disk", "node=n1")
    assert await amtool(gateway.gateway.port, "cluster", "show")
    (raw,) = await gateway.written()
    assert b'"node":"n1"' in raw


async def amtool(port: int, *arguments: str) -> bool:
    process = await asyncio.create_subprocess_exec(
        "amtool",
        f"--alertmanager.url=http://127.0.0.1:{port}",
        *arguments,
        stdout=DEVNULL,
        stderr=DEVNULL,
    )
    return await process.wait() == 0
