"""What a hostile or broken writer of commands may try: refused on the record, before anything is
announced or sent.
"""

from dataclasses import replace
from typing import Any

import pytest

from schemas.actions import DEGRADE, RESTART, SCALE
from schemas.remediation import CommandKind, Outcome, OutcomeReason, OutcomeStatus, Target
from tests.remediators.builders import TARGET, command
from tests.remediators.executor.bench import Bench


def at(**other: str) -> dict[str, Any]:
    return {"target": replace(TARGET, **other)}


def scaled(**parameters: str) -> dict[str, Any]:
    return {"action": SCALE, "parameters": {"max": "9", **parameters}}


NOT_A_NUMBER = ("", " ", "1e3", "0x10", "١", "3.0", "{{7*7}}", "$(id)", "None", "9" * 20)
CASES = [
    *[({"action": name}, "unknown_action") for name in ("", "*", "drop_tables", "../scale")],
    *[(scaled(replicas=text), "bad_parameters") for text in (*NOT_A_NUMBER, "1000000000")],
    (scaled(replicas="-1"), "below_minimum"),
    (scaled(replicas="0"), "below_minimum"),
    (scaled(replicas="10"), "bad_parameters"),
    (scaled(by="1", replicas="2"), "bad_parameters"),
    (scaled(), "bad_parameters"),
    (scaled(by="1", force="true"), "bad_parameters"),
    ({"action": RESTART, "parameters": {"selector": ""}}, "bad_parameters"),
    ({"action": DEGRADE, "parameters": {"variable": "PATH"}}, "bad_parameters"),
    ({"action": DEGRADE, "parameters": {"value": "x\ny"}}, "bad_parameters"),
    *[
        (at(namespace=name), "invalid")
        for name in ("", "*", "../kube-system", "shop/../kube-system", "{{7*7}}", "Shop", "a b")
    ],
    *[
        (at(name=name), "invalid")
        for name in ("", "*", "../web", "web?dryRun=All", "$(id)", "web\n", "x" * 254)
    ],
    *[(at(kind=kind), "invalid") for kind in ("", "*", "Secret", "deployments", "Node")],
    ({"kind": CommandKind.ROLLBACK, "undoes": ""}, "invalid"),
    ({"uid": ""}, "invalid"),
    ({"generation": 0}, "invalid"),
]


@pytest.mark.parametrize(("wrong", "reason"), CASES, ids=lambda value: str(value)[:60])
async def test_refused_on_the_record_and_never_carried_out(wrong: dict[str, Any], reason: str):
    here = Bench()
    act = await here.act()
    before = here.cluster.objects[TARGET].copy()
    (refused,) = await here.do(replace(act, **wrong))
    assert isinstance(refused, Outcome)
    assert (refused.status, refused.reason) == (OutcomeStatus.REJECTED, reason)
    assert refused.detail
    assert (here.cluster.sent, here.cluster.rehearsed) == ([], [])
    assert here.cluster.objects[TARGET] == before


async def test_another_cluster_in_the_target_than_in_the_command():
    here = Bench()
    act = await here.act()
    (refused,) = await here.do(replace(act, target=Target("us-1", "shop", "Deployment", "web")))
    assert isinstance(refused, Outcome)
    assert refused.reason == OutcomeReason.INVALID


async def test_a_cluster_that_is_none_of_ours():
    here = Bench()
    order = command(cluster="nowhere", target=replace(TARGET, cluster="nowhere"))
    (refused,) = await here.do(order)
    assert isinstance(refused, Outcome)
    assert refused.reason == OutcomeReason.UNKNOWN_CLUSTER
