"""What the recorded bodies of Google Cloud Monitoring cannot say."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.alerts import AlertStatus, Sighting
from streams.ingest.formats.gcp import gcp
from streams.ingest.formats.label_names import label_name
from streams.ingest.formats.parsed import FaultReason, Parsed
from tests.streams.ingest.payloads import RECEIVED_MS


def parse(version: Any = "1.2", **fields: Any) -> Parsed:
    incident = {"incident_id": "0.abc", "state": "open", "policy_name": "slow", **fields}
    body = json.dumps({"version": version, "incident": incident}).encode()
    return gcp.parse(body, "gcp", RECEIVED_MS)


def seen(**fields: Any) -> Sighting:
    (only,) = parse(**fields).sightings
    return only


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("open", AlertStatus.FIRING),
        ("OPEN", AlertStatus.FIRING),
        ("acknowledged", AlertStatus.FIRING),
        ("closed", AlertStatus.RESOLVED),
    ],
)
def test_an_incident_fires_until_it_is_closed(state: str, status: AlertStatus) -> None:
    assert seen(state=state).status is status


@pytest.mark.parametrize(
    ("fields", "where", "reason"),
    [
        ({"incident_id": ""}, "incident.incident_id", FaultReason.WRONG_FIELD),
        ({"incident_id": 7}, "incident.incident_id", FaultReason.WRONG_FIELD),
        ({"state": "forgotten"}, "incident.state", FaultReason.WRONG_FIELD),
        ({"state": None}, "incident.state", FaultReason.WRONG_FIELD),
        ({"started_at": -1}, "incident.started_at", FaultReason.WRONG_TIME),
        ({"started_at": 10**14}, "incident.started_at", FaultReason.WRONG_TIME),
        ({"ended_at": 10**400}, "incident.ended_at", FaultReason.WRONG_TIME),
        ({"started_at": "2026-11-01"}, "incident.started_at", FaultReason.WRONG_FIELD),
        ({"resource": {"labels": {"a": 1}}}, "incident.resource.labels[...]", None),
    ],
)
def test_a_wrong_field_is_named(
    fields: dict[str, Any], where: str, reason: FaultReason | None
) -> None:
    (fault,) = parse(**fields).faults
    assert fault.where == where
    assert reason in (None, fault.reason)


def test_a_test_says_nothing_whatever_its_state() -> None:
    for state in ("OPEN", "closed", "forgotten"):
        assert parse("test", state=state) == Parsed(())


def test_a_version_that_is_a_number_is_no_fault() -> None:
    assert len(parse(1).sightings) == 1


@pytest.mark.parametrize(
    ("type", "cluster"),
    [
        ("k8s_cluster", "c"),
        ("k8s_pod", "c"),
        ("gke_container", "c"),
        ("cloud_dataproc_cluster", None),
        ("", None),
    ],
)
def test_a_cluster_is_one_of_kubernetes(type: str, cluster: str | None) -> None:
    labels = {"cluster_name": "c", "cluster": "never"}
    found = seen(resource={"type": type, "labels": labels}).labels
    assert found.get("cluster") == cluster
    assert found["resource_cluster"] == "never"


@pytest.mark.parametrize(
    ("place", "region"),
    [
        ("europe-west1", "europe-west1"),
        ("europe-west1-b", "europe-west1"),
        ("global", None),
        ("aws:us-east-1a", None),
    ],
)
def test_a_zone_is_in_its_region(place: str, region: str | None) -> None:
    for name in ("location", "zone"):
        found = seen(resource={"type": "gce_instance", "labels": {name: place}}).labels
        assert (found.get("region"), found[name]) == (region, place)


def test_the_label_of_a_policy_gives_the_severity_that_the_policy_has_not() -> None:
    policy = {"severity": "info"}
    for severity, expected in (("No severity", "info"), (None, "info"), ("Error", "critical")):
        assert seen(severity=severity, policy_user_labels=policy).labels["severity"] == expected


def test_an_end_by_a_clock_that_went_back_is_an_end() -> None:
    end = seen(state="closed", started_at=1_793_527_000, ended_at=1_793_526_999)
    assert (end.status, end.ends_at_ms) == (AlertStatus.RESOLVED, end.starts_at_ms)


TEXTS = st.dictionaries(st.text(max_size=8), st.text(max_size=8), max_size=4)


@given(TEXTS, TEXTS, TEXTS, st.text(max_size=8), st.text(max_size=8))
def test_an_incident_stays_itself_whatever_is_told_of_it(
    resource: dict[str, str], metric: dict[str, str], policy: dict[str, str], name: str, kind: str
) -> None:
    for state in ("open", "closed"):
        parsed = parse(
            state=state,
            policy_name=name,
            policy_user_labels=policy,
            resource={"type": kind, "labels": resource},
            metric={"labels": metric},
        )
        assert {one.fingerprint for one in parsed.sightings} <= {seen().fingerprint}
        assert len(parsed.sightings) + len(parsed.faults) == 1


@pytest.mark.parametrize(
    "text", ["ResourceId", "resource-id", "Resource Id", "resource_id", " resource/id. "]
)
def test_a_name_is_written_one_way(text: str) -> None:
    assert label_name(text) == "resource_id"
