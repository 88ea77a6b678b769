"""Raise max: one number of an autoscaler, up to a hard maximum, and back."""

from typing import Any

import pytest

from deploy.sandbox.cluster.api.json_patch import PatchFailed, apply
from remediators.actions import raise_max
from remediators.actions.catalog import CATALOG, announce
from remediators.actions.plan import Plan, Scene
from remediators.adapters.kubernetes import views
from remediators.core.refusal import Refusal
from remediators.core.seen import ENABLED
from schemas.actions import RAISE_MAX
from schemas.kinds import AUTOSCALER
from schemas.remediation import CommandKind, OutcomeReason, Target
from tests.remediators.builders import command, steps

PEAK = Target("eu-1", "shop", AUTOSCALER, "peak")
LIMITED = {"type": "ScalingLimited", "status": "True", "reason": "TooManyReplicas"}


def autoscaler(most: int, *conditions: Any, least: int = 1) -> dict[str, Any]:
    return {
        "metadata": {"uid": "uid-1", "annotations": {ENABLED: "true"}},
        "spec": {"minReplicas": least, "maxReplicas": most},
        "status": {"conditions": list(conditions)},
    }


def scene(found: dict[str, Any], **more: Any) -> Scene:
    return Scene(command(action=RAISE_MAX, target=PEAK, **more), views.seen(PEAK, found))


def planned(found: dict[str, Any], **parameters: str) -> Plan | Refusal:
    return raise_max.plan(scene(found, parameters=parameters))


def undone(found: dict[str, Any], **undo: str) -> Plan | Refusal:
    more = {"kind": CommandKind.ROLLBACK, "undoes": "c0", "parameters": undo}
    return raise_max.rollback(scene(found, **more))


@pytest.mark.parametrize(
    ("parameters", "then"),
    [
        ({"by": "2", "max": "9"}, 5),
        ({"by": "20", "max": "9"}, 9),
        ({"max_replicas": "4", "max": "9"}, 4),
        ({"by": "999999999", "max": "9"}, 9),
    ],
)
def test_raised_and_set_back(parameters, then):
    before = autoscaler(3, LIMITED)
    made = announce(CATALOG[RAISE_MAX], scene(before, parameters=parameters))
    assert not isinstance(made, Refusal)
    request, plan = made
    raised = apply(before, steps(request))
    assert raised["spec"]["maxReplicas"] == then
    assert plan.undo == {"max_replicas": str(then), "previous": "3"}
    back = undone(raised, **plan.undo)
    assert isinstance(back, Plan)
    assert apply(raised, [*back.tests, *back.changes])["spec"] == autoscaler(3)["spec"]


def test_what_somebody_has_set_meanwhile_is_left_alone():
    made = announce(CATALOG[RAISE_MAX], scene(autoscaler(3), parameters={"by": "2", "max": "9"}))
    assert not isinstance(made, Refusal)
    with pytest.raises(PatchFailed):
        apply(autoscaler(4), steps(made[0]))


def condition(kind: str, status: str, reason: str = "") -> dict[str, str]:
    return {"type": kind, "status": status, "reason": reason}


@pytest.mark.parametrize(
    ("found", "parameters"),
    [
        (autoscaler(9), {"by": "1", "max": "9"}),
        (autoscaler(12), {"by": "1", "max": "9"}),
        (autoscaler(3), {"max_replicas": "3", "max": "9"}),
        (autoscaler(3), {"max_replicas": "2", "max": "9"}),
        (
            autoscaler(3, condition("ScalingLimited", "False", "DesiredWithinRange")),
            {"by": "1", "max": "9"},
        ),
        (
            autoscaler(3, condition("ScalingLimited", "True", "TooFewReplicas")),
            {"by": "1", "max": "9"},
        ),
        (
            autoscaler(3, LIMITED, condition("ScalingActive", "False", "FailedGetResourceMetric")),
            {"by": "1", "max": "9"},
        ),
    ],
)
def test_nothing_would_come_of_it(found, parameters):
    refusal = planned(found, **parameters)
    assert isinstance(refusal, Refusal)
    assert refusal.reason is OutcomeReason.NOTHING_TO_DO


@pytest.mark.parametrize(
    "parameters",
    [
        {"by": "1"},
        {"max": "9"},
        {"by": "1", "max_replicas": "5", "max": "9"},
        {"by": "0", "max": "9"},
        {"max_replicas": "10", "max": "9"},
        {"by": "1", "max": "0"},
        *({"by": text, "max": "9"} for text in ("-1", "", str(10**9), "{{7*7}}", "$(id)")),
    ],
)
def test_bad_parameters(parameters):
    refusal = planned(autoscaler(3), **parameters)
    assert isinstance(refusal, Refusal)
    assert refusal.reason is OutcomeReason.BAD_PARAMETERS


IN_USE = {"max_replicas": "5", "previous": "3"}


def using(most: int, **replicas: int):
    found = autoscaler(most)
    return {**found, "status": {**found.get("status", {}), **replicas}}


def test_what_is_not_in_use_is_undone():
    assert isinstance(undone(using(5, currentReplicas=3, desiredReplicas=2), **IN_USE), Plan)


@pytest.mark.parametrize(
    ("found", "undo", "reason"),
    [
        (autoscaler(6), {"max_replicas": "5", "previous": "3"}, OutcomeReason.STALE),
        (autoscaler(5, least=4), {"max_replicas": "5", "previous": "3"}, OutcomeReason.STALE),
        (using(5, currentReplicas=4), IN_USE, OutcomeReason.TOO_FEW_HEALTHY),
        (using(5, currentReplicas=3, desiredReplicas=5), IN_USE, OutcomeReason.TOO_FEW_HEALTHY),
        (autoscaler(5), {"max_replicas": "5"}, OutcomeReason.BAD_PARAMETERS),
        (autoscaler(5), {"max_replicas": "5", "previous": "5"}, OutcomeReason.BAD_PARAMETERS),
        (autoscaler(5), {"max_replicas": "5", "previous": "0"}, OutcomeReason.BAD_PARAMETERS),
        (autoscaler(5), {"max_replicas": "5", "previous": "x"}, OutcomeReason.BAD_PARAMETERS),
        (autoscaler(5), {}, OutcomeReason.BAD_PARAMETERS),
    ],
)
def test_what_is_not_undone(found, undo, reason):
    refusal = undone(found, **undo)
    assert isinstance(refusal, Refusal)
    assert refusal.reason is reason
