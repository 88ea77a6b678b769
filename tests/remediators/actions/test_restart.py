"""Restart: one annotation of the pod template, from the command alone."""

import json
from dataclasses import replace
from typing import Any

import pytest

from deploy.sandbox.cluster.api.json_patch import apply
from remediators.actions import restart
from remediators.actions.plan import Plan
from remediators.core.patch import patch
from remediators.core.refusal import Refusal
from remediators.core.workload import Pods, Workload
from schemas.kinds import DAEMON_SET, STATEFUL_SET
from schemas.remediation import OutcomeReason
from tests.remediators.builders import TARGET, command, scene, template, workload

AT = "2026-01-01T00:00:00.000Z"


HELD_BACK = {"type": "RollingUpdate", "rollingUpdate": {"partition": 1}}


def of(kind: str, ready: int = 3, **spec: Any) -> Workload:
    target = replace(TARGET, kind=kind)
    pods = Pods(ready=ready, updated=3, available=ready, total=3)
    return workload(target=target, pods=pods, body={"spec": spec})


def applied(to):
    plan = restart.plan(scene(command(), workload(template=to)))
    assert isinstance(plan, Plan)
    steps = [s for s in json.loads(patch(command(), plan.changes).body) if s["op"] == "add"]
    document = {"metadata": {"annotations": {"a": "b"}}, "spec": {"template": to}}
    return apply(document, steps)["spec"]["template"]


@pytest.mark.parametrize(
    ("before", "annotations"),
    [
        (template("x"), {restart.RESTARTED_AT: AT}),
        (template("x", a="1"), {"a": "1", restart.RESTARTED_AT: AT}),
        (
            template("x", **{"kubectl.kubernetes.io__restartedAt": "old"}),
            {restart.RESTARTED_AT: AT},
        ),
        ({"metadata": {"annotations": {}}, "spec": {}}, {restart.RESTARTED_AT: AT}),
        ({"metadata": {"annotations": None}, "spec": {}}, {restart.RESTARTED_AT: AT}),
    ],
)
def test_the_rest_of_the_template_stays(before, annotations):
    after = applied(before)
    assert after["metadata"]["annotations"] == annotations
    assert after["spec"] == before["spec"]


def test_it_cannot_be_undone_and_says_so_by_having_no_undo():
    plan = restart.plan(scene(command(), workload()))
    assert isinstance(plan, Plan)
    assert plan.undo == {}
    assert restart.ROW.rollback is None


@pytest.mark.parametrize(
    ("seen", "reason"),
    [
        (workload(rollout_paused=True), OutcomeReason.PAUSED),
        (workload(replicas_wanted=0), OutcomeReason.NOTHING_TO_DO),
        (of(STATEFUL_SET, updateStrategy={"type": "OnDelete"}), OutcomeReason.NOTHING_TO_DO),
        (of(DAEMON_SET, updateStrategy={"type": "OnDelete"}), OutcomeReason.NOTHING_TO_DO),
        (of(STATEFUL_SET, updateStrategy=HELD_BACK), OutcomeReason.PAUSED),
        (of(STATEFUL_SET, ready=2), OutcomeReason.NOTHING_TO_DO),
        (
            of(STATEFUL_SET, ready=2, podManagementPolicy="OrderedReady"),
            OutcomeReason.NOTHING_TO_DO,
        ),
    ],
)
def test_refusals(seen, reason):
    refusal = restart.plan(scene(command(), seen))
    assert isinstance(refusal, Refusal)
    assert refusal.reason is reason


@pytest.mark.parametrize(
    "seen",
    [
        of(STATEFUL_SET, updateStrategy={"rollingUpdate": {"partition": 0}}),
        of(STATEFUL_SET, ready=2, podManagementPolicy="Parallel"),
        of(DAEMON_SET, ready=2, updateStrategy={"rollingUpdate": {"maxUnavailable": 1}}),
    ],
)
def test_every_kind_that_keeps_pods(seen):
    assert isinstance(restart.plan(scene(command(target=seen.target), seen)), Plan)


def test_it_takes_no_parameters():
    refusal = restart.plan(scene(command(parameters={"when": "now"}), workload()))
    assert isinstance(refusal, Refusal)
    assert refusal.reason is OutcomeReason.BAD_PARAMETERS
