"""OpenTelemetry's own SDK: what its exporter sends arrives, and tells a detection what a scrape of
the same histogram tells it."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.sdk.metrics import Counter, MeterProvider
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    InMemoryMetricReader,
    PeriodicExportingMetricReader,
)
from opentelemetry.sdk.resources import Resource
from prometheus_client import CollectorRegistry, Histogram, generate_latest

from deploy.sandbox.kafka import Kafka
from schemas.codec import decode, encode
from schemas.metrics import Sample, Samples
from schemas.tape import Detection, TapeRecord
from schemas.topics import METRICS, MIB
from streams.detect.rules_file import compile_rules
from streams.ingest.gateway.source import Source
from streams.ingest.otlp.read import Request
from streams.ingest.otlp.write import PATH
from streams.ingest.scraper.exposition import read_samples
from streams.steps.detect import DetectStep
from streams.steps.effects import InputRecord
from tests.streams.ingest.running import Running, Start

RESOURCE = Resource.create(
    {
        "service.name": "checkout",
        "service.instance.id": "i-1",
        "k8s.namespace.name": "shop",
        "k8s.pod.name": "checkout-1",
    }
)
TARGET = {"namespace": "shop", "service": "checkout", "pod": "checkout-1"}
START_MS, MINUTE_MS = 1_793_527_200_000, 60_000
BOUNDS = [0.1, 0.5, 1]
TOKEN = "token-of-the-real-sdk"
SOURCES = """\
version: 1
sources:
  - {name: sdk, format: otlp, cluster: prod-eu, namespaces: [shop], token_env: SDK}
"""
RULES = """\
version: 1
detections:
  - kind: change
    name: AnswersSlow
    of: {metric: answer_seconds_bucket, match: ['le="0.5"']}
    by: [cluster, service]
    above: 0.5
    window: 5m
    for: 0s
  - kind: threshold
    name: ManyAnswers
    of: {metric: answer_seconds_count}
    by: [cluster, service, pod]
    above: 400
    for: 1m
"""


def provider(gateway: Running, **how) -> MeterProvider:
    exporter = OTLPMetricExporter(endpoint=gateway.url + PATH, timeout=30, **how)
    reader = PeriodicExportingMetricReader(exporter, export_interval_millis=float("inf"))
    return MeterProvider([reader], RESOURCE)


async def ended(metrics: MeterProvider) -> None:
    """Exports, and ends."""
    await asyncio.to_thread(metrics.force_flush, 60_000)
    await asyncio.to_thread(metrics.shutdown, 60_000)


@pytest.mark.broker
@pytest.mark.parametrize("compression", [Compression.NoCompression, Compression.Gzip])
async def test_what_the_sdk_exports_arrives(gateway: Running, compression: Compression) -> None:
    metrics = provider(gateway, compression=compression)
    meter = metrics.get_meter("shop")
    meter.create_counter("orders").add(3, {"pay.kind": "card"})
    meter.create_up_down_counter("open", unit="{order}").add(-2)
    wait = meter.create_histogram("wait", unit="s", explicit_bucket_boundaries_advisory=[0.5, 1])
    for seconds in (0.2, 0.7, 3):
        wait.record(seconds)
    await ended(metrics)
    (record,) = await gateway.records(METRICS)
    found = decode(record.value, Samples)
    assert isinstance(found, Samples)
    assert found.labels == {**TARGET, "job": "checkout", "instance": "i-1"}
    assert [(one.name, dict(one.labels), one.value) for one in found.samples] == [
        ("orders_total", {"pay_kind": "card"}, 3),
        ("open", {}, -2),
        ("wait_seconds_bucket", {"le": "0.5"}, 1),
        ("wait_seconds_bucket", {"le": "1"}, 2),
        ("wait_seconds_bucket", {"le": "+Inf"}, 3),
        ("wait_seconds_sum", {}, pytest.approx(3.9)),
        ("wait_seconds_count", {}, 3),
    ]


@pytest.mark.broker
async def test_an_sdk_that_sends_deltas_is_told(
    gateway: Running,
) -> None:
    metrics = provider(gateway, preferred_temporality={Counter: AggregationTemporality.DELTA})
    metrics.get_meter("shop").create_counter("orders").add(3)
    await ended(metrics)
    assert await gateway.metric("mendlog_gateway_samples_skipped_total" + '{kind="delta"') == 1
    assert not await gateway.records(METRICS)


@pytest.mark.broker
async def test_the_environment_that_is_documented_is_enough(
    kafka: Kafka, prefix: str, start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sources.yaml").write_text(SOURCES)
    gateway = await start(
        kafka.bootstrap,
        topic_prefix=prefix,
        sources_file=tmp_path / "sources.yaml",
        env={"SDK": TOKEN},
    )
    environment = {
        "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": gateway.url + PATH,
        "OTEL_EXPORTER_OTLP_METRICS_HEADERS": f"Authorization=Bearer%20{TOKEN}",
        "OTEL_EXPORTER_OTLP_METRICS_COMPRESSION": "gzip",
        "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE": "cumulative",
        "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION": "explicit_bucket_histogram",
        "OTEL_RESOURCE_ATTRIBUTES": "k8s.namespace.name=shop,k8s.pod.name=checkout-1",
        "OTEL_SERVICE_NAME": "checkout",
        "OTEL_METRIC_EXPORT_INTERVAL": "3600000",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    reader = PeriodicExportingMetricReader(OTLPMetricExporter())
    metrics = MeterProvider([reader], Resource.create())
    metrics.get_meter("shop").create_counter("orders").add(1)
    await ended(metrics)
    records = [decode(record.value, Samples) for record in await gateway.records(METRICS)]
    assert records
    for found in records:
        assert isinstance(found, Samples)
        assert found.labels.items() >= {**TARGET, "cluster": "prod-eu"}.items()
        assert [sample.name for sample in found.samples] == ["orders_total"]


def test_the_same_histogram_by_scrape_and_by_otlp_gives_the_same_detections() -> None:
    scraped, sent = [], []
    for by_scrape, by_otlp in both_ways():
        scraped.append(by_scrape)
        sent.append(by_otlp)
    found = detections(scraped)
    assert found == detections(sent)
    assert {(rule, status) for _, rule, status, *_ in found} == {
        ("AnswersSlow", "firing"),
        ("AnswersSlow", "resolved"),
        ("ManyAnswers", "firing"),
    }


def both_ways() -> Iterator[tuple[Samples, Samples]]:
    """Half an hour of one service, of which both libraries are told the same."""
    registry, reader = CollectorRegistry(), InMemoryMetricReader()
    theirs = Histogram("answer_seconds", "", buckets=BOUNDS, registry=registry)
    ours = (
        MeterProvider([reader], RESOURCE)
        .get_meter("shop")
        .create_histogram("answer", unit="s", explicit_bucket_boundaries_advisory=BOUNDS)
    )
    for minute in range(30):
        for nth in range(60 if 5 <= minute < 15 else 6):
            seconds = 0.05 + nth / 100
            theirs.observe(seconds)
            ours.record(seconds)
        at_ms = START_MS + minute * MINUTE_MS
        page = generate_latest(registry).decode()
        target = {"cluster": "eu", **TARGET}
        yield Samples(target, at_ms, read_samples(page, ())), otlp(reader, at_ms)


def otlp(reader: InMemoryMetricReader, at_ms: int) -> Samples:
    message = encode_metrics(reader.get_metrics_data())
    for metric in message.resource_metrics[0].scope_metrics[0].metrics:
        for point in metric.histogram.data_points:
            point.time_unix_nano = at_ms * 1_000_000
    read = Request(Source("s", cluster="eu"), at_ms, MIB)
    read.read(message.SerializeToString())
    (record,) = read.records()
    found = decode(record.value, Samples)
    assert isinstance(found, Samples)
    return found


def detections(all_samples: list[Samples]) -> list[tuple]:
    entries: dict[bytes, bytes] = {}
    step = DetectStep(compile_rules(RULES, "d.yaml", lambda _: ""), "born", "home", entries)
    told = []
    for offset, samples in enumerate(all_samples):
        record = InputRecord(METRICS, 0, offset, samples.at_ms, None, encode(samples))
        effects = step.apply(record)
        entries.update({key: value for key, value in effects.changes.items() if value is not None})
        for output in effects.outputs:
            fact = decode(output.value, TapeRecord)
            assert isinstance(fact, TapeRecord)
            assert isinstance(fact.fact, Detection)
            found = fact.fact
            told.append(
                (
                    samples.at_ms,
                    found.rule,
                    str(found.status),
                    found.labels,
                    found.value,
                    found.series,
                )
            )
    return told


def test_both_libraries_name_the_same_samples() -> None:
    *_, (by_scrape, by_otlp) = both_ways()

    def named(samples: Samples) -> dict[str, float]:
        return {key(one): one.value for one in samples.samples if "_created" not in one.name}

    def key(one: Sample) -> str:
        return one.name + one.labels.get("le", "").removesuffix(".0")

    assert named(by_otlp) == pytest.approx(named(by_scrape))
