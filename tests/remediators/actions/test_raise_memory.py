"""Raise memory: one container's limit, and its request where that is equal; and back."""

import copy
from dataclasses import replace
from typing import Any

import pytest

from deploy.sandbox.cluster.api.json_patch import apply
from remediators.actions import raise_memory
from remediators.actions.plan import Plan, Scene
from remediators.core.query import Query
from remediators.core.refusal import Refusal
from remediators.core.seen import Json
from remediators.core.workload import Pods, Workload
from schemas.actions import RAISE_MEMORY
from schemas.kinds import STATEFUL_SET, VERTICAL_AUTOSCALER
from schemas.remediation import CommandKind, OutcomeReason
from tests.remediators.builders import TARGET, command, workload


def container(name: str = "main", limit: str = "", request: str = "") -> dict[str, Any]:
    texts = {"limits": limit, "requests": request}
    parts = {part: {"cpu": "1", "memory": text} for part, text in texts.items() if text}
    return {"name": name, "image": "example/main:1", **({"resources": parts} if parts else {})}


def of(*containers: dict[str, Any], **more: Any) -> Workload:
    template = {"metadata": {}, "spec": {"containers": list(containers)}}
    return workload(template=template, **more)


def planned(seen: Workload, autoscalers: tuple[Json, ...] = (), **parameters: str):
    order = command(action=RAISE_MEMORY, target=seen.target, parameters=parameters)
    return raise_memory.plan(Scene(order, seen, (autoscalers,)))


def undone(seen: Workload, **undo: str):
    order = command(CommandKind.ROLLBACK, action=RAISE_MEMORY, parameters=undo, undoes="c0")
    return raise_memory.rollback(Scene(order, seen, ((),)))


def applied(seen: Workload, plan: Plan | Refusal) -> Workload:
    assert isinstance(plan, Plan), plan
    document = {"spec": {"template": copy.deepcopy(dict(seen.template))}}
    template = apply(document, [*plan.tests, *plan.changes])["spec"]["template"]
    return replace(seen, template=template)


def memory(seen: Workload, place: int = 0) -> tuple[str | None, ...]:
    resources = seen.template["spec"]["containers"][place]["resources"]
    return tuple(resources.get(part, {}).get("memory") for part in ("limits", "requests"))


@pytest.mark.parametrize(
    ("limit", "request_", "parameters", "then"),
    [
        ("512Mi", "512Mi", {"max": "2Gi"}, ("640Mi", "640Mi")),
        ("512Mi", "256Mi", {"max": "2Gi"}, ("640Mi", "256Mi")),
        ("512Mi", "", {"max": "2Gi"}, ("640Mi", None)),
        ("1Gi", "1024Mi", {"max": "2Gi", "percent": "100"}, ("2Gi", "2Gi")),
        ("1Gi", "1Gi", {"max": "1100Mi"}, ("1100Mi", "1100Mi")),
        ("1Gi", "", {"max": "1.2Gi"}, ("1.2Gi", None)),
        ("1G", "1G", {"max": "2Gi"}, ("1250M", "1250M")),
        ("1e9", "1e9", {"max": "2Gi", "percent": "1"}, ("1010e6", "1010e6")),
    ],
)
def test_raised_and_set_back(limit, request_, parameters, then):
    before = of(container(limit=limit, request=request_))
    plan = planned(before, **parameters)
    raised = applied(before, plan)
    assert memory(raised) == then
    back = applied(raised, undone(raised, **plan.undo))
    assert back.template == before.template


def test_the_container_that_is_named_and_no_other():
    before = of(container("proxy", "64Mi", "64Mi"), container("main", "1Gi", "1Gi"))
    plan = planned(before, container="main", max="4Gi")
    raised = applied(before, plan)
    assert memory(raised, 0) == ("64Mi", "64Mi")
    assert memory(raised, 1) == ("1280Mi", "1280Mi")
    assert applied(raised, undone(raised, **plan.undo)).template == before.template


def test_it_asks_for_the_vertical_autoscalers_beside_its_target():
    asked = raise_memory.ROW.reads(command(), workload())
    assert asked == (Query(VERTICAL_AUTOSCALER, "shop"),)


def autoscaler(mode: str | None, name: str = "checkout") -> Json:
    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}
    policy = {"updatePolicy": {"updateMode": mode}} if mode is not None else {}
    return {"metadata": {"name": "v"}, "spec": {"targetRef": reference, **policy}}


@pytest.mark.parametrize(
    ("found", "in_charge"),
    [
        (autoscaler(None), True),
        (autoscaler("Auto"), True),
        (autoscaler("Initial"), True),
        (autoscaler("InPlaceOrRecreate"), True),
        (autoscaler("Off"), False),
        (autoscaler("Auto", "cart"), False),
        ({"metadata": {"name": "v"}, "spec": {}}, False),
    ],
)
def test_what_a_vertical_autoscaler_sets_is_left_to_it(found, in_charge):
    plan = planned(of(container(limit="1Gi")), (found,), max="4Gi")
    if in_charge:
        assert isinstance(plan, Refusal)
        assert plan.reason is OutcomeReason.OWNED_ELSEWHERE
    else:
        assert isinstance(plan, Plan)


A_SET = {
    "target": replace(TARGET, kind=STATEFUL_SET),
    "body": {"spec": {"updateStrategy": {"type": "OnDelete"}}},
}
UNREADY = {"target": replace(TARGET, kind=STATEFUL_SET), "pods": Pods(ready=2, total=3)}
FULL = container(limit="1Gi", request="1Gi")


@pytest.mark.parametrize(
    ("seen", "parameters", "reason"),
    [
        (of(container()), {"max": "2Gi"}, OutcomeReason.NOTHING_TO_DO),
        (of(container(request="1Gi")), {"max": "2Gi"}, OutcomeReason.NOTHING_TO_DO),
        (of(container(limit="0")), {"max": "2Gi"}, OutcomeReason.NOTHING_TO_DO),
        (of(FULL), {"max": "1Gi"}, OutcomeReason.NOTHING_TO_DO),
        (of(FULL), {"max": "1024Mi"}, OutcomeReason.NOTHING_TO_DO),
        (of(FULL), {"max": "1G"}, OutcomeReason.NOTHING_TO_DO),
        (of(FULL), {"max": "2Gi", "container": "other"}, OutcomeReason.INVALID),
        (of(FULL, rollout_paused=True), {"max": "2Gi"}, OutcomeReason.PAUSED),
        (of(FULL, **A_SET), {"max": "2Gi"}, OutcomeReason.NOTHING_TO_DO),
        (of(FULL, **UNREADY), {"max": "2Gi"}, OutcomeReason.NOTHING_TO_DO),
        (of(FULL), {}, OutcomeReason.BAD_PARAMETERS),
        *(
            (of(FULL), {"max": "2Gi", "percent": text}, OutcomeReason.BAD_PARAMETERS)
            for text in ("", "0", "-1", "101", str(10**9), "25%", "{{7*7}}", "$(id)")
        ),
        *(
            (of(FULL), {"max": text}, OutcomeReason.BAD_PARAMETERS)
            for text in ("", "0", "-1", "0Gi", "2GB", "2 Gi", "500m", "{{7*7}}", "$(id)", "9" * 99)
        ),
        (of(FULL), {"max": "2Gi", "container": ""}, OutcomeReason.BAD_PARAMETERS),
        (of(FULL), {"max": "2Gi", "request": "1Gi"}, OutcomeReason.BAD_PARAMETERS),
    ],
)
def test_refusals(seen, parameters, reason):
    refusal = planned(seen, **parameters)
    assert isinstance(refusal, Refusal), refusal
    assert refusal.reason is reason


UNDO = {"container": "main", "memory": "1280Mi", "previous": "1Gi", "request": "1Gi"}
RAISED = container(limit="1280Mi", request="1280Mi")


@pytest.mark.parametrize(
    ("seen", "undo", "reason"),
    [
        (of(container(limit="2Gi", request="1280Mi")), UNDO, OutcomeReason.STALE),
        (of(container(limit="1280Mi", request="1Gi")), UNDO, OutcomeReason.STALE),
        (of(container(limit="1280Mi")), UNDO, OutcomeReason.STALE),
        (of(RAISED, rollout_paused=True), UNDO, OutcomeReason.PAUSED),
        (of(RAISED), {**UNDO, "container": "other"}, OutcomeReason.INVALID),
        (of(RAISED), {}, OutcomeReason.BAD_PARAMETERS),
        (of(RAISED), {**UNDO, "previous": "2Gi"}, OutcomeReason.BAD_PARAMETERS),
        (of(RAISED), {**UNDO, "previous": "0"}, OutcomeReason.BAD_PARAMETERS),
        (of(RAISED), {**UNDO, "memory": "x"}, OutcomeReason.BAD_PARAMETERS),
        (of(RAISED), {**UNDO, "request": "1Mi"}, OutcomeReason.BAD_PARAMETERS),
        (of(RAISED), {**UNDO, "max": "2Gi"}, OutcomeReason.BAD_PARAMETERS),
    ],
)
def test_what_is_not_undone(seen, undo, reason):
    refusal = undone(seen, **undo)
    assert isinstance(refusal, Refusal), refusal
    assert refusal.reason is reason
