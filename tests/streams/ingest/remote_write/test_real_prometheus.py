"""Prometheus itself, sending what it scrapes: from its first sample to its stale markers."""

import asyncio
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from deploy.sandbox import ports
from deploy.sandbox.kafka import Kafka
from schemas.codec import decode
from schemas.metrics import Sample, Samples
from schemas.topics import METRICS
from tests.streams.ingest.running import Running, Start
from tests.streams.ingest.topics import until

pytestmark = [pytest.mark.broker, pytest.mark.slow, pytest.mark.needs("prometheus")]
TOKEN = "token-of-the-real-prometheus"
SOURCES = "version: 1\nsources: [{name: real, cluster: prod, token_env: REAL}]\n"
CONFIG = """
global: {{scrape_interval: 1s, external_labels: {{cluster: other, region: eu}}}}
scrape_configs:
  - job_name: checkout
    static_configs:
      - targets: ["{target}"]
        labels: {{namespace: shop, service: checkout, pod: checkout-1}}
remote_write:
  - url: {url}/api/v1/write
    authorization: {{credentials: {token}}}
    queue_config: {{batch_send_deadline: 1s}}
    metadata_config: {{send_interval: 1s}}
    write_relabel_configs:
      - {{source_labels: [__name__], regex: "up|requests_total|ratio", action: keep}}
"""
PAGE = """\
# TYPE requests_total counter
requests_total{code="200"} 7
requests_total{code="500"} 3
# TYPE ratio gauge
ratio NaN
# TYPE secret gauge
secret 1
"""
Run = Callable[..., Awaitable[Process]]


@pytest.fixture
async def gateway(kafka: Kafka, prefix: str, start: Start, tmp_path: Path) -> Running:
    (tmp_path / "sources.yaml").write_text(SOURCES)
    file = tmp_path / "sources.yaml"
    return await start(kafka.bootstrap, topic_prefix=prefix, sources_file=file, env={"REAL": TOKEN})


@pytest.fixture
async def target() -> AsyncIterator[TestServer]:
    async def metrics(_: web.Request) -> web.Response:
        return web.Response(text=PAGE)

    app = web.Application()
    app.router.add_get("/metrics", metrics)
    async with TestServer(app) as server:
        yield server


@pytest.fixture
async def run() -> AsyncIterator[Run]:
    processes: list[Process] = []

    async def start(*argv: str) -> Process:
        processes.append(await asyncio.create_subprocess_exec(*argv))
        return processes[-1]

    yield start
    for process in processes:
        process.kill()
        await process.wait()


async def test_what_prometheus_scrapes_arrives_until_its_target_goes_away(
    gateway: Running, target: TestServer, run: Run, tmp_path: Path
) -> None:
    config = tmp_path / "prometheus.yml"
    address = f"127.0.0.1:{target.port}"
    config.write_text(CONFIG.format(target=address, url=gateway.url, token=TOKEN))
    (port,) = ports.choose(1)
    await run(
        "prometheus",
        f"--config.file={config}",
        f"--storage.tsdb.path={tmp_path}/data",
        f"--web.listen-address=127.0.0.1:{port}",
    )

    async def counted(name: str, kind: str) -> bool:
        line = f'mendlog_gateway_samples_{name}_total{{kind="{kind}",source="real"}}'
        return await gateway.metric(line) > 0

    async def is_up() -> bool:
        return any(sample.value == 1 for sample in await samples(gateway, "up"))

    async def is_down() -> bool:
        return any(sample.value == 0 for sample in await samples(gateway, "up"))

    await until(is_up)
    await until(lambda: counted("skipped", "metadata"))
    await until(lambda: counted("skipped", "no_value"))
    if await counted("skipped", "stale"):
        await until(is_down)  # A scrape that we answered too late, and for no other reason.
    await target.close()
    await until(lambda: counted("skipped", "stale"))
    await until(is_down)

    found = await written(gateway)
    assert all(
        one.labels
        == {
            "cluster": "prod",
            "region": "eu",
            "namespace": "shop",
            "service": "checkout",
            "pod": "checkout-1",
            "job": "checkout",
            "instance": address,
        }
        for one in found
    )
    names = {sample.name for one in found for sample in one.samples}
    assert names == {"up", "requests_total"}, "what is not kept is not sent; NaN is no value"
    values = {sample.labels["code"]: sample.value for sample in await samples(gateway)}
    assert values == {"200": 7, "500": 3}
    assert await gateway.metric("mendlog_gateway_samples_rejected_total") == 0


async def written(gateway: Running) -> list[Samples]:
    found = [decode(record.value, Samples) for record in await gateway.records(METRICS)]
    return [one for one in found if isinstance(one, Samples)]


async def samples(gateway: Running, name: str = "requests_total") -> list[Sample]:
    return [
        sample for one in await written(gateway) for sample in one.samples if sample.name == name
    ]
