"""Drained: cordoned, and empty but for what belongs to the node."""

from typing import Any

import pytest

from remediators.core.query import Query
from remediators.core.reply import Answer, Reply
from remediators.ports import Outlook
from remediators.probes import drained
from remediators.probes.sight import Sight
from schemas.kinds import NODE, POD
from schemas.remediation import Target
from tests.fakes import FakeCluster, FakePages
from tests.remediators.builders import TARGET

N1 = Target("eu-1", "", NODE, "n1")


def pod(kind: str, node: str = "n1", **meta: Any) -> dict[str, Any]:
    owners = [{"kind": kind, "name": "web", "controller": True}]
    return {"metadata": {"ownerReferences": owners, **meta}, "spec": {"nodeName": node}}


async def passed(
    *pods: dict[str, Any], cordoned: bool = True, is_ready: bool = True
) -> bool | None:
    cluster = FakeCluster()
    conditions = [{"type": "Ready", "status": "True"}] * is_ready
    spec = {"unschedulable": True} if cordoned else {}
    cluster.put(N1, {"spec": spec, "status": {"conditions": conditions}})
    for n, body in enumerate(pods):
        cluster.put(Target("eu-1", "shop", POD, f"p{n}"), body)
    return (await asked(cluster)).passed


async def asked(cluster: Any, target: Target = N1) -> Any:
    sight = Sight(target, lambda: cluster.look(target), Outlook(FakePages(), {}), cluster.find)
    return await drained.probe({}, sight)


@pytest.mark.parametrize(
    ("pods", "expected"),
    [
        ([], True),
        ([pod("DaemonSet"), pod("Node"), pod("ReplicaSet", "n2")], True),
        ([pod("ReplicaSet")], False),
        ([pod("ReplicaSet", deletionTimestamp="2026-01-01T00:00:00Z")], False),
        ([{"spec": {"nodeName": "n1"}}], False),
    ],
)
async def test_of_a_node_that_takes_no_pods(pods: list[dict[str, Any]], expected: bool):
    assert await passed(*pods) is expected


@pytest.mark.parametrize("is_ready", [True, False])
async def test_what_leaves_a_node_that_cannot_tell_is_not_waited_for(is_ready: bool):
    going = pod("ReplicaSet", deletionTimestamp="2026-01-01T00:00:00Z")
    assert await passed(going, is_ready=is_ready) is not is_ready
    assert await passed(pod("ReplicaSet"), is_ready=is_ready) is False


async def test_a_node_that_takes_pods_is_not_drained():
    assert await passed(cordoned=False) is False


async def test_a_node_that_is_gone_has_no_pods():
    assert (await asked(FakeCluster())).passed is True


async def test_what_cannot_be_told():
    cluster = FakeCluster()
    assert (await asked(cluster, TARGET)).passed is None
    cluster.readings.append(Reply(Answer.UNSURE, "cut"))
    assert (await asked(cluster)).passed is None
    cluster.put(N1, {"spec": {"unschedulable": True}})

    async def cut(_: Query) -> Reply:
        return Reply(Answer.UNSURE, "cut")

    cluster.find = cut
    assert (await asked(cluster)).passed is None
