"""The scraper: what targets say of themselves, and that they say nothing, arrives in `metrics`."""

import asyncio
import gzip
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from hypothesis import given
from hypothesis import strategies as st

from deploy.sandbox import ports
from deploy.sandbox.kafka import Kafka
from schemas.codec import decode
from schemas.metrics import Sample, Samples
from schemas.topics import METRICS, MIB, partition_for
from streams.ingest.flight import Flight
from streams.ingest.produce import Writer
from streams.ingest.scraper.exposition import SAMPLES_MAX, BadExposition, read_samples
from streams.ingest.scraper.fetch import session
from streams.ingest.scraper.metrics import ScraperMetrics
from streams.ingest.scraper.rounds import Rounds
from streams.ingest.scraper.scrape import run_scraper
from streams.ingest.scraper.targets import BadTargets, Target, read_targets
from streams.settings import ScraperSettings
from tests.streams.ingest.payloads import fixture
from tests.streams.ingest.running import PATIENT_S
from tests.streams.ingest.topics import PARTITIONS, records_of, until

AT_MS = 1_793_527_260_000
IMPATIENT_S = 0.3
TEXT = fixture("exposition.txt")
BOMB = gzip.compress(bytes(MIB)) * 64


def names(text: str, *prefixes: str) -> list[str]:
    return [sample.name for sample in read_samples(text, prefixes)]


def test_the_wanted_metrics_of_a_page() -> None:
    assert read_samples(TEXT.decode(), ("checkout_requests", "process_")) == (
        Sample("checkout_requests_total", {"code": "200"}, 1027.0),
        Sample("checkout_requests_total", {"code": "500"}, 3.0),
        Sample("process_cpu_seconds_total", {}, 0.42),
    )


def test_without_prefixes_everything_that_is_a_number() -> None:
    found = read_samples(TEXT.decode(), ())
    assert len(found) == 8
    assert found[-1] == Sample("odd_label", {"path": 'C:\\DIR\\"x"\n'}, 1.0)
    assert "checkout_quantile" not in names(TEXT.decode())


@pytest.mark.parametrize("text", ["x", "x y", "x{", 'x{a="} 1', "x{a=b} 1", "<html>"])
def test_what_is_no_text_format_is_an_error(text: str) -> None:
    with pytest.raises(BadExposition):
        read_samples(text, ())


def test_what_is_not_wanted_may_be_wrong() -> None:
    assert names("up 1\nx{ y\nup_too 2\r\n", "up") == ["up", "up_too"]


def test_too_many_samples_are_an_error() -> None:
    with pytest.raises(BadExposition, match="at most"):
        read_samples("x 1\n" * (SAMPLES_MAX + 1), ())


@given(st.text())
def test_no_text_raises_anything_else(text: str) -> None:
    try:
        read_samples(text, ())
    except BadExposition:
        pass


def test_targets_of_a_service_discovery() -> None:
    found = read_targets(
        b'[{"targets":["10.0.0.1:8080","10.0.0.2:8080"],'
        b'"labels":{"cluster":"c","service":"checkout","__metrics_path__":"/m","__meta_x":"y"}},'
        b'{"targets":["a:1"],"labels":{"__scheme__":"https","service":"s","pod":"p"}},'
        b'{"targets":["b:1"]},{"targets":[],"extra":1}]'
    )
    labels = {"cluster": "c", "service": "checkout"}
    assert found == (
        Target("http://10.0.0.1:8080/m", labels),
        Target("http://10.0.0.2:8080/m", labels),
        Target("https://a:1/metrics", {"service": "s", "pod": "p"}),
        Target("http://b:1/metrics", {}),
    )
    assert [target.series for target in found] == [
        "checkout|http://10.0.0.1:8080/m",
        "checkout|http://10.0.0.2:8080/m",
        "s|p",
        "http://b:1/metrics",
    ]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b'[{"targets":"a:1"}]',
        b'[{"targets":[1]}]',
        b'[{"targets":["a:1"],"labels":{"x":1}}]',
        b'[{"targets":[""]}]',
        b'[{"targets":["a:1"],"labels":{"__scheme__":"file"}}]',
        b'[{"targets":["a:1"],"labels":{"__metrics_path__":"x"}}]',
        b"[" * 100_000,
    ],
)
def test_what_is_no_list_of_targets(body: bytes) -> None:
    with pytest.raises(BadTargets):
        read_targets(body)


class Town:
    """Targets that answer in every way, and the service discovery that knows them."""

    def __init__(self) -> None:
        self.listed: Any = []
        app = web.Application()
        app.add_routes([web.get("/sd", self._sd), web.get("/{how}", self._target)])
        self.server = TestServer(app)

    def list(self, *ways: str) -> None:
        here = f"127.0.0.1:{self.server.port}"
        self.listed = [self._group(way, here) for way in ways]

    def _group(self, way: str, address: str) -> dict[str, Any]:
        labels = {"cluster": "prod", "service": "checkout", "pod": way}
        return {"targets": [address], "labels": {**labels, "__metrics_path__": f"/{way}"}}

    async def _sd(self, _: web.Request) -> web.Response:
        if self.listed is None:
            return web.Response(status=500)
        return web.json_response(self.listed)

    async def _target(self, request: web.Request) -> web.StreamResponse:
        match request.match_info["how"]:
            case "good":
                return page(TEXT)
            case "gzip":
                return page(gzip.compress(TEXT), "gzip")
            case "bomb":
                return page(BOMB, "gzip")
            case "brotli":
                return page(TEXT, "br")
            case "huge":
                return page(b"# " + b"x" * 5 * MIB)
            case "slow":
                await asyncio.Event().wait()
            case "latin1":
                return page(b'x{a="\xe9"} 1\n')
            case "broken":
                return page(b"checkout_requests_total{ 1\n")
            case "html":
                return web.Response(text="<html>", content_type="text/html")
            case "moved":
                raise web.HTTPFound("/good")
        return web.Response(status=503)


def page(body: bytes, encoding: str = "identity") -> web.Response:
    headers = {"Content-Type": "text/plain; version=0.0.4", "Content-Encoding": encoding}
    return web.Response(body=body, headers=headers)


@pytest.fixture
async def town() -> AsyncIterator[Town]:
    town = Town()
    await town.server.start_server()
    yield town
    await town.server.close()


@pytest.fixture
async def scraper(kafka: Kafka, prefix: str, town: Town) -> AsyncIterator[Rounds]:
    async with scraping(kafka, prefix, town, PATIENT_S) as rounds:
        yield rounds


@asynccontextmanager
async def scraping(
    kafka: Kafka, prefix: str, town: Town, timeout_s: float
) -> AsyncIterator[Rounds]:
    settings = ScraperSettings(
        bootstrap=kafka.bootstrap,
        topic_prefix=prefix,
        targets_url=str(town.server.make_url("/sd")),
        timeout_s=timeout_s,
        metrics="checkout_requests, process_",
    )
    writer = Writer(kafka.bootstrap, "test", Flight(64 * MIB), PATIENT_S)
    async with session() as http:
        yield Rounds(settings, http, writer, ScraperMetrics(), lambda: AT_MS)
        await writer.close()


async def scraped(kafka: Kafka, prefix: str) -> dict[str, list[Samples]]:
    """By pod."""
    found: dict[str, list[Samples]] = {}
    for record in await records_of(kafka.bootstrap, prefix, METRICS):
        samples = decode(record.value, Samples)
        assert isinstance(samples, Samples)
        assert record.key.decode() == f"checkout|{samples.labels['pod']}"
        assert record.partition == partition_for("prod", PARTITIONS)
        found.setdefault(samples.labels["pod"], []).append(samples)
    return found


@pytest.mark.broker
async def test_every_target_is_up_or_down(
    kafka: Kafka, prefix: str, town: Town, scraper: Rounds
) -> None:
    bad = ("bomb", "brotli", "huge", "latin1", "broken", "html", "moved", "unavailable")
    town.list("good", "gzip", *bad)
    town.listed.append(town._group("gone", "127.0.0.1:1"))
    await scraper.round()
    found = await scraped(kafka, prefix)
    assert set(found) == {"good", "gzip", "gone", *bad}
    for pod in ("good", "gzip"):
        (samples,) = found[pod]
        assert samples.at_ms == AT_MS
        assert samples.labels == {"cluster": "prod", "service": "checkout", "pod": pod}
        assert [s.name for s in samples.samples] == [
            "up",
            "checkout_requests_total",
            "checkout_requests_total",
            "process_cpu_seconds_total",
        ]
    for pod in ("gone", *bad):
        assert found[pod][0].samples == (Sample("up", {}, 0.0),), pod


@pytest.mark.broker
async def test_a_target_that_says_nothing_is_down(kafka: Kafka, prefix: str, town: Town) -> None:
    town.list("slow")
    async with scraping(kafka, prefix, town, IMPATIENT_S) as scraper:

        async def is_told() -> bool:
            await scraper.round()  # the discovery, too, is given up before long
            return "slow" in await scraped(kafka, prefix)

        await until(is_told)
    found = (await scraped(kafka, prefix))["slow"]
    assert all(one.samples == (Sample("up", {}, 0.0),) for one in found)


@pytest.mark.broker
@pytest.mark.parametrize("listed", [None, {"not": "a list"}])
async def test_known_targets_stay_known_while_the_discovery_is_down(
    kafka: Kafka, prefix: str, town: Town, scraper: Rounds, listed: Any
) -> None:
    town.list("good")
    await scraper.round()
    town.listed = listed
    await scraper.round()
    town.list()
    await scraper.round()
    found = await scraped(kafka, prefix)
    assert [len(samples.samples) for samples in found["good"]] == [4, 4]


@pytest.mark.broker
async def test_samples_are_lost_and_the_scraper_lives_while_kafka_is_silent(
    town: Town, scraper: Rounds
) -> None:
    scraper._topic = "no-such-topic"
    scraper._writer._timeout_s = 0.2
    town.list("good")
    await scraper.round()
    await scraper.round()
    counted = scraper._metrics.registry.get_sample_value
    assert counted("mendlog_scraper_samples_lost_total") == 2 * 4
    assert counted("mendlog_scraper_samples_written_total") == 0


@pytest.mark.broker
async def test_as_a_process(kafka: Kafka, prefix: str, town: Town) -> None:
    town.list("good")
    (web_port,) = ports.choose(1)
    settings = {
        "MENDLOG_BOOTSTRAP": kafka.bootstrap,
        "MENDLOG_TOPIC_PREFIX": prefix,
        "MENDLOG_TARGETS_URL": str(town.server.make_url("/sd")),
        "MENDLOG_INTERVAL_S": "0.1",
        "MENDLOG_WEB_PORT": str(web_port),
    }
    code = (
        "import sys; from streams.ingest.scraper.scrape import run_scraper; "
        "from streams.settings import ScraperSettings; sys.exit(run_scraper(ScraperSettings()))"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, env={**os.environ, **settings}
    )
    try:

        async def has_rounds() -> bool:
            return len((await scraped(kafka, prefix)).get("good", ())) >= 3

        await until(has_rounds)
        url = f"http://127.0.0.1:{web_port}"

        async def is_ready() -> bool:
            async with session() as http, http.get(f"{url}/-/ready") as answer:
                return answer.status == 200

        async def is_up() -> bool:
            async with session() as http, http.get(f"{url}/metrics") as answer:
                return 'mendlog_scraper_targets{state="up"} 1.0' in await answer.text()

        await until(is_ready)
        await until(is_up)  # By the last round alone, which may have found us slow.
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def test_without_targets_it_does_not_start() -> None:
    assert run_scraper(ScraperSettings()) == 78
    assert run_scraper(ScraperSettings(targets_url="file:///etc/passwd")) == 78
