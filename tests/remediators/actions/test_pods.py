"""Delete and evict: that very pod, if somebody keeps it and the API can let it go."""

import json
from typing import Any

import pytest

from remediators.actions.catalog import CATALOG, announce
from remediators.actions.plan import Scene
from remediators.adapters.kubernetes import views
from remediators.core.refusal import Refusal
from schemas.actions import DELETE_POD, EVICT_POD
from schemas.kinds import BUDGET, POD
from schemas.remediation import OutcomeReason, Request, Target
from tests.remediators.builders import command

P1 = Target("eu-1", "shop", POD, "p1")
KINDS = ("ReplicaSet", "StatefulSet", "DaemonSet", "Job")


def pod(kind: str = "ReplicaSet", **meta: Any) -> dict[str, Any]:
    owner = {"kind": kind, "name": "web", "uid": "u", "controller": True}
    named = {"name": "p1", "namespace": "shop", "uid": "uid-1", "generation": 1}
    labels = {"labels": {"app": "web"}, "ownerReferences": [owner]}
    return {"metadata": {**named, **labels, **meta}, "spec": {}}


def budget(name: str, app: str = "web", namespace: str = "shop") -> dict[str, Any]:
    selector = {"matchLabels": {"app": app}}
    return {"metadata": {"name": name, "namespace": namespace}, "spec": {"selector": selector}}


def made(action: str, found: dict[str, Any], *budgets: dict[str, Any], **given: str) -> Any:
    order = command(action=action, target=P1, parameters=given)
    return announce(CATALOG[action], Scene(order, views.seen(P1, found), (budgets,)))


def request(*arguments: Any, **given: str) -> Request:
    announced = made(*arguments, **given)
    assert not isinstance(announced, Refusal), announced
    return announced[0]


@pytest.mark.parametrize("kind", KINDS)
def test_that_very_pod_is_deleted(kind: str):
    body = json.loads(request(DELETE_POD, pod(kind)).body)
    assert body["preconditions"] == {"uid": "uid-1"}
    assert "gracePeriodSeconds" not in body


@pytest.mark.parametrize(("kind", "grace"), [("ReplicaSet", 0), ("StatefulSet", 1), ("Job", 3600)])
def test_within_the_grace_that_is_given(kind: str, grace: int):
    body = json.loads(request(DELETE_POD, pod(kind), grace=str(grace)).body)
    assert body["gracePeriodSeconds"] == grace


@pytest.mark.parametrize("kind", KINDS)
def test_that_very_pod_is_evicted(kind: str):
    others = (budget("one"), budget("two", app="db"), budget("three", namespace="bank"))
    body = json.loads(request(EVICT_POD, pod(kind), *others).body)
    assert body["metadata"] == {"name": "p1", "namespace": "shop"}
    assert body["deleteOptions"] == {"preconditions": {"uid": "uid-1"}}


BAD = ("-1", str(10**9), "3601", "{{7*7}}", "$(id)", "", "1.5", " 5", "٣")


@pytest.mark.parametrize("grace", BAD)
def test_what_is_no_grace(grace: str):
    refused = made(DELETE_POD, pod(), grace=grace)
    assert refused.reason is OutcomeReason.BAD_PARAMETERS


@pytest.mark.parametrize("action", [DELETE_POD, EVICT_POD])
@pytest.mark.parametrize(
    ("found", "reason", "words"),
    [
        (pod(deletionTimestamp="2026-01-01T00:00:00Z"), OutcomeReason.NOTHING_TO_DO, "leaving"),
        (pod(ownerReferences=[]), OutcomeReason.INVALID, "kept by nobody"),
        (
            pod(ownerReferences=[{"kind": "ConfigMap", "name": "x", "uid": "u"}]),
            OutcomeReason.INVALID,
            "kept by nobody",
        ),
        (pod("Node"), OutcomeReason.INVALID, "static"),
        (pod(annotations={"kubernetes.io/config.mirror": "x"}), OutcomeReason.INVALID, "static"),
    ],
)
def test_what_is_left_alone(action: str, found: dict, reason: OutcomeReason, words: str):
    refused = made(action, found)
    assert refused.reason is reason
    assert words in refused.detail


def test_a_stateful_pod_is_never_torn_away():
    refused = made(DELETE_POD, pod("StatefulSet"), grace="0")
    assert refused.reason is OutcomeReason.BAD_PARAMETERS
    assert "two of it" in refused.detail


def test_what_the_api_answers_500_to_is_never_asked():
    refused = made(EVICT_POD, pod(), budget("two"), budget("one"))
    assert refused.reason is OutcomeReason.INVALID
    assert "shop/p1: one, two" in refused.detail


def test_every_pod_is_found_by_what_it_reads():
    order = command(action=EVICT_POD, target=P1)
    (query,) = CATALOG[EVICT_POD].reads(order, views.seen(P1, pod()))
    assert (query.kind, query.namespace, query.labels) == (BUDGET, "shop", "")
