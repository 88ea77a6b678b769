"""The door for metrics of OpenTelemetry: what is answered, and what is in Kafka by then."""

import asyncio
import gzip
import json
from pathlib import Path

import pytest
from google.protobuf import json_format
from google.rpc.status_pb2 import Status
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceResponse,
)

from deploy.sandbox.kafka import Kafka
from schemas.codec import decode
from schemas.metrics import Samples
from schemas.topics import METRICS, MIB, partition_for
from streams.ingest.gateway.source_file import compile_sources
from streams.ingest.otlp.encoding import JSON, JSON_BYTES_MAX, PROTOBUF
from streams.ingest.otlp.write import PATH, READ_AT_ONCE_BYTES_MAX
from tests.examples import examples
from tests.streams.ingest.otlp.requests import (
    DELTA,
    FIXTURES,
    NOW,
    RESOURCE,
    TARGET,
    body,
    gauge,
    now_ms,
    point,
    request,
    sums,
)
from tests.streams.ingest.running import Running, Start
from tests.streams.ingest.topics import PARTITIONS, header

pytestmark = pytest.mark.broker
TOKEN = "token-of-team-a-0123456789"
SOURCES = """\
version: 1
sources:
  - {name: team-a, token_env: A, format: otlp, cluster: eu, namespaces: [shop]}
"""
TYPE = {"Content-Type": PROTOBUF}


def now(value: float = 1.0, **labels: str):
    return point(value, now_ms(), **labels)


async def post(
    gateway: Running, sent: bytes, **headers: str
) -> tuple[int, ExportMetricsServiceResponse | Status, dict[str, str]]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    async with gateway.http.post(gateway.url + PATH, data=sent, headers=TYPE | named) as answer:
        assert answer.content_type == PROTOBUF
        kind = ExportMetricsServiceResponse if answer.status == 200 else Status
        return answer.status, kind.FromString(await answer.read()), dict(answer.headers)


async def written(gateway: Running) -> list[Samples]:
    found = [decode(record.value, Samples) for record in await gateway.records(METRICS)]
    assert all(isinstance(one, Samples) for one in found)
    return found


async def test_what_is_answered_200_is_in_the_topic(gateway: Running) -> None:
    at = now_ms()
    sent = body(
        gauge("up", point(1, at)),
        sums("errors", point(3, at)),
        resource={**RESOURCE, "k8s.cluster.name": "eu"},
    )
    status, said, _ = await post(gateway, sent)
    assert (status, said) == (200, ExportMetricsServiceResponse())
    (record,) = await gateway.records(METRICS)
    samples = decode(record.value, Samples)
    assert isinstance(samples, Samples)
    assert samples.labels == {"cluster": "eu", **TARGET}
    assert [sample.name for sample in samples.samples] == ["up", "errors_total"]
    assert (record.key, header(record, "source")) == (b"checkout|checkout-1", "local")
    assert record.partition == partition_for("eu", PARTITIONS)
    assert await gateway.metric("mendlog_gateway_samples_accepted_total") == 2


async def test_gzip_and_json_are_read_and_json_is_answered_in_json(gateway: Running) -> None:
    status, _, _ = await post(
        gateway, gzip.compress(body(gauge("a", now()))), Content_Encoding="gzip"
    )
    assert status == 200
    text = json_format.MessageToJson(request(gauge("b", now())))
    assert await gateway.post(text, PATH, Content_Type=JSON) == (200, "{}")
    by_hand = (FIXTURES / "sdk.json").read_text().replace(str(NOW), str(now_ms()))
    gzipped = gzip.compress(by_hand.encode())
    status, text = await gateway.post(gzipped, PATH, Content_Type=JSON, Content_Encoding="gzip")
    assert (status, text) == (200, "{}")
    names = {sample.name for one in await written(gateway) for sample in one.samples}
    assert {"a", "b", "http_client_active_requests"} < names


async def test_large_requests_are_all_taken(gateway: Running) -> None:
    at = now_ms()
    sent = [
        body(gauge("up", *(point(1, at, n=n) for n in range(2500))), resource={"k8s.pod.name": pod})
        for pod in ("a", "b", "c")
    ]
    assert all(len(one) > READ_AT_ONCE_BYTES_MAX for one in sent)
    answers = await asyncio.gather(*(post(gateway, one) for one in sent))
    assert [status for status, *_ in answers] == [200] * 3
    found = {one.labels["pod"]: len(one.samples) for one in await written(gateway)}
    assert found == {"a": 2500, "b": 2500, "c": 2500}


async def test_nothing_at_all_is_a_request_too(gateway: Running) -> None:
    assert (await post(gateway, b""))[:2] == (200, ExportMetricsServiceResponse())


async def test_the_good_ones_are_kept_and_the_sender_is_told_of_the_others(
    gateway: Running,
) -> None:
    sent = body(
        gauge("up", now()),
        sums("d", now(), now(n="2"), temporality=DELTA),
        gauge("old", point(1, 0)),
    )
    status, said, _ = await post(gateway, sent)
    assert status == 200
    assert isinstance(said, ExportMetricsServiceResponse)
    assert said.partial_success.rejected_data_points == 3
    why = said.partial_success.error_message
    assert why.startswith("3 of 4 data points were not taken: resourceMetrics[0]")
    assert "(d): not cumulative" in why
    (kept,) = await written(gateway)
    assert [sample.name for sample in kept.samples] == ["up"]
    skipped = "mendlog_gateway_samples_skipped_total"
    assert await gateway.metric(skipped + '{kind="delta"') == 2
    rejected = "mendlog_gateway_samples_rejected_total"
    assert await gateway.metric(rejected + '{reason="wrong_time"') == 1
    text = json_format.MessageToJson(request(sums("d", now(), temporality=DELTA)))
    status, text = await gateway.post(text, PATH, Content_Type=JSON)
    assert json.loads(text)["partialSuccess"]["rejectedDataPoints"] == "1"


@pytest.mark.parametrize(
    ("sent", "encoding", "status", "code", "why"),
    [
        (b"\xff", "", 400, 3, "no metrics of OpenTelemetry in protobuf"),
        (b"{}", "", 400, 3, "no metrics of OpenTelemetry in protobuf"),
        (body(gauge("up"))[:-2], "", 400, 3, "no metrics of OpenTelemetry in protobuf"),
        (b"no gzip", "gzip", 400, 3, "body: "),
        (gzip.compress(b"")[:-4], "gzip", 400, 3, "stops short"),
        (gzip.compress(bytes(64 * MIB)), "gzip", 413, 8, "larger than 4194304 bytes"),
        (bytes(4 * MIB + 1), "", 413, 8, "larger than"),
        (b"\x0a\x00" * 100_001, "", 413, 8, "more than 100000 parts"),
        (b"", "zstd", 415, 3, "the content encoding must be"),
    ],
    ids=["bytes", "json", "cut", "no gzip", "gzip cut", "bomb", "large", "many", "zstd"],
)
async def test_what_cannot_be_read_is_refused_whole(
    gateway: Running, sent: bytes, encoding: str, status: int, code: int, why: str
) -> None:
    answered, said, _ = await post(gateway, sent, Content_Encoding=encoding or "identity")
    assert isinstance(said, Status)
    assert (answered, said.code, why in said.message) == (status, code, True), said
    assert not await gateway.records(METRICS)


@pytest.mark.parametrize(
    ("sent", "kind", "status"),
    [
        ("{", JSON, 400),
        ("[]", JSON, 400),
        ('{"resourceMetrics": 7}', JSON, 400),
        (" " * (JSON_BYTES_MAX + 1), JSON, 413),
        ("{}", "text/plain", 415),
        ("{}", "", 415),
        ("{}", "application/grpc", 415),
    ],
)
async def test_json_and_unknown_types_are_refused_in_json(
    gateway: Running, sent: str, kind: str, status: int
) -> None:
    answered, text = await gateway.post(sent, PATH, Content_Type=kind)
    assert (answered, set(json.loads(text))) == (status, {"code", "message"})


async def test_a_source_says_nothing_of_others(
    kafka: Kafka, prefix: str, start: Start, tmp_path: Path
) -> None:
    (tmp_path / "sources.yaml").write_text(SOURCES)
    assert compile_sources(SOURCES)[0].format == "otlp"
    gateway = await start(
        kafka.bootstrap,
        topic_prefix=prefix,
        sources_file=tmp_path / "sources.yaml",
        env={"A": TOKEN},
    )
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    mine = gauge("up", now())
    bank = ({**RESOURCE, "k8s.namespace.name": "bank"}, [gauge("up", now())])
    status, said, headers = await post(gateway, body(mine))
    assert (status, said.code, headers["WWW-Authenticate"]) == (401, 16, "Bearer")
    status, said, _ = await post(gateway, body(more=[bank]), **bearer)
    assert (status, said.code) == (403, 7)
    assert "may speak for shop only" in said.message
    status, said, _ = await post(gateway, body(mine, more=[bank]), **bearer)
    assert (status, said.partial_success.rejected_data_points) == (200, 1)
    assert (await gateway.post(b"[]", **bearer))[0] == 403, "registered to send metrics alone"
    (kept,) = await written(gateway)
    assert kept.labels == {"cluster": "eu", **TARGET}


async def test_without_kafka_it_is_503_and_when_to_come_again(start: Start) -> None:
    gateway = await start("127.0.0.1:1", produce_timeout_s=0.2)
    status, said, headers = await post(gateway, body(gauge("up", now())))
    assert (status, said.code, headers["Retry-After"]) == (503, 14, "5")


@settings(max_examples=examples(60), suppress_health_check=list(HealthCheck), deadline=None)
@given(st.binary(max_size=200), st.integers(0, 120), st.binary(max_size=4))
async def test_whatever_comes_is_answered_as_documented(
    gateway: Running, noise: bytes, at: int, other: bytes
) -> None:
    good = body(gauge("up", now()), sums("errors", now()))
    changed = good[:at] + other + good[at + len(other) :]
    for sent in (noise, changed):
        assert (await post(gateway, sent))[0] in (200, 400, 413)
        assert (await gateway.post(sent, PATH, Content_Type=JSON))[0] in (200, 400, 413)
