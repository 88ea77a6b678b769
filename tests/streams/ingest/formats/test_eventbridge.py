"""What CloudWatch sends by EventBridge, beyond what is recorded in the corpus."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.alerts import NO_DATA, AlertStatus, Sighting
from streams.ingest.formats.eventbridge import eventbridge
from streams.ingest.formats.parsed import Parsed
from streams.ingest.formats.sns import sns
from tests.streams.ingest.payloads import FIXTURES, RECEIVED_MS


def parse(event: dict[str, Any]) -> Parsed:
    return eventbridge.parse(json.dumps(event).encode(), "aws", RECEIVED_MS)


def event(name: str, **detail: Any) -> dict[str, Any]:
    """That of the fixture, with these fields in its detail."""
    whole: dict[str, Any] = json.loads((FIXTURES / "eventbridge" / f"{name}.json").read_bytes())
    return {**whole, "detail": {**whole["detail"], **detail}}


def firing(parsed: Parsed) -> Sighting:
    [one] = [seen for seen in parsed.sightings if seen.status is AlertStatus.FIRING]
    return one


def test_the_end_of_an_alarm_is_of_the_alert_that_began() -> None:
    began, ended = firing(parse(event("fires"))), parse(event("resolves")).sightings
    assert began.fingerprint in {seen.fingerprint for seen in ended}
    assert {seen.status for seen in ended} == {AlertStatus.RESOLVED}
    assert all(seen.starts_at_ms > began.starts_at_ms for seen in ended)


def test_an_alarm_without_data_has_not_ended() -> None:
    began, [unknown] = firing(parse(event("fires"))), parse(event("insufficient-data")).sightings
    assert unknown.status is AlertStatus.FIRING
    assert unknown.labels[NO_DATA]
    assert unknown.fingerprint != began.fingerprint


@pytest.mark.parametrize("name", ["fires", "contributor-fires", "several-series", "kubernetes"])
def test_an_alarm_is_the_same_one_by_sns_and_by_eventbridge(name: str) -> None:
    by_sns = sns.parse((FIXTURES / "sns" / f"{name}.json").read_bytes(), "aws", RECEIVED_MS)
    assert firing(parse(event(name))).fingerprint == firing(by_sns).fingerprint


@pytest.mark.parametrize("data", [None, "", "{", "[]", "null", '{"triggeringAlarms":[{}]}'])
def test_what_cannot_be_read_of_the_reason_costs_only_itself(data: str | None) -> None:
    state = {**event("composite")["detail"]["state"], "reasonData": data}
    seen = firing(parse(event("composite", state=state)))
    assert "triggered_by" not in seen.annotations


@pytest.mark.parametrize("value", ["low", "CRITICAL", ""])
def test_a_tag_that_is_no_severity_of_ours_is_only_a_tag(value: str) -> None:
    labels = firing(parse(event("fires", alarmTags={"severity": value}))).labels
    assert labels["severity"] == "critical"
    assert labels.get("tag_severity", "") == value


@pytest.mark.parametrize(
    ("kind", "detail"),
    [
        ("ECS Service Action", {"eventType": "ERROR"}),
        ("EC2 Instance State-change Notification", {"state": "stopped"}),
        ("", {}),
        ("cloudwatch alarm state change", {}),
    ],
)
def test_another_kind_of_event_is_refused_as_that(kind: str, detail: dict[str, Any]) -> None:
    [fault] = parse({**event("fires"), "detail-type": kind, "detail": detail}).faults
    assert fault.where == "detail-type"


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"resources": []}, "resources: empty"),
        ({"resources": ["arn:aws:ecs:us-east-1:1:x"]}, "resources[0]: no ARN of an alarm"),
        ({"detail": {}}, "state: missing"),
        ({"detail": None}, "detail: Expected `object`, got `null`"),
        ({"detail": {"state": {"value": 7}}}, "detail.state.value: Expected `str`"),
        ({"detail": {"state": {"value": "ok"}}}, "detail.state.value: none that is known: 'ok'"),
    ],
)
def test_a_field_that_is_wrong_is_named(change: dict[str, Any], fault: str) -> None:
    parsed = parse({**event("fires"), **change})
    assert [str(found)[: len(fault)] for found in parsed.faults] == [fault]


@given(
    st.dictionaries(st.text(max_size=12), st.text(max_size=8), max_size=5),
    st.dictionaries(st.text(min_size=1, max_size=12), st.text(max_size=8), max_size=5),
    st.text(min_size=1, max_size=9),
)
def test_whatever_its_tags_and_attributes_a_series_ends(
    tags: dict[str, str], attributes: dict[str, str], id: str
) -> None:
    told = [
        parse(
            event(
                "contributor-fires",
                alarmTags=tags,
                alarmContributor={"id": id, "attributes": attributes},
                state={"value": state},
            )
        )
        for state in ("ALARM", "OK")
    ]
    if told[0].faults:  # A sign that labels may not hold.
        return
    began = firing(told[0])
    assert began.fingerprint in {seen.fingerprint for seen in told[1].sightings}
    assert "cluster" not in began.labels
