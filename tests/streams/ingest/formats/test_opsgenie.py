"""Opsgenie's webhook: its traps. The rest is in `fixtures/opsgenie`."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.alerts import AlertStatus, Sighting
from streams.ingest.formats.opsgenie import opsgenie
from streams.ingest.formats.parsed import Parsed
from tests.streams.ingest.payloads import RECEIVED_MS

FIRING, RESOLVED = AlertStatus.FIRING, AlertStatus.RESOLVED
CREATED_MS = RECEIVED_MS - 60_000


def look(action: str = "Create", **fields: Any) -> Parsed:
    alert = {"alertId": "a-1", "alias": "disk", "message": "full", "createdAt": CREATED_MS}
    body = {"action": action, "alert": {**alert, **fields}}
    return opsgenie.parse(json.dumps(body).encode(), "og", RECEIVED_MS)


def one(action: str = "Create", **fields: Any) -> Sighting:
    parsed = look(action, **fields)
    assert not parsed.faults
    (seen,) = parsed.sightings
    return seen


@pytest.mark.parametrize("action", ["Close", "Delete"])
def test_an_alert_ends_though_its_end_tells_little_of_it(action: str) -> None:
    begin = one(tags=["env:prod"], details={"pod": "a"}, priority="P1")
    end = one(action, message=None)
    assert (begin.status, end.status) == (FIRING, RESOLVED)
    assert begin.fingerprint == end.fingerprint


def test_the_next_alert_of_an_alias_is_not_ended_by_the_one_before() -> None:
    following = one(alertId="a-2", createdAt=CREATED_MS + 5000)
    end_of_the_first = one("Close", updatedAt=(CREATED_MS + 9000) * 1_000_000)
    assert following.fingerprint == end_of_the_first.fingerprint
    assert end_of_the_first.starts_at_ms < following.starts_at_ms


def test_an_alert_without_an_alias_is_known_by_its_id() -> None:
    assert one(alias="").fingerprint == one("Close", alias=None).fingerprint
    assert one(alias="").fingerprint != one(alias="", alertId="a-2").fingerprint


@given(st.text(max_size=12))
def test_what_is_done_to_an_open_alert_is_neither_news_nor_a_fault(action: str) -> None:
    if action not in ("Create", "Close", "Delete"):
        assert look(action) == Parsed(())


@pytest.mark.parametrize(
    ("priority", "severity"),
    [
        *(("P1", "critical"), ("P2", "critical"), ("P3", "warning")),
        *(("P4", "warning"), ("P5", "info"), (2, None), (None, None)),
    ],
)
def test_a_priority_is_a_severity(priority: Any, severity: str | None) -> None:
    assert one(priority=priority).labels.get("severity") == severity


def test_details_that_hold_a_monitors_labels_come_before_what_opsgenie_says() -> None:
    seen = one(priority="P5", details={"alertname": "DiskFull", "severity": "critical"})
    assert seen.labels["alertname"] == "DiskFull"
    assert seen.labels["severity"] == "critical"


@pytest.mark.parametrize(
    "details", [{"text": "two\nlines"}, {"text": "x" * 257}, {"n": 7}, {"!": "a"}, {"a": ""}, ["a"]]
)
def test_details_that_nobody_would_match_on_are_no_labels(details: Any) -> None:
    assert one(details=details).labels == one().labels


@pytest.mark.parametrize(
    ("tag", "labels"),
    [
        ("env:prod", {"env": "prod"}),
        ("env=prod", {"env": "prod"}),
        ("url:http://a=b", {"url": "http://a=b"}),
        ("OverwriteQuietHours", {"overwrite_quiet_hours": "true"}),
        *((tag, {}) for tag in ("", ":", "=x", "env:", "!")),
    ],
)
def test_a_tag_is_a_label(tag: str, labels: dict[str, str]) -> None:
    assert one(tags=[tag]).labels == {**one().labels, **labels}


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"alias": "", "alertId": ""}, "alert.alertId"),
        ({"createdAt": -1}, "alert.createdAt"),
        ({"createdAt": "now"}, "alert.createdAt"),
        ({"createdAt": CREATED_MS * 1_000_000}, "alert.createdAt"),
        ({"tags": "env:prod"}, "alert.tags"),
        ({"message": ["full"]}, "alert.message"),
    ],
)
def test_a_wrong_field_is_named(fields: dict[str, Any], where: str) -> None:
    parsed = look(**fields)
    assert not parsed.sightings
    assert [fault.where for fault in parsed.faults] == [where]
