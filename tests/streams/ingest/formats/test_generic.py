"""Any JSON, read by a mapping: what the corpus cannot say."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.ingest.formats.generic import DELIVERY_BYTES_MAX, generic, parse, wrap
from streams.ingest.formats.mapping import Mapping
from streams.ingest.formats.parsed import FaultReason, Parsed
from streams.ingest.gateway.delivery import Delivery
from streams.ingest.gateway.source import Source
from tests.streams.ingest.payloads import RECEIVED_MS

PLAIN = Mapping("status", ("on",), ("off",), labels={"alertname": "name", "value": "value"})
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)


def read(mapping: Mapping, sent: Any) -> Parsed:
    return parse(wrap(mapping, json.dumps(sent).encode()), "s", RECEIVED_MS)


def with_(**fields: Any) -> Mapping:
    return msgspec.structs.replace(PLAIN, **fields)


def value_of(text: str) -> str | None:
    sent = f'{{"status":"on","name":"A","value":{text}}}'.encode()
    (seen,) = parse(wrap(PLAIN, sent), "s", RECEIVED_MS).sightings
    return seen.labels.get("value")


def why(parsed: Parsed) -> str:
    (fault,) = parsed.faults
    return str(fault)


@pytest.mark.parametrize(
    ("sent", "text"),
    [
        ("1", "1"),
        ("1.0", "1"),
        ("1e2", "100"),
        ("-0.0", "0"),
        ("0.1", "0.1"),
        ("12345678901234567890123", "12345678901234567890123"),
        ("true", "true"),
        ("false", "false"),
        ('" 1.0 "', " 1.0 "),
        ("null", None),
        ('""', None),
    ],
)
def test_a_value_becomes_text_in_one_way(sent: str, text: str | None) -> None:
    assert value_of(sent) == text


@pytest.mark.parametrize(("sent", "kind"), [([1], "a list"), ({"a": 1}, "an object")])
def test_a_list_or_an_object_is_no_text(sent: object, kind: str) -> None:
    parsed = read(PLAIN, {"status": "on", "name": "A", "value": sent})
    assert why(parsed) == f"labels.value: a text is needed, not {kind}"


@pytest.mark.parametrize("status", [None, "", "ON", "on ", 1, True])
def test_a_status_is_never_guessed(status: object) -> None:
    parsed = read(PLAIN, {"status": status, "name": "A"})
    assert why(parsed).startswith("status: ")
    assert not parsed.sightings


def test_a_status_may_be_a_number_or_a_boolean() -> None:
    mapping = with_(firing=("1", "true"), resolved=("0", "false"))
    statuses = [
        read(mapping, {"status": s, "name": "A"}).sightings[0].status
        for s in (1, 1.0, True, 0, False)
    ]
    assert statuses == ["firing"] * 3 + ["resolved"] * 2


def test_a_key_alone_says_which_alert_it_is_and_must_be_there() -> None:
    mapping = with_(key="id")
    begun = read(mapping, {"status": "on", "name": "A", "value": "9", "id": 7})
    ended = read(mapping, {"status": "off", "id": 7.0})
    assert begun.sightings[0].fingerprint == ended.sightings[0].fingerprint
    assert why(read(mapping, {"status": "off", "name": "A"})) == "key: missing"


@pytest.mark.parametrize(
    ("fields", "sent", "at_ms"),
    [
        ({}, "2026-11-01T10:00:00Z", 1_793_527_200_000),
        ({"zone": "UTC"}, "2026-11-01 10:00:00.5", 1_793_527_200_500),
        ({"zone": "+05:30"}, "2026-11-01T15:30:00", 1_793_527_200_000),
        ({"zone": "-08:00"}, "2026-11-01T02:00:00", 1_793_527_200_000),
        ({"zone": "-08:00"}, "2026-11-01T10:00:00+00:00", 1_793_527_200_000),
        ({"time_unit": "seconds"}, 1_793_527_200, 1_793_527_200_000),
        ({"time_unit": "seconds"}, 1_793_527_200.123, 1_793_527_200_123),
        ({"time_unit": "seconds"}, "1793527200", 1_793_527_200_000),
        ({"time_unit": "milliseconds"}, 1_793_527_200_001.0, 1_793_527_200_001),
        ({"time_unit": "seconds"}, 0, RECEIVED_MS),
        ({}, None, RECEIVED_MS),
    ],
)
def test_a_time_is_read_as_the_mapping_says(fields: Any, sent: object, at_ms: int) -> None:
    mapping = with_(starts_at="at", **fields)
    (seen,) = read(mapping, {"status": "on", "name": "A", "at": sent}).sightings
    assert seen.starts_at_ms == at_ms


@pytest.mark.parametrize(
    ("fields", "sent"),
    [
        ({}, "2026-11-01T10:00:00"),
        ({}, 1_793_527_200),
        ({"zone": "UTC"}, "yesterday"),
        ({"time_unit": "seconds"}, "2026-11-01T10:00:00Z"),
        ({"time_unit": "seconds"}, -1),
        ({"time_unit": "seconds"}, 1_793_527_200_000),
        ({"time_unit": "seconds"}, "١٧"),
        ({"time_unit": "milliseconds"}, 1e300),
    ],
)
def test_another_time_is_a_fault_that_names_it(fields: Any, sent: object) -> None:
    parsed = read(with_(ends_at="at", **fields), {"status": "off", "name": "A", "at": sent})
    assert parsed.faults[0].reason is FaultReason.WRONG_TIME
    assert why(parsed).startswith("ends_at: ")


def test_the_list_of_alerts_must_be_there() -> None:
    assert why(read(with_(alerts="items"), {})) == "alerts: a list is needed, not null"
    assert read(with_(alerts="items"), {"items": []}) == Parsed(())


def test_alerts_that_were_rejected_are_left_out_of_what_is_kept() -> None:
    sent = {"items": [{"status": "?"}, {"status": "on", "name": "B"}, {"status": "off"}]}
    body = wrap(with_(alerts="items"), json.dumps(sent).encode())
    checked = generic.check(body, RECEIVED_MS)
    assert [fault.index for fault in checked.faults] == [0, 2]
    delivery = Delivery(Source("s"), "generic", body, checked, RECEIVED_MS, "c")
    alerts, _rejects = delivery.records("p")
    kept = parse(alerts.value, "s", RECEIVED_MS)
    assert [seen.labels["alertname"] for seen in kept.sightings] == ["B"]
    assert not kept.faults


@pytest.mark.parametrize(
    "body",
    [b'1},"mapping":{"status":"x"},"x":{"a":1', b"1,2", b"", b"{", b'"\xff"', b"NaN"],
)
def test_nothing_that_is_sent_passes_for_a_part_of_the_envelope(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        wrap(PLAIN, body)


def test_a_body_that_is_too_long_or_too_deep_is_refused() -> None:
    with pytest.raises(ValueError, match="longer than"):
        wrap(PLAIN, b'"' + b"x" * DELIVERY_BYTES_MAX + b'"')
    deep = parse(wrap(PLAIN, b"[" * 40 + b"]" * 40), "s", RECEIVED_MS)
    assert deep.faults[0].reason is FaultReason.OVER_LIMIT


@given(JSON)
def test_no_json_raises_and_what_was_wrapped_is_what_is_read(sent: object) -> None:
    body = json.dumps(sent).encode()
    envelope = wrap(with_(alerts="[@]", annotations={"all": "to_string(@)"}), body)
    assert envelope.endswith(b'"delivery":' + body + b"}")
    parsed = parse(envelope, "s", RECEIVED_MS)
    assert len(parsed.sightings) + len(parsed.faults) == 1


@given(
    st.binary() | JSON.map(lambda sent: json.dumps({"mapping": sent, "delivery": sent}).encode())
)
def test_what_is_no_envelope_is_one_fault(body: bytes) -> None:
    parsed = parse(body, "s", RECEIVED_MS)
    assert (len(parsed.sightings), len(parsed.faults)) == (0, 1)
