"""What the recorded bodies of Azure Monitor cannot say: faults, and what belongs together."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.alerts import NO_DATA, AlertStatus, Sighting
from streams.ingest.formats.azure import azure
from streams.ingest.formats.parsed import Parsed
from tests.streams.ingest.corpus import recorded
from tests.streams.ingest.payloads import FIXTURES, RECEIVED_MS

FIRING, RESOLVED = AlertStatus.FIRING, AlertStatus.RESOLVED
CLUSTER = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/k"


def sent(essentials: dict[str, Any] | None = None, **data: Any) -> bytes:
    whole = {"alertId": "/a/1", "alertRule": "slow", "monitorCondition": "Fired"}
    common = {"essentials": {**whole, **(essentials or {})}, **data}
    return json.dumps({"schemaId": "azureMonitorCommonAlertSchema", "data": common}).encode()


def parse(body: bytes) -> Parsed:
    return azure.parse(body, "azure", RECEIVED_MS)


def seen(essentials: dict[str, Any] | None = None, **data: Any) -> Sighting:
    (only,) = parse(sent(essentials, **data)).sightings
    return only


def prints(case: str, status: AlertStatus) -> set[str]:
    alerts = recorded(FIXTURES / "azure" / f"{case}.json")["alerts"]
    return {alert["fingerprint"] for alert in alerts if alert["status"] == status}


@pytest.mark.parametrize(
    ("begin", "end"),
    [
        ("metric-fired", "metric-resolved"),
        ("aks-fired", "aks-resolved"),
        ("prometheus-fired", "prometheus-resolved"),
        ("service-health-active", "service-health-resolved"),
        ("resource-health-unavailable", "resource-health-available"),
        ("resource-health-unknown", "resource-health-available"),
    ],
)
def test_an_end_is_of_the_alert_that_began(begin: str, end: str) -> None:
    assert prints(begin, FIRING) <= prints(end, RESOLVED)
    assert prints(begin, FIRING)


def test_health_that_is_not_known_ends_no_more_than_that_it_is_known() -> None:
    unknown = prints("resource-health-unknown", FIRING)
    assert unknown == prints("resource-health-unavailable", RESOLVED)
    alerts = recorded(FIXTURES / "azure" / "resource-health-unknown.json")["alerts"]
    (firing,) = [alert for alert in alerts if alert["status"] == FIRING]
    assert NO_DATA in firing["labels"]


@pytest.mark.parametrize(
    ("essentials", "where"),
    [
        ({"alertId": ""}, "data.essentials.alertId"),
        ({"alertId": None}, "data.essentials.alertId"),
        ({"monitorCondition": "Closed"}, "data.essentials.monitorCondition"),
        ({"monitorCondition": None}, "data.essentials.monitorCondition"),
        ({"firedDateTime": "3/22/2019 1:36:31 PM"}, "data.essentials.firedDateTime"),
        ({"resolvedDateTime": 7}, "data.essentials.resolvedDateTime"),
        ({"alertTargetIDs": "one"}, "data.essentials.alertTargetIDs"),
    ],
)
def test_a_wrong_field_is_named(essentials: dict[str, Any], where: str) -> None:
    assert [fault.where for fault in parse(sent(essentials)).faults] == [where]


@pytest.mark.parametrize(
    "body",
    [
        {"schemaId": "Microsoft.Insights/activityLogs", "data": {"status": "Activated"}},
        {"schemaId": "Microsoft.Insights/LogAlert", "data": {}},
        {"status": "Activated", "context": {"name": "classic"}},
    ],
)
def test_an_older_schema_is_a_fault_that_says_what_to_turn_on(body: Any) -> None:
    (fault,) = parse(json.dumps(body).encode()).faults
    assert fault.where == "schemaId"
    assert "useCommonAlertSchema" in fault.why


@pytest.mark.parametrize(
    ("targets", "cluster"),
    [
        ([CLUSTER], "k"),
        ([CLUSTER.upper()], "K"),
        ([f"{CLUSTER}/agentPools/p"], "k"),
        (["/subscriptions/s/providers/Microsoft.Kubernetes/connectedClusters/arc"], "arc"),
        ([CLUSTER, f"{CLUSTER}2"], None),
        ([CLUSTER, "/subscriptions/s"], None),
        (["/subscriptions/s/providers/Microsoft.ContainerService/managedClusters"], None),
        (["/subscriptions/s/providers/Microsoft.Kusto/clusters/no"], None),
        (["/subscriptions/s/providers"], None),
        (["", "/"], None),
        ([], None),
        (None, None),
    ],
)
def test_the_cluster_is_the_one_that_all_targets_are_in(
    targets: list[str] | None, cluster: str | None
) -> None:
    assert seen({"alertTargetIDs": targets}).labels.get("cluster") == cluster


def test_only_the_dimensions_of_a_cluster_are_places_in_it() -> None:
    one = {"allOf": [{"dimensions": [{"name": "pod", "value": "p-1"}, {"name": "x"}]}]}
    context = {"condition": one}
    assert seen({"alertTargetIDs": [CLUSTER]}, alertContext=context).labels["pod"] == "p-1"
    elsewhere = seen(alertContext=context).labels
    assert (elsewhere.get("pod"), elsewhere["dimension_pod"]) == (None, "p-1")


def test_an_end_by_a_clock_that_went_back_is_an_end() -> None:
    times = {
        "firedDateTime": "2026-11-01T09:55:24.3713213Z",
        "resolvedDateTime": "2026-11-01T09:55:23Z",
    }
    end = seen({"monitorCondition": "Resolved", **times})
    assert (end.status, end.ends_at_ms) == (RESOLVED, end.starts_at_ms)


TEXTS = st.none() | st.text(max_size=20)


@given(
    st.lists(st.text(max_size=30) | st.text("/aKs", max_size=30), max_size=3),
    st.dictionaries(st.text(max_size=10), TEXTS, max_size=3),
    TEXTS,
    TEXTS,
)
def test_what_is_told_of_an_alert_does_not_change_which_it_is(
    targets: list[str], custom: dict[str, str | None], rule: str | None, description: str | None
) -> None:
    essentials = {"alertTargetIDs": targets, "alertRule": rule, "description": description}
    for condition in ("Fired", "Resolved"):
        parsed = parse(sent({**essentials, "monitorCondition": condition}, customProperties=custom))
        assert {one.fingerprint for one in parsed.sightings} <= {seen().fingerprint}
        assert len(parsed.sightings) + len(parsed.faults) == 1
