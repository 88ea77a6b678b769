"""Drain: cordon, then one pod at a time, and nothing that would be lost."""

import json
from typing import Any

import pytest

from deploy.sandbox.cluster.api.json_patch import apply
from remediators.actions import drain
from remediators.actions.cordon import UNDO
from remediators.actions.plan import Plan, Removal, Scene
from remediators.adapters.kubernetes import views
from remediators.core.refusal import Refusal
from remediators.core.request import EVICT
from remediators.core.seen import ENABLED
from schemas.actions import DRAIN
from schemas.kinds import NODE, POD
from schemas.remediation import CommandKind, Outcome, OutcomeReason, OutcomeStatus, Target
from tests.remediators.actions.samples import READY
from tests.remediators.builders import command
from tests.remediators.executor.bench import Bench, Died, words

N1 = Target("eu-1", "", NODE, "n1")
Object = dict[str, Any]


def node(name: str = "n1", *, is_ready: bool = True, **spec: Any) -> Object:
    meta = {"name": name, "uid": "uid-1", "annotations": {ENABLED: "true"}}
    status = {"conditions": [READY] if is_ready else []}
    return {"metadata": meta, "spec": spec, "status": status}


def pod(name: str, kind: str = "ReplicaSet", namespace: str = "shop", **more: Any) -> Object:
    owners = [{"kind": kind, "name": "web", "uid": "u", "controller": True}] if kind else []
    meta = {"name": name, "namespace": namespace, "uid": f"uid-{name}", "labels": {"app": "web"}}
    status = {"phase": "Running", "conditions": [READY]}
    whole = {"metadata": {**meta, "ownerReferences": owners}, "spec": {}, "status": status}
    return {**whole, **more}


def going(found: Object) -> Object:
    leaves = {"deletionTimestamp": "2026-01-01T00:00:00Z"}
    return {**found, "metadata": {**found["metadata"], **leaves}}


def budget(name: str, allowed: int, app: str = "web") -> Object:
    selector = {"matchLabels": {"app": app}}
    return {
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {"selector": selector},
        "status": {"disruptionsAllowed": allowed},
    }


def stateful(replicas: int, has: int) -> Object:
    meta = {"name": "web", "namespace": "shop"}
    return {
        "metadata": meta,
        "spec": {"replicas": replicas},
        "status": {"readyReplicas": has},
    }


def planned(
    *pods: Object,
    found: Object | None = None,
    budgets: tuple[Object, ...] = (),
    nodes: tuple[Object, ...] = (node(), node("n2")),
    sets: tuple[Object, ...] = (),
    **given: str,
) -> Plan | Removal | Refusal:
    order = command(action=DRAIN, target=N1, parameters=given)
    seen = views.seen(N1, found or node(unschedulable=True))
    return drain.plan(Scene(order, seen, (pods, budgets, nodes, sets)))


def evicted(*pods: Object, **more: Any) -> str:
    plan = planned(*pods, **more)
    assert isinstance(plan, Removal), plan
    assert plan.verb == EVICT
    assert plan.uid == f"uid-{plan.target.name}"
    assert "gracePeriodSeconds" not in plan.options
    return f"{plan.target.namespace}/{plan.target.name}"


def refused(*pods: Object, **more: Any) -> Refusal:
    plan = planned(*pods, **more)
    assert isinstance(plan, Refusal), plan
    return plan


def test_first_it_is_cordoned_and_set_back():
    plan = planned(pod("a"), found=node())
    assert isinstance(plan, Plan)
    cordoned = apply(node(), [*plan.tests, *plan.changes])
    assert cordoned["spec"] == {"unschedulable": True}
    assert cordoned["metadata"]["annotations"][drain.DRAINING] == "i1"
    undo = command(CommandKind.ROLLBACK, action=DRAIN, target=N1, parameters=plan.undo)
    lifted = drain.rollback(Scene(undo, views.seen(N1, cordoned)))
    assert isinstance(lifted, Plan)
    assert apply(cordoned, [*lifted.tests, *lifted.changes]) == node()


def test_a_node_that_somebody_has_uncordoned_meanwhile_is_theirs():
    theirs = node()
    theirs["metadata"]["annotations"][drain.DRAINING] = "i1"
    assert "uncordoned" in refused(pod("a"), found=theirs).detail
    theirs["metadata"]["annotations"][drain.DRAINING] = "an earlier one"
    assert isinstance(planned(pod("a"), found=theirs), Plan)


def test_the_same_pod_in_whatever_order_they_are_listed():
    pods = [pod("b"), pod("a"), pod("z", namespace="bank")]
    assert {evicted(*pods), evicted(*reversed(pods))} == {"bank/z"}


def test_what_its_budget_holds_back_waits_for_the_others():
    other = pod("z")
    other["metadata"]["labels"] = {"app": "other"}
    assert evicted(pod("a"), other, budgets=(budget("one", 0),)) == "shop/z"
    assert evicted(pod("a"), budgets=(budget("one", 0),)) == "shop/a"


@pytest.mark.parametrize(
    "stays",
    [
        pod("a", "DaemonSet"),
        pod("a", "Node"),
        pod("a", status={"phase": "Succeeded"}),
        pod("a", "", status={"phase": "Failed"}),
        going(pod("a", "")),
    ],
)
def test_what_stays_with_the_node_or_has_ended(stays: Object):
    assert evicted(stays, pod("b")) == "shop/b"
    assert refused(stays).reason is OutcomeReason.NOTHING_TO_DO


def test_pods_of_stateful_sets_come_last_and_one_at_a_time():
    sets = (stateful(3, 3),)
    one, two = pod("a-0", "StatefulSet"), pod("a-1", "StatefulSet")
    assert evicted(one, two, pod("z"), sets=sets) == "shop/z"
    assert evicted(one, two, sets=sets) == "shop/a-0"
    waits = refused(going(one), two, sets=sets)
    assert waits.reason is OutcomeReason.THROTTLED
    assert "shop/a-1" in waits.detail


def test_on_a_node_that_is_gone_no_pod_is_waited_for():
    lost = {"phase": "Running", "conditions": []}
    one, two = (pod(f"a-{n}", "StatefulSet", status=lost) for n in range(2))
    dead = node(is_ready=False, unschedulable=True)
    assert evicted(going(one), two, found=dead, sets=(stateful(3, 1),)) == "shop/a-1"


@pytest.mark.parametrize(("has", "here", "goes"), [(3, 1, True), (2, 1, False), (2, 0, True)])
def test_a_set_lacks_nothing_but_what_is_here(has: int, here: int, goes: bool):
    """`here`: whether its own pod is ready, as those of a node that is gone are not."""
    status = {"phase": "Running", "conditions": [READY] * here}
    plan = planned(pod("a-0", "StatefulSet", status=status), sets=(stateful(3, has),))
    assert isinstance(plan, Removal) is goes


DATA = {"volumes": [{"name": "cache", "emptyDir": {}}]}


@pytest.mark.parametrize("found", [node(), node(unschedulable=True)])
@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"pods": [pod("lone", "")]}, "shop/lone is kept by nobody"),
        ({"pods": [pod("lone", "", "kube-system")]}, "kube-system/lone is kept by nobody"),
        ({"pods": [pod("c", spec=DATA)]}, "`local_data: delete` allows that"),
        ({"budgets": (budget("one", 1), budget("two", 1))}, "several disruption budgets"),
        ({"nodes": (node(),)}, "no other node"),
        ({"nodes": (node(), node("n2", is_ready=False))}, "no other node"),
        ({"nodes": (node(), node("n2", unschedulable=True))}, "no other node"),
    ],
)
def test_as_a_whole_or_not_at_all(found: Object, more: dict[str, Any], words: str):
    rest = {name: value for name, value in more.items() if name != "pods"}
    refusal = refused(pod("b"), *more.get("pods", []), found=found, **rest)
    assert refusal.reason is OutcomeReason.INVALID
    assert words in refusal.detail


def test_local_data_goes_where_somebody_has_said_so():
    assert evicted(pod("c", spec=DATA), local_data="delete") == "shop/c"


@pytest.mark.parametrize("value", ["-1", str(10**9), "{{7*7}}", "$(id)", "", "Delete", "true"])
def test_what_is_no_answer_to_local_data(value: str):
    assert refused(pod("a"), local_data=value).reason is OutcomeReason.BAD_PARAMETERS


@pytest.mark.parametrize("parameters", [{}, {"unschedulable": "false"}, {**UNDO, "x": "y"}])
def test_what_is_no_undo(parameters: dict[str, str]):
    undo = command(CommandKind.ROLLBACK, action=DRAIN, target=N1, parameters=parameters)
    back = drain.rollback(Scene(undo, views.seen(N1, node(unschedulable=True))))
    assert isinstance(back, Refusal)
    assert back.reason is OutcomeReason.BAD_PARAMETERS


async def test_from_the_log_alone_a_node_is_emptied_and_its_cordon_undone():
    """Another process takes each command over after its INTENT."""
    here = Bench()
    here.cluster.objects.clear()
    here.cluster.put(N1, node())
    here.cluster.put(Target("eu-1", "", NODE, "n2"), node("n2"))
    for name in ("a", "b"):
        where = Target("eu-1", "shop", POD, name)
        here.cluster.put(where, pod(name, spec={"nodeName": "n1"}))
    acts, said = [], []
    for n in range(4):
        (seen,) = await here.do(command(CommandKind.LOOK, command_id=f"l{n}", target=N1))
        bound = {"uid": seen.uid, "generation": seen.generation, "marker": seen.marker}
        acts.append(command(action=DRAIN, target=N1, command_id=f"c{n}", **bound))
        if n < 3:
            here.die_at = "executor.response_read"
            with pytest.raises(Died):
                await here.do(acts[-1])
            here.restart()
        said += words(await here.do(acts[-1]))
    assert said == ["applied", "applied", "applied", "rejected nothing_to_do"]
    assert [r.verb for r in here.cluster.changes] == ["PATCH", EVICT, EVICT]
    told = [json.loads(r.body)["metadata"]["name"] for r in here.cluster.changes[1:]]
    assert told == ["a", "b"]
    undo = command(
        CommandKind.ROLLBACK,
        command_id="undo",
        action=DRAIN,
        target=N1,
        parameters=_undo_of(here, acts[0].command_id),
        undoes=acts[0].command_id,
        uid=acts[0].uid,
        generation=acts[0].generation,
        marker=acts[0].marker,
    )
    assert words(await here.do(undo)) == ["intent", "applied"]
    assert "unschedulable" not in here.cluster.objects[N1]["spec"]


def _undo_of(here: Bench, command_id: str) -> dict[str, str]:
    ends = [r for r in here.records if isinstance(r, Outcome) and r.command_id == command_id]
    return next(dict(r.undo) for r in ends if r.status is OutcomeStatus.APPLIED)
