"""Pause rollout and resume rollout: only what is under way, and only what is ours."""

from typing import Any

import pytest

from deploy.sandbox.cluster.api.json_patch import apply
from remediators.actions import pause_rollout
from remediators.actions.plan import Plan
from remediators.core.refusal import Refusal
from remediators.core.workload import Pods, Workload
from schemas.actions import PAUSE_ROLLOUT, RESUME_ROLLOUT
from schemas.remediation import CommandKind, OutcomeReason
from tests.remediators.builders import command, scene, workload

UNDER_WAY = Pods(ready=3, updated=1, available=3, total=4)


def running(**more: Any) -> Workload:
    return workload(**{"pods": UNDER_WAY, **more})


def paused(by: str = "mendlog") -> Workload:
    entry = {"manager": by, "operation": "Update", "fieldsV1": {"f:spec": {"f:paused": {}}}}
    others = {"manager": "kubectl", "fieldsV1": {"f:spec": {"f:replicas": {}}}}
    body = {"metadata": {"managedFields": [others, *([entry] if by else [])]}}
    return running(rollout_paused=True, body=body)


def plan(seen: Workload, **parameters: str) -> Plan | Refusal:
    order = command(action=PAUSE_ROLLOUT, parameters=parameters)
    return pause_rollout.plan(scene(order, seen))


def undo(seen: Workload, **parameters: str) -> Plan | Refusal:
    order = command(CommandKind.ROLLBACK, action=PAUSE_ROLLOUT, parameters=parameters)
    return pause_rollout.rollback(scene(order, seen))


def resume(seen: Workload, **parameters: str) -> Plan | Refusal:
    order = command(action=RESUME_ROLLOUT, parameters=parameters)
    return pause_rollout.resume(scene(order, seen))


@pytest.mark.parametrize(
    "seen",
    [
        running(),
        workload(pods=Pods(ready=3, updated=3, available=3, total=4)),
        workload(observed_generation=3),
    ],
)
def test_paused_and_set_back(seen):
    done = plan(seen)
    assert isinstance(done, Plan)
    found = apply({"spec": {"replicas": 3}}, [*done.tests, *done.changes])
    assert found["spec"] == {"replicas": 3, "paused": True}
    back = undo(paused(), **done.undo)
    assert isinstance(back, Plan)
    assert apply(found, [*back.tests, *back.changes])["spec"] == {"replicas": 3}


def test_what_this_has_paused_goes_on():
    done = resume(paused())
    assert isinstance(done, Plan)
    assert done.undo == {}
    assert apply({"spec": {"paused": True}}, [*done.tests, *done.changes]) == {"spec": {}}


@pytest.mark.parametrize(
    ("refusal", "reason"),
    [
        (plan(workload()), OutcomeReason.NOTHING_TO_DO),
        (plan(paused()), OutcomeReason.NOTHING_TO_DO),
        (plan(running(), why="{{7*7}}"), OutcomeReason.BAD_PARAMETERS),
        (undo(paused()), OutcomeReason.BAD_PARAMETERS),
        (undo(running(), paused="true"), OutcomeReason.NOTHING_TO_DO),
        (resume(running()), OutcomeReason.NOTHING_TO_DO),
        (resume(paused("kubectl")), OutcomeReason.OWNED_ELSEWHERE),
        (resume(paused("")), OutcomeReason.OWNED_ELSEWHERE),
        (resume(paused(), paused="true"), OutcomeReason.BAD_PARAMETERS),
    ],
)
def test_refusals(refusal, reason):
    assert isinstance(refusal, Refusal)
    assert refusal.reason is reason
