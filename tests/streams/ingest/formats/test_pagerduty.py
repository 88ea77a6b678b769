"""PagerDuty's webhooks and events: their traps. The rest is in `fixtures/pagerduty`."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.alerts import AlertStatus, Sighting
from streams.ingest.formats.pagerduty import pagerduty
from streams.ingest.formats.parsed import Parsed
from tests.streams.ingest.payloads import RECEIVED_MS, fixture

FIRING, RESOLVED = AlertStatus.FIRING, AlertStatus.RESOLVED


def look(sent: Any) -> Parsed:
    return pagerduty.parse(json.dumps(sent).encode(), "pd", RECEIVED_MS)


def recorded(case: str) -> tuple[Sighting, ...]:
    return pagerduty.parse(fixture(f"pagerduty/{case}.json"), "pd", RECEIVED_MS).sightings


def fires(seen: tuple[Sighting, ...]) -> set[str]:
    return {one.fingerprint for one in seen if one.status is FIRING}


def ends(seen: tuple[Sighting, ...]) -> set[str]:
    return {one.fingerprint for one in seen if one.status is RESOLVED}


def webhook(**fields: Any) -> dict[str, Any]:
    data = {"type": "incident", "id": "P1", "status": "triggered", **fields}
    return {"event": {"occurred_at": "2026-11-01T10:00:00Z", "data": data}}


def event(action: str = "trigger", **fields: Any) -> dict[str, Any]:
    payload = {"summary": "disk", "source": "db-1", "severity": "warning"}
    return {"event_action": action, "dedup_key": "db-1/disk", "payload": payload, **fields}


def test_an_incident_is_one_alert_until_it_is_resolved_and_again_when_it_is_reopened() -> None:
    life = [
        *("triggered", "acknowledged", "unacknowledged", "escalated"),
        *("resolved", "reopened"),
    ]
    told = [recorded(case) for case in life]
    begun, end = fires(told[0]), told[4]
    assert [fires(seen) for seen in told] == [begun, begun, begun, begun, set(), begun]
    assert begun <= ends(end)
    # A firing that is no later than the end before it would be taken for a late copy.
    at_ms = [seen[0].starts_at_ms for seen in told]
    assert at_ms == sorted(set(at_ms))


def test_of_an_incident_whose_priority_changes_the_alert_before_ends() -> None:
    before, after = recorded("triggered"), recorded("priority-updated")
    assert fires(before) <= ends(after)
    assert fires(after) <= ends(before)
    assert fires(after) <= ends(recorded("resolved"))


@pytest.mark.parametrize(
    ("priority", "urgency", "severity"),
    [
        ({"summary": "P1"}, "low", "critical"),
        ({"summary": "P5"}, "high", "info"),
        ({"summary": "SEV-1"}, "high", "critical"),
        ({"summary": None}, "low", "warning"),
        (None, "low", "warning"),
        (None, None, "critical"),
    ],
)
def test_severity_is_the_priority_or_else_the_urgency(
    priority: Any, urgency: Any, severity: str
) -> None:
    first, *_ = look(webhook(priority=priority, urgency=urgency)).sightings
    assert (first.status, first.labels["severity"]) == (FIRING, severity)


def test_the_status_of_an_incident_counts_whatever_happened_to_it() -> None:
    assert not fires(look(webhook(status="resolved", event_type="incident.annotated")).sightings)


OBJECTS: st.SearchStrategy[dict[str, Any]] = st.dictionaries(
    st.sampled_from(["type", "id", "status", "title", "service", "teams", "priority"]),
    st.sampled_from(["", "incident_note", "service", "ping", 7, None, [], {}]),
)


@given(OBJECTS)
def test_what_is_about_no_incident_is_neither_an_alert_nor_a_fault(data: dict[str, Any]) -> None:
    data = {**data, "type": data["type"] if isinstance(data.get("type"), str) else "service"}
    sent = {"event": {"occurred_at": "2026-11-01T10:00:00Z", "data": data}}
    assert look(sent) == Parsed(())


def test_an_event_ends_at_whichever_severity_it_was_with_nothing_but_its_key() -> None:
    end = look({"event_action": "resolve", "dedup_key": "db-1/disk"}).sightings
    for severity in ("critical", "error", "warning", "info"):
        begin = look(event(payload={"summary": "disk", "severity": severity})).sightings
        assert len(fires(begin)) == 1
        assert fires(begin) <= ends(end)
        assert not fires(look(event("resolve", dedup_key="db-2/disk")).sightings)
    assert not fires(end)


def test_the_clock_of_an_events_sender_does_not_keep_its_end_from_counting() -> None:
    ahead = {"summary": "disk", "severity": "info", "timestamp": "2026-11-01T11:00:00.000+0000"}
    (begin, *_), (end, *_) = (
        look(event(payload=ahead)).sightings,
        look(event("resolve")).sightings,
    )
    assert begin.starts_at_ms <= end.starts_at_ms


@pytest.mark.parametrize(
    ("sent", "where"),
    [
        ({}, "event"),
        ({"messages": [{"event": "incident.trigger"}]}, "event"),
        ({"event": {"data": {}}}, "occurred_at"),
        ({"event": {"occurred_at": "", "data": None}}, "event.data"),
        ({"event": {"occurred_at": "", "data": {"type": 7}}}, "event.data.type"),
        (webhook(id=""), "event.data.id"),
        (webhook(id=None), "event.data.id"),
        (webhook(status="open"), "event.data.status"),
        (webhook(teams=[{"summary": 7}]), "event.data.teams[0].summary"),
        ({"event": {**webhook()["event"], "occurred_at": "now"}}, "event.occurred_at"),
        (webhook(title="\ud83d"), "body"),
        (event("snooze"), "event_action"),
        (event(dedup_key=""), "dedup_key"),
        (event("resolve", dedup_key=None), "dedup_key"),
        (event(payload=None), "payload"),
        (event(payload={"summary": "disk"}), "severity"),
        (event(payload={"summary": "disk", "severity": "bad"}), "payload.severity"),
        (event(links=[7]), "links[0]"),
    ],
)
def test_a_wrong_field_is_named(sent: Any, where: str) -> None:
    parsed = look(sent)
    assert not parsed.sightings
    assert [fault.where for fault in parsed.faults] == [where]
