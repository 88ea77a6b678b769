"""Daemon sets: one pod on every node, cordoned or not."""

from kubernetes import client

from tests.deploy.sandbox.cluster import workloads
from tests.deploy.sandbox.cluster.conftest import Clients, eventually

NODES = ["node-a", "node-b", "node-c"]


def settled(kube: Clients, namespace: str) -> client.V1DaemonSetStatus:
    def done() -> client.V1DaemonSetStatus | None:
        found = kube.apps.read_namespaced_daemon_set("agent", namespace)
        told, wanted = found.status, len(NODES)
        complete = (
            told.observed_generation == found.metadata.generation
            and told.updated_number_scheduled == told.number_available == wanted
        )
        return told if complete else None

    return eventually(done, "the daemon set to settle")


def places(kube: Clients, namespace: str) -> list[str]:
    return sorted(pod.spec.node_name for pod in kube.core.list_namespaced_pod(namespace).items)


def test_every_node_gets_one_and_a_new_template_replaces_them(kube: Clients, namespace: str):
    body = workloads.daemon_set(template={"nodeSelector": {"kubernetes.io/os": "linux"}})
    kube.apps.create_namespaced_daemon_set(namespace, body)
    told = settled(kube, namespace)
    assert (told.desired_number_scheduled, told.number_misscheduled) == (3, 0)
    assert places(kube, namespace) == NODES
    before = kube.core.list_namespaced_pod(namespace).items[0].metadata.labels
    image = {"spec": {"template": {"spec": {"containers": [{"name": "main", "image": "x:2"}]}}}}
    kube.apps.patch_namespaced_daemon_set("agent", namespace, image)
    settled(kube, namespace)
    pods = kube.core.list_namespaced_pod(namespace).items
    assert {pod.spec.containers[0].image for pod in pods} == {"x:2"}
    label = "controller-revision-hash"
    assert all(pod.metadata.labels[label] != before[label] for pod in pods)


def test_a_cordon_does_not_matter(kube: Clients, namespace: str):
    kube.core.patch_node("node-a", {"spec": {"unschedulable": True}})
    try:
        body = workloads.daemon_set(template={"nodeSelector": {"kubernetes.io/os": "linux"}})
        kube.apps.create_namespaced_daemon_set(namespace, body)
        settled(kube, namespace)
        assert places(kube, namespace) == NODES
    finally:
        kube.core.patch_node("node-a", {"spec": {"unschedulable": None}})
