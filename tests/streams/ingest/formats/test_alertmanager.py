"""Alertmanager's formats: every field, and one bad alert costs no other."""

import json

import pytest

from schemas.alerts import AlertStatus
from schemas.ids import fingerprint
from schemas.sightings import row_bytes
from schemas.topics import BODY_BYTES_MAX, TAPE_RECORD_BYTES_MAX
from streams.ingest.formats import limits
from streams.ingest.formats.alertmanager import (
    check_api_v2,
    check_webhook,
    parse_api_v2,
    parse_webhook,
    without_webhook,
)
from streams.ingest.formats.parsed import Checked, FaultReason, Parsed
from tests.streams.ingest.payloads import (
    BAD_ALERTS,
    READABLE,
    RECEIVED_MS,
    UNREADABLE,
    alert,
    body,
    fixture,
    hook,
)


def api(raw: bytes) -> Parsed:
    return parse_api_v2(raw, "prom", RECEIVED_MS)


def webhook(raw: bytes) -> Parsed:
    return parse_webhook(raw, "am", RECEIVED_MS)


def test_prometheus_posts_a_future_end_while_firing() -> None:
    firing, resolved = api(fixture("alertmanager-api-v2/prometheus.json")).sightings
    assert firing.status is AlertStatus.FIRING
    assert firing.source == "prom"
    assert firing.starts_at_ms == RECEIVED_MS - 60_000 + 123
    assert firing.ends_at_ms == RECEIVED_MS + 180_000 + 123
    assert firing.annotations["summary"] == "checkout fails 12% of its requests"
    assert resolved.status is AlertStatus.RESOLVED


def test_an_empty_label_is_one_that_is_not_there() -> None:
    _, resolved = api(fixture("alertmanager-api-v2/prometheus.json")).sightings
    assert resolved.labels == {"alertname": "DiskFull", "cluster": "prod-eu", "node": "node-7"}
    assert resolved.fingerprint == fingerprint(resolved.labels)


def test_in_a_webhook_each_alert_has_its_own_status_and_our_fingerprint() -> None:
    parsed = webhook(fixture("alertmanager-webhook/alertmanager.json"))
    firing, resolved = parsed.sightings
    assert (firing.status, resolved.status) == (AlertStatus.FIRING, AlertStatus.RESOLVED)
    assert firing.ends_at_ms == 0
    assert firing.fingerprint != resolved.fingerprint
    assert [(f.where, f.reason) for f in parsed.faults] == [
        ("truncatedAlerts", FaultReason.TRUNCATED)
    ]


@pytest.mark.parametrize(
    ("starts", "ends", "status", "starts_at_ms"),
    [
        (None, None, AlertStatus.FIRING, RECEIVED_MS),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z", AlertStatus.FIRING, RECEIVED_MS),
        ("0001-01-01T00:00:00+05:00", None, AlertStatus.FIRING, RECEIVED_MS),
        (None, "9999-12-31T23:59:59Z", AlertStatus.FIRING, RECEIVED_MS),
        (None, "9999-12-31T23:59:59.9999999Z", AlertStatus.FIRING, RECEIVED_MS),
        (None, "9999-12-31T23:59:59-14:00", AlertStatus.FIRING, RECEIVED_MS),
        (None, "2026-11-01T10:01:00Z", AlertStatus.RESOLVED, RECEIVED_MS),
        (None, "2026-11-01T10:01:00.001Z", AlertStatus.FIRING, RECEIVED_MS),
        (None, "2026-11-01T10:00:00Z", AlertStatus.RESOLVED, RECEIVED_MS - 60_000),
        ("2026-11-01T11:00:00+01:00", None, AlertStatus.FIRING, RECEIVED_MS - 60_000),
        ("2026-11-01T10:00:00.999999999Z", None, AlertStatus.FIRING, RECEIVED_MS - 59_000),
        ("1969-12-31T23:59:59.5Z", None, AlertStatus.FIRING, -500),
    ],
)
def test_times(starts: str | None, ends: str | None, status: AlertStatus, starts_at_ms: int):
    (seen,) = api(body(alert(startsAt=starts, endsAt=ends))).sightings
    assert (seen.status, seen.starts_at_ms) == (status, starts_at_ms)


@pytest.mark.parametrize("raw", UNREADABLE.values(), ids=UNREADABLE)
def test_an_unreadable_body_is_one_fault(raw: bytes) -> None:
    parsed = api(raw)
    assert not parsed.sightings
    assert [(f.where, f.body, f.reason) for f in parsed.faults] == [
        ("body", raw, FaultReason.UNREADABLE)
    ]


@pytest.mark.parametrize("raw", UNREADABLE.values(), ids=UNREADABLE)
def test_an_unreadable_list_of_alerts_makes_the_webhook_unreadable(raw: bytes) -> None:
    parsed = webhook(b'{"alerts":' + raw + b"}")
    assert not parsed.sightings
    assert parsed.faults[0].where == "body"


@pytest.mark.parametrize(("raw", "where"), BAD_ALERTS.values(), ids=BAD_ALERTS)
def test_a_bad_alert_is_named_and_costs_no_other(raw: bytes, where: str) -> None:
    assert [f.where for f in api(raw).faults] == [where]
    good = json.dumps(alert()).encode()
    parsed = api(b"[" + good + b"," + raw[1:-1] + b"," + good + b"]")
    assert len(parsed.sightings) == 2
    assert [f.where for f in parsed.faults] == [where.replace("[0]", "[1]")]
    assert parsed.faults[0].index == 1
    assert parsed.faults[0].body == raw[1:-1]


@pytest.mark.parametrize("raw", READABLE.values(), ids=READABLE)
def test_unusual_is_not_bad(raw: bytes) -> None:
    parsed = api(raw)
    assert (len(parsed.sightings), parsed.faults) == (1, ())


def test_one_invalid_among_a_hundred() -> None:
    alerts = [alert(labels={"n": str(i)}) for i in range(100)]
    alerts[41] = alert(labels={"severity": 3})
    parsed = api(body(*alerts))
    assert len(parsed.sightings) == 99
    assert [str(f) for f in parsed.faults] == [
        "alerts[41].labels.severity: a string is needed, not a number"
    ]


@pytest.mark.parametrize("count", [0, 1, limits.ALERTS_MAX])
def test_as_many_alerts_as_are_taken(count: int) -> None:
    parsed = api(b"[" + b",".join([b'{"labels":{"a":"b"},"annotations":{}}'] * count) + b"]")
    assert (len(parsed.sightings), parsed.faults) == (count, ())


@pytest.mark.parametrize("item", [b'{"labels":{"a":"b"}}', b"{}", b"1", b'"{}"', b"[[]]"])
def test_more_alerts_than_are_taken(item: bytes) -> None:
    raw = b"[" + b",".join([item] * (BODY_BYTES_MAX // (len(item) + 1))) + b"]"
    for parsed in (api(raw), webhook(b'{"alerts":' + raw + b"}")):
        assert not parsed.sightings
        (fault,) = parsed.faults
        assert (fault.where, fault.reason) == ("body", FaultReason.OVER_LIMIT)
        assert "more than 20000 alerts" in fault.why


@pytest.mark.parametrize("letter", ["x", "…", "\x02", "\U0001f600"])
def test_the_largest_alert_fits_into_a_record_of_the_tape(letter: str) -> None:
    one = len(json.dumps(letter, ensure_ascii=False).encode()) - 2
    value = letter * ((limits.ALERT_BYTES_MAX - 100) // 4 // one)
    (seen,) = api(body(alert(annotations={f"a{i}": value for i in range(4)}))).sightings
    assert len(row_bytes(seen)) < TAPE_RECORD_BYTES_MAX - 4096


def test_of_a_key_given_twice_the_last_counts() -> None:
    raw = b'[{"labels":{"a":"1","a":"2"},"labels":{"b":"3","b":"4"}}]'
    assert api(raw).sightings[0].labels == {"b": "4"}


def test_twins_in_case_are_two_alerts() -> None:
    lower, upper = api(body(alert(labels={"a": "x"}), alert(labels={"A": "x"}))).sightings
    assert lower.fingerprint != upper.fingerprint


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({}, "alerts[0].status"),
        ({"status": "pending"}, "alerts[0].status"),
        ({"status": 1}, "alerts[0].status"),
    ],
)
def test_a_webhook_alert_needs_its_status(fields: dict[str, object], where: str) -> None:
    parsed = webhook(hook(alert(**fields), status="firing"))
    assert [f.where for f in parsed.faults] == [where]


@pytest.mark.parametrize(
    ("count", "noted"), [(0, False), (5, True), (-1, False), ("x", True), (1e300, True)]
)
def test_alerts_that_the_sender_left_out_are_noted(count: object, noted: bool) -> None:
    parsed = webhook(hook(alert(status="firing"), truncatedAlerts=count))
    assert len(parsed.sightings) == 1
    assert [f.reason for f in parsed.faults] == [FaultReason.TRUNCATED] * noted


def test_a_webhook_without_its_bad_alerts_keeps_its_other_fields() -> None:
    raw = hook(alert(status="firing"), alert(labels={}), groupKey="k", truncatedAlerts=2)
    kept = without_webhook(raw, frozenset({1}))
    assert json.loads(kept) == {
        "version": "4",
        "alerts": [alert(status="firing")],
        "groupKey": "k",
        "truncatedAlerts": 2,
    }


def test_half_a_surrogate_pair_in_a_webhook_costs_one_alert() -> None:
    raw = (
        b'{"title":"\\ud83d","\\ud83d":1,"alerts":[{"status":"firing","labels":{"a":"b"}},'
        b'{"status":"firing","labels":{"a":"cut \\ud83d"}}]}'
    )
    parsed = webhook(raw)
    assert [f.where for f in parsed.faults] == ["alerts[1].labels.a"]
    kept = without_webhook(raw, frozenset({1}))
    assert json.loads(kept) == {"alerts": [{"status": "firing", "labels": {"a": "b"}}]}
    assert webhook(kept).sightings == parsed.sightings


CORPUS = {**UNREADABLE, **{name: raw for name, (raw, _) in BAD_ALERTS.items()}, **READABLE}


@pytest.mark.parametrize("raw", CORPUS.values(), ids=CORPUS.keys())
def test_the_gateway_finds_what_is_read_later(raw: bytes) -> None:
    for check, parse, body_of in (
        (check_api_v2, parse_api_v2, raw),
        (check_webhook, parse_webhook, b'{"alerts":' + raw + b"}"),
    ):
        parsed = parse(body_of, "", RECEIVED_MS)
        assert check(body_of, RECEIVED_MS) == Checked(len(parsed.sightings), parsed.faults)
