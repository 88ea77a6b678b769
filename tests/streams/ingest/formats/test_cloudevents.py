"""CloudEvents: the three modes say the same, and what is wrong is named."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from streams.ingest.formats.cloudevents import cloudevents, without
from streams.ingest.formats.cloudevents_binary import from_http
from streams.ingest.formats.parsed import FaultReason, Parsed
from tests.streams.ingest.payloads import RECEIVED_MS

DATA = {"status": "firing", "labels": {"alertname": "Slow"}}
HEADERS = {
    "ce-specversion": "1.0",
    "ce-type": "io.mendlog.alert.v1",
    "ce-source": "/monitors/1",
    "ce-id": "1",
    "ce-time": "2026-11-01T10:00:00Z",
}
JSON = "application/json"
ATTRIBUTES = {name.removeprefix("ce-"): value for name, value in HEADERS.items()}


MANY = b"[" + b"0," * 20_000 + b"0]"


def event(data: Any = DATA, **attributes: Any) -> dict[str, Any]:
    return {**ATTRIBUTES, "data": data, **attributes}


def parse(body: bytes) -> Parsed:
    return cloudevents.parse(body, "events", RECEIVED_MS)


def read(whole: Any) -> Parsed:
    return parse(json.dumps(whole).encode())


def binary(body: bytes, headers: Mapping[str, str] = HEADERS, type: str = JSON) -> bytes:
    return from_http({"Content-Type": type, **headers}, body)


def test_the_three_modes_say_the_same() -> None:
    one = json.dumps(event()).encode()
    kept = binary(json.dumps(DATA).encode())
    assert read(event()).sightings == parse(kept).sightings == read([event()]).sightings
    assert from_http({"content-type": "application/cloudevents+json; charset=UTF-8"}, one) == one
    batch = b"[" + one + b"]"
    assert from_http({"Content-Type": "Application/CloudEvents-Batch+JSON"}, batch) == batch


def test_the_same_event_sent_again_under_another_id_is_the_same_alert() -> None:
    first, again = (read(event(id=id)).sightings[0] for id in ("1", "2"))
    assert first.fingerprint == again.fingerprint
    assert (first.starts_at_ms, first.status) == (again.starts_at_ms, again.status)


def test_a_bad_event_costs_the_batch_nothing_and_can_be_left_out() -> None:
    batch = json.dumps([event(), event({"status": "firing"}), event(specversion="0.3")]).encode()
    parsed = parse(batch)
    assert len(parsed.sightings) == 1
    assert [fault.where for fault in parsed.faults] == [
        "alerts[1].data.labels",
        "alerts[2].specversion",
    ]
    kept = parse(without(batch, frozenset({1, 2})))
    assert (kept.sightings, kept.faults) == (parsed.sightings, ())


@pytest.mark.parametrize(
    ("whole", "where"),
    [
        ({**event(), "specversion": "1.1"}, "specversion"),
        ({"cloudEventsVersion": "0.1", "data": DATA}, "specversion"),
        ({**ATTRIBUTES}, "data"),
        ({"specversion": "1.0", "data": DATA}, "id"),
        (event(None), "data"),
        (event({"labels": {}}), "data.status"),
        (event({**DATA, "status": "suppressed"}), "data.status"),
        (event({**DATA, "labels": {"a": 1}}), "data.labels[...]"),
        (event({**DATA, "starts_at": "yesterday"}), "data.starts_at"),
        (event({**DATA, "starts_at": "2026-11-01T10:00:00"}), "data.starts_at"),
        (event({**DATA, "ends_at": "2026-11-01T09:00:00Z"}), "data.ends_at"),
        (event({"status": "resolved", "key": "k", "starts_at": "2026-11-01T11:00:00Z"}), "time"),
        (event(time="now"), "time"),
        (event(datacontenttype="text/xml"), "datacontenttype"),
        (event(data_base64="***"), "data_base64"),
        (event(data_base64="e30="), "data_base64.status"),
    ],
)
def test_a_wrong_field_is_named(whole: Any, where: str) -> None:
    assert [fault.where for fault in read(whole).faults] == [where]


def test_of_an_alert_with_a_key_the_end_needs_no_labels() -> None:
    begin = read(event({**DATA, "key": "k"})).sightings[0]
    end = read(event({"status": "resolved", "key": "k"})).sightings[0]
    assert begin.fingerprint == end.fingerprint
    assert end.ends_at_ms == begin.starts_at_ms


def test_without_attributes_the_body_says_what_is_missing() -> None:
    body = json.dumps(DATA).encode()
    assert binary(body, {}) == body
    assert [fault.where for fault in parse(body).faults] == ["specversion"]


def test_a_body_that_is_no_batch_after_all_is_unreadable() -> None:
    for body, reason in ((b"[{", FaultReason.UNREADABLE), (MANY, FaultReason.OVER_LIMIT)):
        assert [fault.reason for fault in parse(body).faults] == [reason]
