"""Grafana's webhook: what tells it from Alertmanager's. The rest is in `fixtures/grafana`."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.alerts import NO_DATA, AlertStatus, Sighting
from streams.ingest.formats.alertmanager import parse_webhook
from streams.ingest.formats.grafana import parse
from streams.ingest.formats.parsed import FaultReason, Parsed
from tests.streams.ingest.payloads import RECEIVED_MS, alert, fixture, hook

FIRING, RESOLVED = AlertStatus.FIRING, AlertStatus.RESOLVED


def look(raw: bytes) -> Parsed:
    return parse(raw, "grafana", RECEIVED_MS)


def one(**fields: Any) -> tuple[Sighting, ...]:
    parsed = look(hook(alert(**{"status": "firing", **fields})))
    assert not parsed.faults
    return parsed.sightings


def recorded(case: str) -> tuple[Sighting, ...]:
    return look(fixture(f"grafana/{case}.json")).sightings


def test_a_contact_point_that_moves_here_from_alertmanagers_path_keeps_its_alerts() -> None:
    raw = fixture("grafana/firing.json")
    before = parse_webhook(raw, "grafana", RECEIVED_MS).sightings
    assert [seen.fingerprint for seen in look(raw).sightings] == [b.fingerprint for b in before]


@pytest.mark.parametrize("name", ["DatasourceNoData", "DatasourceError"])
def test_what_grafana_cannot_tell_is_no_data_from_its_begin_to_its_end(name: str) -> None:
    labels = {"alertname": name, "rulename": "QueueDepth"}
    (begun,), (ended,) = one(labels=labels), one(labels=labels, status="resolved")
    assert (begun.status, ended.status) == (FIRING, RESOLVED)
    assert begun.fingerprint == ended.fingerprint
    assert NO_DATA in begun.labels


def test_an_alert_that_fires_for_no_data_is_another_than_the_one_that_fires_for_a_reason() -> None:
    (unknown,) = recorded("no-data-where-the-rule-says-alerting")
    known, _ = recorded("firing")
    assert NO_DATA in unknown.labels
    assert NO_DATA not in known.labels
    assert {unknown.fingerprint, known.fingerprint} == {
        seen.fingerprint for seen in recorded("resolved") if seen.status is RESOLVED
    }


@pytest.mark.parametrize("reason", ["NoData, KeepLast", "Error, KeepLast", "Updated", ""])
def test_any_other_reason_for_a_state_does_not_make_it_no_data(reason: str) -> None:
    (seen,) = one(annotations={"grafana_state_reason": reason})
    assert NO_DATA not in seen.labels


def test_an_alert_of_somebodys_own_that_is_named_like_the_test_is_an_alert() -> None:
    assert one(labels={"alertname": "TestAlert", "instance": "Grafana", "team": "a"}) == ()
    assert len(one(labels={"alertname": "TestAlert", "instance": "db-1"})) == 1


def test_a_rules_own_annotation_comes_before_the_field_of_that_name() -> None:
    (seen,) = one(annotations={"link": "mine"}, generatorURL="https://g.example/rule")
    assert seen.annotations == {"link": "mine"}


def test_a_long_text_of_values_is_cut() -> None:
    (seen,) = one(valueString="v" * 70_000, values={"x" * 70_000: 1})
    assert {name: len(text) for name, text in seen.annotations.items()} == {
        "values": 4096,
        "value_string": 4096,
    }


def test_half_an_emoji_costs_the_other_alerts_nothing() -> None:
    good = alert(status="firing")
    parsed = look(hook({**good, "valueString": "\ud83d"}, good))
    assert len(parsed.sightings) == 1
    assert [fault.index for fault in parsed.faults] == [0]


@pytest.mark.parametrize(
    ("field", "value", "where"),
    [
        ("values", {"A": "much"}, "alerts[0].values[...]"),
        ("values", 7, "alerts[0].values"),
        ("dashboardURL", {}, "alerts[0].dashboardURL"),
        ("status", "alerting", "alerts[0].status"),
        ("startsAt", "yesterday", "alerts[0].startsAt"),
        ("labels", {}, "alerts[0].labels"),
    ],
)
def test_of_a_custom_payload_the_wrong_field_is_named(field: str, value: Any, where: str) -> None:
    good = alert(status="firing")
    parsed = look(hook({**good, field: value}, good))
    assert len(parsed.sightings) == 1
    assert [fault.where for fault in parsed.faults] == [where]


@pytest.mark.parametrize("raw", [b"{}", b'{"alerts":null}', b'{"alerts":{"status":"firing"}}'])
def test_a_custom_payload_without_alerts_is_told_so(raw: bytes) -> None:
    (fault,) = look(raw).faults
    assert fault.reason is FaultReason.UNREADABLE
    assert "`alerts`" in fault.why


LABELS = st.dictionaries(
    st.sampled_from(["alertname", "instance", "pod", "no_data"]),
    st.sampled_from(["TestAlert", "Grafana", "DatasourceNoData", "", "a"]),
)
REASONS = st.sampled_from([None, "NoData", "Error", "NoData, KeepLast", "MissingSeries"])
VALUES = st.dictionaries(st.text(max_size=2), st.floats(allow_nan=False, allow_infinity=False))


@given(LABELS, REASONS, REASONS, VALUES)
def test_whatever_fires_is_ended_by_what_is_told_at_its_end(
    labels: dict[str, str], begin: str | None, end: str | None, values: dict[str, float]
) -> None:
    def told(status: str, reason: str | None) -> Parsed:
        annotations = {"grafana_state_reason": reason} if reason else {}
        sent = alert(labels=labels, status=status, annotations=annotations, values=values)
        return look(json.dumps({"alerts": [sent]}).encode())

    fired, ended = told("firing", begin), told("resolved", end)
    assert {seen.fingerprint for seen in fired.sightings} <= {
        s.fingerprint for s in ended.sightings
    }
    assert {seen.status for seen in ended.sightings} <= {RESOLVED}
