"""The gateway on a real broker: what is accepted is in Kafka, what is refused is named."""

import asyncio
import gzip
import json
import resource
import zlib

import pytest

from schemas.codec import decode
from schemas.ids import digest
from schemas.rejects import Reject
from schemas.topics import MIB, REJECTS
from streams.ingest.formats.alertmanager import API_V2, WEBHOOK
from streams.ingest.formats.catalog import read
from tests.streams.ingest.payloads import (
    BAD_ALERTS,
    READABLE,
    UNREADABLE,
    alert,
    body,
    fixture,
    hook,
)
from tests.streams.ingest.running import PATIENT_S, Running
from tests.streams.ingest.topics import header, until

pytestmark = pytest.mark.broker
GOOD = body(alert())
WEBHOOK_PATH = "/webhook/alertmanager"


async def test_what_prometheus_posts_is_in_kafka_as_received(gateway: Running) -> None:
    raw = fixture("alertmanager-api-v2/prometheus.json")
    assert await gateway.post(raw) == (200, "")
    (record,) = await gateway.records()
    assert record.value == raw
    assert dict(record.headers) == {
        "source": b"local",
        "format": API_V2.encode(),
        "correlation-id": digest("delivery", "local", raw).encode(),
    }
    assert await gateway.metric("mendlog_gateway_alerts_accepted_total") == 2


async def test_what_alertmanager_posts_is_in_kafka_as_received(gateway: Running) -> None:
    raw = fixture("alertmanager-webhook/alertmanager.json")
    assert await gateway.post(raw, WEBHOOK_PATH) == (200, "")
    (record,) = await gateway.records()
    assert (record.value, header(record, "format")) == (raw, WEBHOOK)
    assert await gateway.metric("mendlog_gateway_deliveries_truncated_total") == 1


async def test_the_good_alerts_of_a_partly_bad_delivery_are_kept(gateway: Running) -> None:
    bad = alert(labels={"severity": 3})
    status, text = await gateway.post(body(alert(), bad, alert(labels={"n": "2"})))
    assert status == 400
    assert json.loads(text) == "alerts[1].labels.severity: a string is needed, not a number"
    (kept,) = await gateway.written()
    assert json.loads(kept) == [alert(), alert(labels={"n": "2"})]
    (rejected,) = await gateway.records(REJECTS)
    reject = decode(rejected.value, Reject)
    assert json.loads(reject.body) == [bad]
    assert (reject.reason, reject.source, reject.partition) == ("wrong_field", "local", -1)
    assert await gateway.metric("mendlog_gateway_alerts_rejected_total") == 1


@pytest.mark.parametrize(("good", "status"), [(1, 200), (0, 400)])
async def test_a_webhook_is_taken_when_one_alert_is_good(
    gateway: Running, good: int, status: int
) -> None:
    alerts = [alert(labels={"a": "b"}), *[alert(status="firing")] * good]
    code, text = await gateway.post(hook(*alerts), WEBHOOK_PATH)
    assert (code, json.loads(text)) == (status, "alerts[0].status: missing")
    assert len(await gateway.written()) == good
    assert len(await gateway.records(REJECTS)) == 1


async def test_a_body_that_cannot_be_read_produces_nothing(gateway: Running) -> None:
    for name, raw in UNREADABLE.items():
        for path in ("/api/v2/alerts", WEBHOOK_PATH):
            status, text = await gateway.post(raw, path)
            assert (status, json.loads(text)[:5]) == (400, "body:"), (name, path)
    assert (await gateway.post(b""))[0] == 400
    assert await gateway.records() == []
    assert await gateway.records(REJECTS) == []


async def test_each_bad_alert_is_named_and_kept_as_a_reject(gateway: Running) -> None:
    for name, (raw, where) in BAD_ALERTS.items():
        status, text = await gateway.post(raw)
        assert status == 400, name
        assert json.loads(text).startswith(f"{where}: "), name
    assert await gateway.records() == []
    assert len(await gateway.records(REJECTS)) == len(BAD_ALERTS)


async def test_unusual_bodies_are_accepted_and_read_the_same_again(gateway: Running) -> None:
    for name, raw in READABLE.items():
        assert (await gateway.post(raw))[0] == 200, name
    written = await gateway.written()
    assert sorted(written) == sorted(READABLE.values())
    assert all(len(read(raw, "s", API_V2, 0).sightings) == 1 for raw in written)


async def test_no_alerts_are_no_record(gateway: Running) -> None:
    assert await gateway.post(b"[]") == (200, "")
    assert await gateway.post(hook(), WEBHOOK_PATH) == (200, "")
    assert await gateway.records() == []


@pytest.mark.parametrize("size", [0.9, 1.1, 3.9])
async def test_large_bodies_are_accepted(gateway: Running, size: float) -> None:
    raw = sized(int(size * MIB))
    assert await gateway.post(raw) == (200, "")
    assert await gateway.written() == [raw]


@pytest.mark.parametrize(("count", "status"), [(20_000, 200), (100_000, 400)])
async def test_many_alerts_keep_nobody_waiting(gateway: Running, count: int, status: int) -> None:
    raw = b"[" + b",".join([b'{"labels":{"a":"b"}}'] * count) + b"]"
    async with asyncio.timeout(PATIENT_S):
        answer, probe = await asyncio.gather(gateway.post(raw), gateway.get("/-/healthy"))
    assert (answer[0], probe[0]) == (status, 200)
    assert len(await gateway.written()) == (status == 200)


async def test_a_flood_of_bad_alerts_is_one_reject(gateway: Running) -> None:
    raw = b"[" + b",".join([b'{"labels":{"":"b"}}'] * 20_000) + b"]"
    async with asyncio.timeout(PATIENT_S):
        status, text = await gateway.post(raw)
    assert status == 400
    assert text.endswith(' more"')
    assert len(text) < 1100
    (record,) = await gateway.records(REJECTS)
    assert decode(record.value, Reject).body == raw


async def test_the_largest_body_and_one_byte_more(gateway: Running) -> None:
    assert (await gateway.post(sized(4 * MIB)))[0] == 200
    assert (await gateway.post(sized(4 * MIB + 1)))[0] == 413
    assert (await gateway.post(chunks(sized(4 * MIB + 1))))[0] == 413
    assert (await gateway.post(sized(50 * MIB)))[0] == 413
    assert len(await gateway.written()) == 1


async def test_a_large_delivery_with_one_bad_alert(gateway: Running) -> None:
    raw = sized(int(3.9 * MIB))
    assert (await gateway.post(raw[:-1] + b',{"labels":{}}]'))[0] == 400
    assert await gateway.written() == [raw]


def deflate_without_frame(raw: bytes) -> bytes:
    stream = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return stream.compress(raw) + stream.flush()


@pytest.mark.parametrize(
    ("encoding", "sent"),
    [
        ("gzip", gzip.compress(GOOD)),
        ("GZIP", gzip.compress(GOOD)),
        ("gzip", gzip.compress(GOOD[:5]) + gzip.compress(GOOD[5:])),
        ("deflate", zlib.compress(GOOD)),
        ("deflate", deflate_without_frame(GOOD)),
        ("identity", GOOD),
    ],
    ids=["gzip", "GZIP", "gzip in two members", "deflate", "deflate without a frame", "identity"],
)
async def test_compressed_bodies_are_written_plain(
    gateway: Running, encoding: str, sent: bytes
) -> None:
    assert await gateway.post(sent, Content_Encoding=encoding) == (200, "")
    assert await gateway.written() == [GOOD]


BOMB = gzip.compress(bytes(64 * MIB)) * 16
"""1 MiB that would become 1 GiB."""


@pytest.mark.parametrize(
    ("headers", "sent", "status"),
    [
        ({"Content_Encoding": "gzip"}, BOMB, 413),
        ({"Content_Encoding": "gzip"}, gzip.compress(GOOD) * 80_000, 413),
        ({"Content_Encoding": "gzip"}, gzip.compress(GOOD)[:-4], 400),
        ({"Content_Encoding": "gzip"}, GOOD, 400),
        ({"Content_Encoding": "gzip"}, gzip.compress(GOOD) + b"rest", 400),
        ({"Content_Encoding": "deflate"}, zlib.compress(GOOD) + b"rest", 400),
        ({"Content_Encoding": "deflate"}, b"\x78\x9cgarbage", 400),
        ({"Content_Encoding": "gzip"}, b"", 400),
        ({"Content_Encoding": "br"}, GOOD, 415),
        ({"Content_Encoding": "gzip, gzip"}, GOOD, 415),
        ({"Content_Type": "text/plain"}, GOOD, 415),
        ({"Content_Type": ""}, GOOD, 415),
        ({"Content_Type": "application/x-www-form-urlencoded"}, GOOD, 415),
        ({"Content_Type": "application/json; charset=utf-16"}, GOOD, 415),
    ],
    ids=[
        "bomb",
        "many small members",
        "cut short",
        "not gzip",
        "text after gzip",
        "text after deflate",
        "broken deflate",
        "empty gzip",
        "brotli",
        "twice compressed",
        "text",
        "no content type",
        "a form",
        "UTF-16",
    ],
)
async def test_what_is_not_read(
    gateway: Running, headers: dict[str, str], sent: bytes, status: int
) -> None:
    code, text = await gateway.post(sent, **headers)
    assert code == status
    assert json.loads(text)
    assert await gateway.records() == []
    assert (await gateway.post(GOOD))[0] == 200


async def test_a_bomb_is_given_up_at_the_cap(gateway: Running) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert (await gateway.post(BOMB, Content_Encoding="gzip"))[0] == 413
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024


@pytest.mark.parametrize("charset", ["utf-8", "UTF-8", '"utf-8"'])
async def test_json_with_its_character_set(gateway: Running, charset: str) -> None:
    content_type = f"application/json; charset={charset}"
    assert await gateway.post(GOOD, Content_Type=content_type) == (200, "")


@pytest.mark.parametrize(
    ("given", "kept"), [("trace-7", True), ("", False), ("a b", False), ("x" * 129, False)]
)
async def test_the_senders_correlation_id(gateway: Running, given: str, kept: bool) -> None:
    await gateway.post(GOOD, X_Correlation_Id=given)
    (record,) = await gateway.records()
    expected = given if kept else digest("delivery", "local", GOOD)
    assert header(record, "correlation-id") == expected


async def test_probes(gateway: Running) -> None:
    assert await gateway.get("/-/healthy") == (200, "OK\n")

    async def is_ready() -> bool:
        return await gateway.get("/-/ready") == (200, "OK\n")

    await until(is_ready)
    status, text = await gateway.get("/api/v2/status")
    answer = json.loads(text)
    assert (status, answer["cluster"]["status"]) == (200, "disabled")
    assert answer["versionInfo"]["version"].startswith("mendlog ")
    assert set(answer) == {"cluster", "versionInfo", "config", "uptime"}


def sized(size: int) -> bytes:
    """A delivery of exactly so many bytes."""
    one = json.dumps(alert(annotations={"s": "x" * 1000})).encode()
    count = size // (len(one) + 1) - 1
    last = json.dumps(alert(annotations={"s": ""})).encode()
    start = b"[" + (one + b",") * count
    fill = size - len(start) - len(last) - 1
    return start + last.replace(b'""', b'"' + b"y" * fill + b'"') + b"]"


async def chunks(raw: bytes):
    for at in range(0, len(raw), 100_000):
        yield raw[at : at + 100_000]
