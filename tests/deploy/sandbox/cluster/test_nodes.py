"""Nodes that fail, are cordoned or come back."""

from collections.abc import Iterator

import pytest
from kubernetes import client

from deploy.sandbox.cluster.handle import Cluster
from tests.deploy.sandbox.cluster import workloads
from tests.deploy.sandbox.cluster.conftest import OTHER_CLUSTER, Clients, eventually


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clients]:
    """A cluster of their own: these tests take nodes away."""
    if OTHER_CLUSTER:
        pytest.skip("says something about the sandbox only")
    with Cluster(tmp_path_factory.mktemp("cluster")) as cluster:
        yield Clients.of(cluster.url)


@pytest.fixture
def kube(nodes: Clients) -> Iterator[Clients]:
    """All nodes are back afterwards, and nothing runs on them."""
    yield nodes
    for node in ("node-a", "node-b", "node-c"):
        nodes.core.patch_node(node, {"spec": {"unschedulable": None}})
        say(nodes, node, "True")
    nodes.apps.delete_collection_namespaced_deployment("default")
    nodes.core.delete_collection_namespaced_pod("default", grace_period_seconds=0)
    eventually(lambda: not pods(nodes), "the pods to be gone")


def say(kube: Clients, node: str, ready: str) -> None:
    condition = {"type": "Ready", "status": ready, "reason": "Testing"}
    kube.core.patch_node_status(node, {"status": {"conditions": [condition]}})


def pods(kube: Clients) -> list[client.V1Pod]:
    return kube.core.list_namespaced_pod("default").items


def is_ready(pod: client.V1Pod) -> bool:
    return any(one.type == "Ready" and one.status == "True" for one in pod.status.conditions or ())


def start(kube: Clients, replicas: int) -> None:
    body = workloads.deployment(replicas=replicas)
    kube.apps.create_namespaced_deployment("default", body)
    eventually(
        lambda: len(found := pods(kube)) == replicas and all(map(is_ready, found)), "the pods"
    )


def test_nodes_have_zones_leases_and_room(kube: Clients):
    nodes = kube.core.list_node().items
    zones = {one.metadata.name: one.metadata.labels["topology.kubernetes.io/zone"] for one in nodes}
    assert zones == {"node-a": "zone-a", "node-b": "zone-b", "node-c": "zone-c"}
    assert all(one.status.allocatable["pods"] == "110" for one in nodes)

    def leases() -> int:
        return len(
            client.CoordinationV1Api(kube.api).list_namespaced_lease("kube-node-lease").items
        )

    eventually(lambda: leases() == 3, "the leases")


def test_a_node_that_is_not_ready_makes_its_pods_unready_until_it_is_back(kube: Clients):
    start(kube, 3)
    say(kube, "node-a", "False")

    def ready_nodes() -> list[str]:
        return sorted(pod.spec.node_name for pod in pods(kube) if is_ready(pod))

    eventually(lambda: ready_nodes() == ["node-b", "node-c"], "its pod to be unready")
    taints = kube.core.read_node("node-a").spec.taints
    assert [taint.key for taint in taints] == ["node.kubernetes.io/not-ready"]
    kube.apps.patch_namespaced_deployment_scale("web", "default", {"spec": {"replicas": 5}})
    eventually(lambda: len(ready_nodes()) == 4, "the new pods")
    assert "node-a" not in ready_nodes()
    say(kube, "node-a", "True")
    eventually(lambda: "node-a" in ready_nodes(), "its pod to be ready again")
    assert kube.core.read_node("node-a").spec.taints is None


def test_a_pod_on_a_lost_node_cannot_be_ended_before_the_node_is_back(kube: Clients):
    start(kube, 3)
    say(kube, "node-b", "Unknown")
    (lost,) = [pod for pod in pods(kube) if pod.spec.node_name == "node-b"]
    kube.core.delete_namespaced_pod(lost.metadata.name, "default", grace_period_seconds=1)

    def replaced() -> bool:
        return sum(map(is_ready, pods(kube))) == 3

    eventually(replaced, "its replacement elsewhere")
    assert lost.metadata.name in [pod.metadata.name for pod in pods(kube)]
    say(kube, "node-b", "True")
    eventually(lambda: len(pods(kube)) == 3, "the lost pod to be ended")


def test_a_cordoned_node_gets_nothing_new_and_keeps_what_it_has(kube: Clients):
    kube.core.patch_node("node-a", {"spec": {"unschedulable": True}})
    start(kube, 4)
    assert {pod.spec.node_name for pod in pods(kube)} == {"node-b", "node-c"}


def test_without_any_node_pods_wait_and_say_so(kube: Clients):
    for node in ("node-a", "node-b", "node-c"):
        kube.core.patch_node(node, {"spec": {"unschedulable": True}})
    kube.core.create_namespaced_pod("default", workloads.pod())

    def unschedulable() -> bool:
        (pod,) = pods(kube)
        return any(one.reason == "Unschedulable" for one in pod.status.conditions or ())

    eventually(unschedulable, "the refusal")
    kube.core.patch_node("node-c", {"spec": {"unschedulable": None}})
    eventually(lambda: is_ready(pods(kube)[0]), "the start")
