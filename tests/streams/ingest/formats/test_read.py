"""Which parser reads a record: its header says, or its bytes do. Never a guess."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.alerts import Alert, AlertStatus
from schemas.codec import encode
from schemas.metrics import Samples
from streams.ingest.formats.alertmanager import API_V2, WEBHOOK
from streams.ingest.formats.avro_alert import AVRO
from streams.ingest.formats.catalog import FORMATS, read
from streams.ingest.formats.parsed import FaultReason, Parsed
from tests.streams.ingest.payloads import BAD_ALERTS, RECEIVED_MS, UNREADABLE, alert, body, hook


def look(raw: bytes | None, format: str | None = None) -> Parsed:
    return read(raw, "s", format, RECEIVED_MS)


AVRO_ALERT = encode(Alert({"alertname": "X"}, {"summary": "x"}))
ONE = body(alert())[1:-1]


@pytest.mark.parametrize(
    "raw",
    [AVRO_ALERT, body(alert()), b" \n" + body(alert()), hook(alert(status="firing")), ONE],
    ids=["avro", "array", "array after space", "webhook", "one alert"],
)
def test_the_bytes_tell_the_format(raw: bytes) -> None:
    assert len(look(raw).sightings) == 1


@pytest.mark.parametrize(
    "raw",
    [
        None,
        b"",
        b"null",
        b"7",
        b'"x"',
        b"{}",
        b'{"alerts":[],"labels":{}}',
        ONE + b"," + ONE,
        b"\x00\x00\x00\x00\x07rest",
        b"\xc3\x01short",
        b"\xc3\x01" + b"\x00" * 8 + b"unknown schema",
        AVRO_ALERT[:-1],
        AVRO_ALERT + b"\x00",
        encode(Samples({}, 1, ())),
        b"severity=critical",
    ],
)
def test_no_known_format_is_a_fault(raw: bytes | None) -> None:
    parsed = look(raw)
    assert not parsed.sightings
    assert [f.where for f in parsed.faults] == ["body"]


EVENT = {
    "ce_id": b"1",
    "ce_source": b"/s",
    "ce_specversion": b"1.0",
    "ce_type": b"io.mendlog.alert.v1",
    "content-type": b"application/json",
}


def test_a_record_may_be_a_cloud_event() -> None:
    data = b'{"status": "firing", "labels": {"alertname": "X"}}'
    headers = tuple(EVENT.items())
    parsed = read(data, "s", None, RECEIVED_MS, headers=headers)
    assert [seen.labels["alertname"] for seen in parsed.sightings] == ["X"]
    assert read(None, "s", None, RECEIVED_MS, headers=headers) == Parsed(())
    wrong = tuple({**EVENT, "ce_id": b"\xff"}.items())
    assert [fault.where for fault in read(data, "s", None, RECEIVED_MS, headers=wrong).faults] == [
        "body"
    ]
    assert read(body(alert()), "s", API_V2, RECEIVED_MS, headers=headers).sightings


def test_the_header_decides() -> None:
    assert look(ONE, API_V2).faults
    assert look(body(alert()), WEBHOOK).faults
    assert look(body(alert()), AVRO).faults
    assert look(body(alert()), "nagios").faults[0].reason is FaultReason.UNKNOWN_FORMAT


@pytest.mark.parametrize(
    ("ends_at_ms", "status"),
    [
        (None, AlertStatus.FIRING),
        (RECEIVED_MS + 1, AlertStatus.FIRING),
        (RECEIVED_MS, AlertStatus.RESOLVED),
    ],
)
def test_avro_alerts_end_as_alertmanagers_do(ends_at_ms: int | None, status: AlertStatus) -> None:
    (seen,) = look(encode(Alert({"a": "b"}, {}, 1, ends_at_ms))).sightings
    assert (seen.status, seen.starts_at_ms) == (status, 1)


@pytest.mark.parametrize(
    ("bad", "where"),
    [
        (Alert({}, {}), "labels"),
        (Alert({"a": ""}, {}), "labels"),
        (Alert({"a": "\x00"}, {}), "labels.a"),
        (Alert({"a": "b"}, {"s": "x" * 70_000}), "annotations.s"),
        (Alert({"a": "b"}, {}, starts_at_ms=2**62), "starts_at_ms"),
        (Alert({"a": "b"}, {}, ends_at_ms=-(2**62)), "ends_at_ms"),
        (Alert({"a": "b"}, {}, 5, 4), "endsAt"),
    ],
)
def test_a_bad_avro_alert_names_its_field(bad: Alert, where: str) -> None:
    raw = encode(bad)
    assert [(f.where, f.body) for f in look(raw).faults] == [(where, raw)]


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(codec=None))
    | st.sampled_from(["2026-11-01T10:00:00Z", "0001-01-01T00:00:00Z", "firing", "9999-12-31"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "labels",
                    "annotations",
                    "alerts",
                    "status",
                    "startsAt",
                    "endsAt",
                    "truncatedAlerts",
                ]
            )
            | st.text(max_size=3),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)
GOOD_AND_BAD = [
    *UNREADABLE.values(),
    *(raw for raw, _ in BAD_ALERTS.values()),
    AVRO_ALERT,
    hook(alert(status="firing"), alert(), truncatedAlerts=1),
]


def check(raw: bytes, format: str | None) -> None:
    """Reading never raises; every sighting is complete; what is kept is good when read again."""
    parsed = look(raw, format)
    assert parsed.sightings or parsed.faults or raw.strip(b" \t\r\n")[:1] in (b"[", b"{")
    for seen in parsed.sightings:
        assert seen.labels
        assert all(isinstance(text, str) for text in seen.labels.values())
        "".join([*seen.labels, *seen.labels.values(), *seen.annotations.values()]).encode()
    bad = frozenset(f.index for f in parsed.faults if f.index is not None)
    keep = FORMATS[format].without if format else None
    if keep and bad and parsed.sightings:
        again = look(keep(raw, bad), format)
        assert again.sightings == parsed.sightings
        assert all(f.reason is FaultReason.TRUNCATED for f in again.faults)


FORMAT = st.sampled_from([None, *FORMATS])


@given(st.binary(max_size=300), FORMAT)
def test_no_bytes_raise(raw: bytes, format: str | None) -> None:
    check(raw, format)


@given(JSON, FORMAT)
def test_no_json_raises(value: object, format: str | None) -> None:
    check(json.dumps(value).encode(), format)
    check(json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass"), format)


@given(st.sampled_from(GOOD_AND_BAD), st.data(), FORMAT)
def test_no_damaged_delivery_raises(raw: bytes, data: st.DataObject, format: str | None) -> None:
    at = data.draw(st.integers(0, min(len(raw), 2000)))
    cut = data.draw(st.integers(0, 5))
    put = data.draw(st.binary(max_size=5))
    check(raw[:at] + put + raw[at + cut :], format)
