"""The bad inputs, each to the running gateway beside a running processor.

Each is answered as docs/sources.md says, within five seconds and without much memory; and none of
them becomes an action, although each is made of an alert that would.
"""

import asyncio
import gzip
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.sandbox.kafka import Kafka
from schemas.codec import decode
from schemas.remediation import Command, CommandKind
from schemas.topics import ALERTS, COMMANDS, MIB, REJECTS, TAPE, journal
from tests.builders import QUICK
from tests.e2e.platform import Platform, platform_on

pytestmark = [pytest.mark.broker, pytest.mark.slow, pytest.mark.timeout(300)]
EACH_BY_ITSELF = QUICK.replace("[alertname, deployment]", "[alertname, namespace, deployment]")
LABELS = {"alertname": "HighErrors", "namespace": "shop", "deployment": "checkout"}
WITHIN_S = 5.0
PATIENT_S = 60.0
ASKED_MAX = 3
"""A machine may stand still in the middle of one answer; a gateway that is slow is so each time."""
BODY_TIMEOUT_S = 3.0
TOO_LATE = 408
API, HOOK = "/api/v2/alerts", "/webhook/alertmanager"
BOMB = gzip.compress(b" " * (1 << 30), 9)


def alert(**fields: Any) -> dict[str, Any]:
    return {"labels": LABELS, **fields}


def labelled(**labels: str) -> dict[str, Any]:
    return {"labels": {**LABELS, **labels}}


def array(*alerts: Any) -> bytes:
    return json.dumps(alerts).encode()


def hook(*alerts: Any, **fields: Any) -> bytes:
    return json.dumps({"version": "4", "status": "firing", "alerts": alerts, **fields}).encode()


def post(body: bytes, path: str = API, *headers: str, length: int | None = None) -> bytes:
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: gateway",
        "Content-Type: application/json",
        "Connection: close",
        *headers,
    ]
    if not any(line.startswith("Transfer-Encoding") for line in headers) or length is not None:
        lines.append(f"Content-Length: {len(body) if length is None else length}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def spoilt(text: str) -> bytes:
    """An alert that would be acted on, with this JSON as the value of one more label."""
    return array(labelled(x="HERE")).replace(b'"HERE"', text.encode("utf-8", "surrogateescape"))


GOOD = array(alert())
ONE_OF_A_HUNDRED = [
    {"labels": {"alertname": "Other", "n": str(n)}} if n != 50 else {"labels": {**LABELS, "n": n}}
    for n in range(100)
]
MANY_LABELS = {**LABELS, **{f"l{n}": "x" for n in range(10_000)}}
IN_YEAR_1 = {"startsAt": "0001-01-01T00:00:00Z", "endsAt": "0001-01-01T00:00:00Z"}

INPUTS: dict[str, tuple[bytes, int]] = {
    "1 empty": (post(b""), 400),
    "2 null": (post(b"null"), 400),
    "3 an array at the webhook": (post(GOOD, HOOK), 400),
    "3 an object at the API": (post(GOOD[1:-1]), 400),
    "4 cut off": (post(GOOD[:-3]), 400),
    "5 a key twice": (post(GOOD.replace(b"}}", b'},"labels":{"alertname":"Other"}}')), 200),
    "6 NaN": (post(spoilt("NaN")), 400),
    "6 Infinity": (post(spoilt("-Infinity")), 400),
    "7 a number of 400 digits": (post(spoilt("1" + "0" * 400)), 400),
    "8 depth 100,000": (post(b"[" * 100_000 + b"]" * 100_000), 400),
    "8 depth 100,000 in a label": (post(spoilt("[" * 100_000 + "]" * 100_000)), 400),
    "9 invalid UTF-8": (post(spoilt('"\udcff"')), 400),
    "10 half a surrogate pair": (post(spoilt('"\\ud800"')), 400),
    "10 NUL": (post(spoilt('"\\u0000"')), 400),
    "11 50 MiB": (post(b"", length=50 * MIB) + GOOD, 413),
    "12 a bomb of gzip": (post(BOMB, API, "Content-Encoding: gzip"), 413),
    "13 a length beside chunks": (
        post(b"2\r\n[]\r\n0\r\n\r\n", API, "Transfer-Encoding: chunked", length=900),
        400,
    ),
    "13 more announced than sent": (post(GOOD, length=len(GOOD) + 1), 408),
    "14 one byte now and then": (post(GOOD[:1], length=len(GOOD)), 408),
    "15 no alerts": (post(b"[]"), 200),
    "15 40,000 alerts": (post(b"[" + b",".join([GOOD[1:-1]] * 40_000) + b"]"), 400),
    "16 one of a hundred is bad": (post(array(*ONE_OF_A_HUNDRED)), 400),
    "17 10,000 labels": (post(array({"labels": MANY_LABELS})), 400),
    "17 a value of 1 MiB": (post(array(labelled(x="y" * MIB))), 400),
    "18 alerts left out": (
        post(hook({"labels": {"alertname": "Other"}, "status": "firing"}, truncatedAlerts=7), HOOK),
        200,
    ),
    "19 a fingerprint of another": (
        post(array({"labels": {"alertname": "Other"}, "fingerprint": "0" * 16})),
        200,
    ),
    "20 the year 1": (post(array({"labels": {"alertname": "Other"}, **IN_YEAR_1})), 200),
    "20 the year 0": (post(array(alert(startsAt="0000-01-01T00:00:00Z"))), 400),
    "20 no zone": (post(array(alert(startsAt="2026-11-01T10:00:00"))), 400),
    "20 a leap second": (post(array(alert(startsAt="2016-12-31T23:59:60Z"))), 400),
    "21 ended before it began": (
        post(array(alert(startsAt="2026-11-01T10:00:00Z", endsAt="2026-11-01T09:00:00Z"))),
        400,
    ),
    "22 an end without a begin": (post(array(alert(endsAt="2026-11-01T10:00:00Z"))), 200),
    "23 ../kube-system": (post(array(labelled(namespace="../kube-system"))), 200),
    "23 *": (post(array(labelled(namespace="*"))), 200),
    "23 no namespace": (post(array(labelled(namespace=""))), 200),
    "24 a look-alike of the namespace": (post(array(labelled(namespace="ѕhop"))), 200),
    "24 another case": (post(array(labelled(namespace="Shop"))), 200),
    "24 a look-alike of the alert": (post(array(labelled(alertname="НighErrors"))), 200),
}


@pytest.fixture(scope="module")
def running(
    kafka: Kafka, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Platform, int]]:
    """And after all of them: what was accepted is decided, and nothing is done until the same alert
    comes as it should."""
    with platform_on(kafka, tmp_path_factory.mktemp("bad-inputs")) as platform:
        platform.prepare(EACH_BY_ITSELF)
        platform.start("processor")
        platform.start("gateway", BODY_TIMEOUT_S=str(BODY_TIMEOUT_S), HOST="127.0.0.1")
        yield platform, peak_kib(platform)
        asyncio.run(nothing_is_done(platform))
        assert all(child.alive for child in platform.children)


async def nothing_is_done(platform: Platform) -> None:
    await platform.caught_up(journal("observe", "alerts"), ALERTS)
    await platform.caught_up(journal("decide", "tape"), TAPE)
    commands = [decode(record.value, Command) for record in await platform.read(COMMANDS)]
    assert not [c for c in commands if isinstance(c, Command) and c.kind is CommandKind.ACT]
    assert await platform.read(REJECTS)
    assert await answered(platform, post(GOOD)) == 200
    await platform.until(COMMANDS, 1)


def peak_kib(platform: Platform) -> int:
    """The most memory that the gateway has had so far."""
    gateway = platform.children[-1]
    status = Path(f"/proc/{gateway.pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0])


@pytest.mark.parametrize("name", INPUTS)
async def test_a_bad_input_is_answered_as_documented(
    running: tuple[Platform, int], name: str
) -> None:
    platform, idle_kib = running
    request, expected = INPUTS[name]
    for _ in range(ASKED_MAX):
        began_s = time.monotonic()
        status = await answered(platform, request)
        took_s = time.monotonic() - began_s
        if took_s < WITHIN_S and (status != TOO_LATE or expected == TOO_LATE):
            break
    assert status == expected
    assert took_s < WITHIN_S
    assert peak_kib(platform) < 2 * idle_kib


async def answered(platform: Platform, request: bytes) -> int:
    port = int(platform.urls["gateway"].rsplit(":", 1)[1])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request)
        async with asyncio.timeout(PATIENT_S):
            line = await reader.readuntil(b"\r\n")
        return int(line.split()[1])
    finally:
        writer.close()
