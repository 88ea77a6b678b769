"""Replace a node: only an empty one, only its own machine, and never two at once."""

import json
from typing import Any

import pytest

from remediators.actions import replace_node
from remediators.actions.catalog import CATALOG, announce
from remediators.actions.plan import Scene
from remediators.adapters.kubernetes import views
from remediators.core.refusal import Refusal
from remediators.core.request import DELETE
from schemas.actions import ACTIONS, REPLACE_NODE
from schemas.kinds import INSTANCE
from schemas.remediation import OutcomeReason, Target
from tests.remediators.actions.test_drain import N1, going, node, pod
from tests.remediators.builders import command

Object = dict[str, Any]
AWS = "aws:///eu-central-1a/i-0abc"
CORDONED = {"unschedulable": True, "providerID": AWS}


def machine(name: str, state: str = "running") -> Object:
    return {"metadata": {"name": name, "uid": name}, "status": {"state": state}}


def made(
    *pods: Object,
    found: Object | None = None,
    nodes: tuple[Object, ...] = (node(), node("n2")),
    machines: tuple[Object, ...] = (machine("i-0abc"), machine("i-2")),
    **given: str,
) -> Any:
    order = command(action=REPLACE_NODE, target=N1, parameters=given)
    seen = views.seen(N1, found or node(**CORDONED))
    return announce(CATALOG[REPLACE_NODE], Scene(order, seen, (pods, nodes, machines)))


@pytest.mark.parametrize("of", [AWS, "aws://i-0abc", "sandbox://i-0abc", "gce://p/i-0abc"])
def test_its_own_machine_by_its_own_id(of: str):
    announced = made(found=node(unschedulable=True, providerID=of))
    assert not isinstance(announced, Refusal), announced
    request, _ = announced
    assert (request.verb, request.target) == (DELETE, Target("eu-1", "", INSTANCE, "i-0abc"))
    assert json.loads(request.body)["preconditions"] == {"uid": "i-0abc"}


def test_what_belongs_to_the_node_goes_with_it():
    assert not isinstance(made(pod("a", "DaemonSet")), Refusal)


@pytest.mark.parametrize(
    ("pods", "more", "words"),
    [
        ([], {"found": node(providerID=AWS)}, "not cordoned"),
        ([pod("a")], {}, "1 pods are left, such as shop/a"),
        ([going(pod("a"))], {}, "1 pods are left"),
        ([], {"found": node(unschedulable=True)}, "which machine"),
        ([], {"found": node(unschedulable=True, providerID="aws:///../i-1;x")}, "which machine"),
        ([], {"machines": (machine("i-2"),)}, "no machine of this cluster"),
        ([], {"nodes": (node(),)}, "the only node"),
        ([], {"nodes": (node(), node("n2", is_ready=False))}, "n2 does not take pods"),
        ([], {"nodes": (node(), node("n2", unschedulable=True))}, "n2 does not take pods"),
        *[
            ([], {"machines": (machine("i-0abc"), machine("i-2", state))}, "one machine at a time")
            for state in ("pending", "stopping", "shutting-down")
        ],
    ],
)
def test_what_is_not_replaced(pods: list[Object], more: dict[str, Any], words: str):
    refused = made(*pods, **more)
    assert isinstance(refused, Refusal), refused
    assert refused.reason is OutcomeReason.INVALID
    assert words in refused.detail


def test_on_a_node_that_is_gone_pods_that_are_leaving_keep_nobody_waiting():
    dead = node(is_ready=False, **CORDONED)
    assert not isinstance(made(going(pod("a")), found=dead), Refusal)
    assert isinstance(made(pod("a"), found=dead), Refusal)


@pytest.mark.parametrize("state", sorted(replace_node.ENDED))
def test_a_machine_that_is_ending_already(state: str):
    refused = made(machines=(machine("i-0abc", state),))
    assert refused.reason is OutcomeReason.NOTHING_TO_DO


def test_two_people_must_want_it():
    assert ACTIONS[REPLACE_NODE].destructive
    assert CATALOG[REPLACE_NODE].rollback is None


def test_it_takes_no_parameters():
    assert made(x="{{7*7}}").reason is OutcomeReason.BAD_PARAMETERS
