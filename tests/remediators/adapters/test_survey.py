"""What a survey tells when part of the API does not answer, or answers in pages."""

import asyncio
import threading
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from remediators.adapters.kubernetes.cluster import PAGES_MAX, KubernetesCluster
from remediators.adapters.kubernetes.views import ZONE
from remediators.core.query import Query
from remediators.core.reply import Answer, Reply
from remediators.core.workload import Surroundings, Workload
from schemas.kinds import AUTOSCALER, NODE, ROLLOUT, VERTICAL_AUTOSCALER
from tests.remediators.builders import TARGET, template

DEPLOYMENT = {
    "metadata": {"name": "checkout", "uid": "u", "generation": 1},
    "spec": {"template": template("example/checkout:1")},
}
NODES = "nodes"
WITHIN_S = 30.0
BUDGETS = "poddisruptionbudgets"
AUTOSCALERS = "horizontalpodautoscalers"
NOTHING = {"items": []}
FORBIDDEN = Reply(Answer.FORBIDDEN, "403")


class Server:
    """Answers by the last part of a path; of a list of answers, one for each page."""

    def __init__(self, **answers: Any) -> None:
        self.answers = {
            "checkout": DEPLOYMENT,
            NODES: NOTHING,
            BUDGETS: NOTHING,
            AUTOSCALERS: NOTHING,
            **answers,
        }
        self.limits: set[str] = set()
        self.asked: list[str] = []
        self.nodes_wait_for_looks = 0
        self._looks = threading.Semaphore(0)

    def get(self, path: str) -> dict[str, Any] | Reply:
        asked = urlsplit(path)
        query = parse_qs(asked.query)
        self.asked.append(asked.path)
        if asked.path.endswith("checkout"):
            self._looks.release()
        elif asked.path.endswith(NODES):
            for _ in range(self.nodes_wait_for_looks):
                assert self._looks.acquire(timeout=WITHIN_S), "no thread was left for a look"
        self.limits.update(query.get("limit", ()))
        answer = self.answers[asked.path.rpartition("/")[2]]
        if isinstance(answer, list):
            return answer[int(query.get("continue", ["0"])[0])]
        return answer

    def close(self) -> None:
        pass


async def survey(server: Server) -> tuple[Workload, Surroundings]:
    cluster = KubernetesCluster(server, "test", 4)  # type: ignore[arg-type]
    try:
        found = await cluster.survey(TARGET)
    finally:
        await cluster.close()
    assert not isinstance(found, Reply)
    seen, around = found
    assert isinstance(seen, Workload)
    return seen, around


def node(name: str, zone: str, *, ready: bool = True) -> dict[str, Any]:
    status = {"conditions": [{"type": "Ready", "status": str(ready)}]}
    return {"metadata": {"name": name, "labels": {ZONE: zone}}, "status": status}


def page(items: list[dict[str, Any]], then: int = 0) -> dict[str, Any]:
    return {"items": items, "metadata": {"continue": str(then)} if then else {}}


async def test_a_list_in_pages_is_read_to_its_end():
    first = page([node("a", "x"), node("b", "y")], then=1)
    server = Server(nodes=[first, page([node("c", "y", ready=False)])])
    _, around = await survey(server)
    assert (around.nodes, around.nodes_ready, around.zones) == (3, 2, 2)
    assert server.limits == {"500"}


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(FORBIDDEN, id="forbidden"),
        pytest.param(Reply(Answer.UNSURE, "cut"), id="no answer"),
        pytest.param([page([node("a", "x")], then=1), FORBIDDEN], id="forbidden half-way"),
        pytest.param(page([node("a", "x")], then=0) | {"items": None}, id="no list"),
        pytest.param([page([], then=n + 1) for n in range(PAGES_MAX)], id="without an end"),
        pytest.param({"items": [{"status": 7}]}, id="no nodes"),
    ],
)
async def test_what_is_not_known_whole_is_not_known(answer):
    seen, around = await survey(Server(nodes=answer, poddisruptionbudgets=answer))
    assert seen.uid == "u"
    assert around.unread is not None
    assert replace(around, unread=None) == Surroundings()


@pytest.mark.parametrize("answer", [FORBIDDEN, {"items": [{}]}])
async def test_whether_an_autoscaler_has_it_is_never_guessed(answer):
    seen, _ = await survey(Server(horizontalpodautoscalers=answer))
    assert seen.owner == "HorizontalPodAutoscaler/?"


async def test_the_nodes_are_read_by_one_for_all_who_ask():
    """While they are on their way, all others have threads."""
    server = Server(nodes=page([node("a", "x")]))
    server.nodes_wait_for_looks = 8
    cluster = KubernetesCluster(server, "test", 8)  # type: ignore[arg-type]
    found = await asyncio.gather(*(cluster.survey(TARGET) for _ in range(8)))
    await cluster.close()
    assert [around.nodes for _, around in found] == [1] * 8
    assert len([path for path in server.asked if path.endswith(NODES)]) == 1


async def test_of_a_list_only_what_is_asked_for_is_held():
    """Five thousand nodes would be 400 MiB."""
    heavy = node("a", "x")
    heavy["metadata"]["managedFields"] = [{"manager": "kubelet"}]
    heavy["status"]["images"] = [{"names": ["example/main:1"]}]
    cluster = KubernetesCluster(Server(nodes=page([heavy])), "test", 4)  # type: ignore[arg-type]
    assert await cluster.find(Query(NODE)) == (node("a", "x"),)
    await cluster.close()


NOT_SERVED = Reply(Answer.NOT_FOUND, "404 page not found")


@pytest.mark.parametrize(
    ("kind", "found"), [(VERTICAL_AUTOSCALER, ()), (ROLLOUT, ()), (AUTOSCALER, NOT_SERVED)]
)
async def test_a_kind_that_a_cluster_need_not_know_is_none(kind: str, found: object):
    """What every cluster has and this one does not find is a fault, and never taken for none."""
    answers = dict.fromkeys((AUTOSCALERS, "verticalpodautoscalers", "rollouts"), NOT_SERVED)
    cluster = KubernetesCluster(Server(**answers), "test", 4)  # type: ignore[arg-type]
    assert await cluster.find(Query(kind, "shop")) == found
    await cluster.close()
