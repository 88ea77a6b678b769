"""Cordon and uncordon: one member of a node, set and set back."""

from typing import Any

import pytest

from deploy.sandbox.cluster.api.json_patch import PatchFailed, apply
from remediators.actions import cordon
from remediators.actions.catalog import CATALOG, announce
from remediators.actions.plan import Plan, Scene
from remediators.adapters.kubernetes import views
from remediators.core.refusal import Refusal
from remediators.core.seen import ENABLED
from schemas.actions import CORDON, DRAIN, UNCORDON
from schemas.kinds import NODE
from schemas.remediation import CommandKind, OutcomeReason, Target
from tests.fakes import written
from tests.remediators.builders import command, steps

N1 = Target("eu-1", "", NODE, "n1")


def node(**spec: Any) -> dict[str, Any]:
    return {"metadata": {"uid": "uid-1", "annotations": {ENABLED: "true"}}, "spec": spec}


def scene(action: str, found: dict[str, Any], **more: Any) -> Scene:
    return Scene(command(action=action, target=N1, **more), views.seen(N1, found))


def undoing(found: dict[str, Any], **parameters: str) -> Scene:
    more = {"kind": CommandKind.ROLLBACK, "undoes": "c0", "parameters": parameters}
    return scene(CORDON, found, **more)


def test_set_and_set_back():
    made = announce(CATALOG[CORDON], scene(CORDON, node()))
    assert not isinstance(made, Refusal)
    request, plan = made
    cordoned = apply(node(), steps(request))
    assert cordoned["spec"] == {"unschedulable": True}
    assert plan.undo == cordon.UNDO
    undo = cordon.rollback(undoing(cordoned, **plan.undo))
    assert isinstance(undo, Plan)
    assert apply(cordoned, [*undo.tests, *undo.changes])["spec"] == {}


def test_a_node_that_somebody_cordons_meanwhile_is_left_alone():
    made = announce(CATALOG[CORDON], scene(CORDON, node()))
    assert not isinstance(made, Refusal)
    with pytest.raises(PatchFailed):
        apply(node(unschedulable=True), steps(made[0]))


@pytest.mark.parametrize("action", [CORDON, DRAIN])
@pytest.mark.parametrize(("writer", "lifts"), [("kubectl-cordon", False), ("mendlog", True)])
def test_a_cordon_that_somebody_has_made_again_is_his(action: str, writer: str, lifts: bool):
    found = node(unschedulable=True)
    written(found, found["spec"], writer)
    rollback = CATALOG[action].rollback
    assert rollback is not None
    planned = rollback(undoing(found, **cordon.UNDO))
    assert isinstance(planned, Plan) == lifts
    if isinstance(planned, Refusal):
        assert planned == Refusal(OutcomeReason.STALE, "kubectl-cordon has cordoned it since")


def test_uncordon():
    plan = CATALOG[UNCORDON].plan(scene(UNCORDON, node(unschedulable=True, taints=[])))
    assert isinstance(plan, Plan)
    assert apply(node(unschedulable=True), [*plan.tests, *plan.changes])["spec"] == {}


@pytest.mark.parametrize(
    ("planned", "reason"),
    [
        (cordon.plan(scene(CORDON, node(unschedulable=True))), OutcomeReason.NOTHING_TO_DO),
        (cordon.uncordon(scene(UNCORDON, node())), OutcomeReason.NOTHING_TO_DO),
        (cordon.rollback(undoing(node(), **cordon.UNDO)), OutcomeReason.NOTHING_TO_DO),
        (cordon.rollback(undoing(node(unschedulable=True))), OutcomeReason.BAD_PARAMETERS),
        (
            cordon.plan(scene(CORDON, node(), parameters={"x": "y"})),
            OutcomeReason.BAD_PARAMETERS,
        ),
    ],
)
def test_refusals(planned, reason):
    assert isinstance(planned, Refusal)
    assert planned.reason is reason
