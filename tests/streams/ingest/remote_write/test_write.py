"""The door for samples: what is answered, and what is in Kafka by then."""

import asyncio
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deploy.sandbox.kafka import Kafka
from schemas.codec import decode
from schemas.metrics import Samples
from schemas.topics import METRICS, MIB, partition_for
from streams.ingest.gateway.source_file import compile_sources
from streams.ingest.remote_write.write import PATH, WRITTEN
from tests.examples import examples
from tests.streams.ingest.remote_write.requests import (
    HEADERS,
    POD,
    STALE,
    block,
    now_ms,
    pack,
    request,
    series,
)
from tests.streams.ingest.running import Running, Start
from tests.streams.ingest.topics import PARTITIONS, header, until

pytestmark = pytest.mark.broker
V2 = "application/x-protobuf;proto=io.prometheus.write.v2.Request"
TOKEN = "token-of-team-a-0123456789"
SOURCES = """\
version: 1
sources:
  - {name: team-a, token_env: A, format: prometheus-remote-write, cluster: eu, namespaces: [shop]}
"""


async def post(gateway: Running, body: bytes, **headers: str) -> tuple[int, str]:
    return await gateway.post(body, PATH, **{**HEADERS, **headers})


async def written(gateway: Running) -> list[Samples]:
    found = [decode(record.value, Samples) for record in await gateway.records(METRICS)]
    assert all(isinstance(one, Samples) for one in found)
    return found


async def test_what_is_answered_204_is_in_the_topic(gateway: Running) -> None:
    once = (1.0, now_ms())
    body = block(*(series(name, once, cluster="eu", **POD) for name in ("up", "errors_total")))
    assert await post(gateway, body) == (204, "")
    (record,) = await gateway.records(METRICS)
    samples = decode(record.value, Samples)
    assert isinstance(samples, Samples)
    assert samples.labels == {"cluster": "eu", **POD}
    assert [sample.name for sample in samples.samples] == ["up", "errors_total"]
    assert (record.key, header(record, "source")) == (b"checkout|checkout-1", "local")
    assert record.partition == partition_for("eu", PARTITIONS)
    assert await gateway.metric("mendlog_gateway_samples_accepted_total") == 2


@pytest.mark.parametrize(
    ("body", "status", "why"),
    [
        (block(), 400, "body: snappy"),
        (b"", 400, "body: snappy"),
        (pack(b"\x0a\x7f"), 400, "longer than the message"),
        (pack(b"\x22\x02up"), 400, "is it remote-write 2.0?"),
        (b"\x80\x80\x80\x80\x08junk", 413, "unpacked, the body is larger than"),
        (pack(b"\x0a\x00" * 100_001), 413, "more than 100000 series"),
        (bytes(4 * MIB + 1), 413, "larger than"),
    ],
    ids=["nothing packed", "nothing", "cut", "2.0", "bomb", "many", "large"],
)
async def test_what_cannot_be_read_is_refused_whole(
    gateway: Running, body: bytes, status: int, why: str
) -> None:
    if body == block():
        body = body[:-1]
    answered, text = await post(gateway, body)
    assert (answered, why in text) == (status, True), text
    assert not await gateway.records(METRICS)


async def test_the_good_ones_of_a_request_are_kept(gateway: Running) -> None:
    far = now_ms() + 3_600_000
    body = block(series("up", **POD), series("up", (1.0, far), **POD), series("", **POD))
    status, why = await post(gateway, body)
    assert status == 400
    assert why.startswith('"2 of 3 samples were not taken: timeseries[1] (up).timestamp: ')
    (kept,) = await written(gateway)
    assert len(kept.samples) == 1
    rejected = "mendlog_gateway_samples_rejected_total"
    assert await gateway.metric(rejected + '{reason="wrong_time"') == 1
    assert await gateway.metric(rejected) == 2


async def test_markers_and_metadata_are_counted_and_not_kept(gateway: Running) -> None:
    message = request(series("up", (STALE, now_ms())), metadata=b"\x08\x01\x12\x02up")
    assert await post(gateway, pack(message)) == (204, "")
    skipped = "mendlog_gateway_samples_skipped_total"
    assert await gateway.metric(skipped + '{kind="stale"') == 1
    assert await gateway.metric(skipped) == 2
    assert not await gateway.records(METRICS)


@pytest.mark.parametrize(
    "other",
    [
        {"Content_Type": V2},
        {"Content_Type": "application/json"},
        {"Content_Type": "application/x-protobuf;proto=\udcff"},
        {"Content_Encoding": "gzip"},
        {"Content_Encoding": ""},
    ],
)
async def test_another_message_or_encoding_is_415_as_2_0_asks_for(
    gateway: Running, other: dict[str, str]
) -> None:
    sent = {name.replace("_", "-"): value for name, value in {**HEADERS, **other}.items() if value}
    url = gateway.url + PATH
    async with gateway.http.post(url, data=block(series()), headers=sent) as answer:
        assert answer.status == 415
        assert [answer.headers[name] for name in WRITTEN] == ["0", "0", "0"]
    assert not await gateway.records(METRICS)


async def test_the_message_of_1_0_may_be_named(gateway: Running) -> None:
    named = "application/x-protobuf;proto=prometheus.WriteRequest"
    assert (await post(gateway, block(series()), Content_Type=named))[0] == 204


async def test_a_source_says_nothing_of_others(
    kafka: Kafka, prefix: str, start: Start, tmp_path: Path
) -> None:
    (tmp_path / "sources.yaml").write_text(SOURCES)
    assert compile_sources(SOURCES)[0].format == "prometheus-remote-write"
    gateway = await start(
        kafka.bootstrap,
        topic_prefix=prefix,
        sources_file=tmp_path / "sources.yaml",
        env={"A": TOKEN},
    )
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    mine, other = series("up", **POD, cluster="us"), series("up", namespace="bank")
    assert (await post(gateway, block(mine)))[0] == 401
    status, why = await post(gateway, block(other), **bearer)
    assert (status, "may speak for shop only" in why) == (403, True)
    assert (await post(gateway, block(mine, other), **bearer))[0] == 400
    assert (await gateway.post(b"[]", **bearer))[0] == 403, "registered to send samples alone"
    (kept,) = await written(gateway)
    assert kept.labels == {"cluster": "eu", **POD}


async def test_without_kafka_it_is_503_and_when_to_come_again(start: Start) -> None:
    gateway = await start("127.0.0.1:1", produce_timeout_s=0.2)
    sent = {name.replace("_", "-"): value for name, value in HEADERS.items()}
    url = gateway.url + PATH
    async with gateway.http.post(url, data=block(series()), headers=sent) as answer:
        assert (answer.status, answer.headers["Retry-After"]) == (503, "5")


async def test_what_does_not_fit_now_is_503_and_what_never_will_is_413(start: Start) -> None:
    gateway = await start("127.0.0.1:1", produce_timeout_s=0.2, in_flight_bytes_max=8 * MIB)
    in_flight = "mendlog_gateway_in_flight_bytes"
    _, slow = await asyncio.open_connection("127.0.0.1", gateway.gateway.port)
    lines = [f"POST {PATH} HTTP/1.1", "Host: a", f"Content-Length: {3 * MIB}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in HEADERS.items()]
    slow.write(("\r\n".join(lines) + "\r\n\r\n").encode())

    async def is_promised_room() -> bool:
        return await gateway.metric(in_flight) == 6 * MIB

    async def is_gone() -> bool:
        return await gateway.metric(in_flight) == 0

    await until(is_promised_room)
    large, huge = (
        block(*(series(n=f"{n:04}" + "x" * 3000) for n in range(count))) for count in (1000, 1500)
    )
    assert await post(gateway, large) == (503, '"too much is waiting for Kafka"')
    assert (await post(gateway, huge))[0] == 413, "else it would be sent for ever"
    slow.close()
    await until(is_gone)
    status, why = await post(gateway, large)
    assert (status, "no Kafka broker answers" in why) == (503, True)
    await until(is_gone)


@settings(max_examples=examples(60), suppress_health_check=list(HealthCheck), deadline=None)
@given(
    st.binary(max_size=200) | st.binary(max_size=200).map(pack),
    st.integers(0, 60),
    st.binary(max_size=4),
)
async def test_whatever_comes_is_answered_as_documented(
    gateway: Running, noise: bytes, at: int, other: bytes
) -> None:
    good = block(series("up", **POD))
    changed = good[:at] + other + good[at + len(other) :]
    for body in (noise, changed):
        assert (await post(gateway, body))[0] in (204, 400, 413)
