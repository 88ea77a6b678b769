"""Pods change hands by their labels: an owner lets go of some and takes in others."""

from kubernetes import client

from tests.deploy.sandbox.cluster import workloads
from tests.deploy.sandbox.cluster.conftest import Clients, eventually
from tests.deploy.sandbox.cluster.test_eviction import started


def pods(kube: Clients, namespace: str, selector: str = "") -> list[client.V1Pod]:
    return kube.core.list_namespaced_pod(namespace, label_selector=selector).items


def owners(pod: client.V1Pod) -> list[str]:
    return [one.kind for one in pod.metadata.owner_references or ()]


def relabel(kube: Clients, namespace: str, pod: str, app: str) -> None:
    labels = {"metadata": {"labels": {"app": app}}}
    kube.core.patch_namespaced_pod(pod, namespace, labels)


def test_a_pod_taken_out_of_the_selector_is_replaced_and_stays(kube: Clients, namespace: str):
    (pod,) = started(kube, namespace, replicas=1)
    relabel(kube, namespace, pod, "aside")

    def set_aside() -> bool:
        found = {one.metadata.name: owners(one) for one in pods(kube, namespace)}
        return len(found) == 2 and found[pod] == []

    eventually(set_aside, "the pod to be let go and replaced")
    relabel(kube, namespace, pod, "web")

    def back() -> bool:
        found = pods(kube, namespace)
        return [owners(one) for one in found] == [["ReplicaSet"]]

    eventually(back, "one pod too many to go")


def test_orphans_are_taken_in_by_a_namesake(kube: Clients, namespace: str):
    body = workloads.stateful_set(replicas=1)
    kube.apps.create_namespaced_stateful_set(namespace, body)
    (orphan,) = eventually(lambda: pods(kube, namespace), "its pod")
    kube.apps.delete_namespaced_stateful_set("db", namespace, propagation_policy="Orphan")
    eventually(lambda: not owners(pods(kube, namespace)[0]), "the pod to belong to nobody")

    def gone() -> bool:
        return not kube.apps.list_namespaced_stateful_set(namespace).items

    eventually(gone, "the stateful set to go")
    kube.apps.create_namespaced_stateful_set(namespace, body)
    eventually(
        lambda: owners(pods(kube, namespace)[0]) == ["StatefulSet"], "the pod to be taken in"
    )
    assert [one.metadata.uid for one in pods(kube, namespace)] == [orphan.metadata.uid]


def test_the_pods_of_a_deleted_job_belong_to_nobody(kube: Clients, namespace: str):
    kube.batch.create_namespaced_job(namespace, workloads.job())
    eventually(lambda: pods(kube, namespace), "its pod")
    kube.batch.delete_namespaced_job("once", namespace)

    def free() -> bool:
        (pod,) = pods(kube, namespace)
        return not owners(pod) and not pod.metadata.finalizers

    eventually(free, "the pod to be free")
    kube.core.delete_namespaced_pod(pods(kube, namespace)[0].metadata.name, namespace)
    eventually(lambda: not pods(kube, namespace), "the pod to go")


def test_a_pod_of_a_job_that_is_deleted_counts_as_failed(kube: Clients, namespace: str):
    kube.batch.create_namespaced_job(namespace, workloads.job())
    (pod,) = eventually(lambda: pods(kube, namespace, "job-name=once"), "its pod")
    kube.core.delete_namespaced_pod(pod.metadata.name, namespace, grace_period_seconds=1)

    def counted() -> bool:
        status = kube.batch.read_namespaced_job("once", namespace).status
        left = [one.metadata.name for one in pods(kube, namespace)]
        return (status.failed, status.active) == (1, 1) and pod.metadata.name not in left

    eventually(counted, "its replacement")
