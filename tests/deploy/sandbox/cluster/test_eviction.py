"""Evictions and the budgets that allow them."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from kubernetes import client

from deploy.sandbox.cluster.api import eviction
from deploy.sandbox.cluster.api.errors import ApiError
from deploy.sandbox.cluster.api.managed_fields import Writer
from deploy.sandbox.cluster.api.registry import Registry, Write
from deploy.sandbox.cluster.api.resources import BUDGETS, NAMESPACES, PODS
from deploy.sandbox.cluster.api.rules import Deletion
from deploy.sandbox.cluster.api.store import Store
from tests.deploy.sandbox.cluster import workloads
from tests.deploy.sandbox.cluster.conftest import Clients, eventually, refused
from tests.deploy.sandbox.cluster.stubborn import stubborn

CORDONED = "node.kubernetes.io/unschedulable"
NOT_READY = {
    "readinessProbe": {
        "tcpSocket": {"port": 1},
        "periodSeconds": 1,
    }
}


@pytest.fixture
def two_pods(kube: Clients, namespace: str) -> list[str]:
    return started(kube, namespace, replicas=2)


def started(kube: Clients, namespace: str, *, replicas: int, **options) -> list[str]:
    """Names of the pods of a new deployment, running."""
    kube.apps.create_namespaced_deployment(
        namespace, workloads.deployment(replicas=replicas, **options)
    )

    def running() -> list[str]:
        selector = {"field_selector": "status.phase=Running"}
        names = [
            pod.metadata.name for pod in kube.core.list_namespaced_pod(namespace, **selector).items
        ]
        return names if len(names) == replicas else []

    return eventually(running, "the pods to run")


def create_budget(kube: Clients, namespace: str, name: str = "web", **spec) -> None:
    body = workloads.budget(name, **spec)
    body["spec"]["selector"]["matchLabels"] = {"app": "web"}
    kube.policy.create_namespaced_pod_disruption_budget(namespace, body)


def budget_status(kube: Clients, namespace: str) -> client.V1PodDisruptionBudgetStatus:
    return kube.policy.read_namespaced_pod_disruption_budget("web", namespace).status


def allows(kube: Clients, namespace: str, disruptions: int) -> None:
    def settled() -> bool:
        status = budget_status(kube, namespace)
        return status.observed_generation == 1 and status.disruptions_allowed == disruptions

    eventually(settled, f"{disruptions} disruptions to be allowed")


def evict(kube: Clients, namespace: str, pod: str, **delete_options) -> object:
    body = {"metadata": {"name": pod}, "deleteOptions": delete_options}
    return kube.core.create_namespaced_pod_eviction(pod, namespace, body)


@contextmanager
def no_room_for_pods(kube: Clients) -> Iterator[None]:
    """Meanwhile no replacement gets a node: it could be ready before the next request is there."""
    nodes = [node.metadata.name for node in kube.core.list_node().items]

    def all_tainted() -> bool:
        taints = [node.spec.taints or [] for node in kube.core.list_node().items]
        return all(any(taint.key == CORDONED for taint in of_one) for of_one in taints)

    try:
        for node in nodes:
            kube.core.patch_node(node, {"spec": {"unschedulable": True}})
        eventually(all_tainted, "the nodes to be cordoned")
        yield
    finally:
        for node in nodes:
            kube.core.patch_node(node, {"spec": {"unschedulable": None}})


def test_without_a_budget_every_eviction_is_allowed(
    kube: Clients, namespace: str, two_pods: list[str]
):
    evict(kube, namespace, two_pods[0])
    pod = kube.core.read_namespaced_pod(two_pods[0], namespace)
    assert pod.metadata.deletion_timestamp is not None
    disrupted = next(one for one in pod.status.conditions if one.type == "DisruptionTarget")
    assert disrupted.reason == "EvictionByEvictionAPI"


def test_a_budget_without_room_refuses_with_429(kube: Clients, namespace: str, two_pods: list[str]):
    create_budget(kube, namespace, minAvailable=2)
    allows(kube, namespace, 0)
    status = refused(429, evict, kube, namespace, two_pods[0])
    assert status["reason"] == "TooManyRequests"
    assert status["message"] == "Cannot evict pod as it would violate the pod's disruption budget."
    (cause,) = status["details"]["causes"]
    assert cause["reason"] == "DisruptionBudget"
    assert cause["message"] == "The disruption budget web needs 2 healthy pods and has 2 currently"
    pod = kube.core.read_namespaced_pod(two_pods[0], namespace)
    assert pod.metadata.deletion_timestamp is None


def test_the_room_of_a_budget_is_used_up_at_once(
    kube: Clients, namespace: str, two_pods: list[str]
):
    create_budget(kube, namespace, maxUnavailable=1)
    allows(kube, namespace, 1)
    status = budget_status(kube, namespace)
    assert (status.current_healthy, status.desired_healthy, status.expected_pods) == (2, 1, 2)
    with no_room_for_pods(kube):
        evict(kube, namespace, two_pods[0])
        refused(429, evict, kube, namespace, two_pods[1])
    # The replacement makes room again.
    allows(kube, namespace, 1)


def test_a_budget_not_yet_seen_by_its_controller_says_when_to_come_back():
    registry = Registry(Store())
    how = Write(Writer("test"))
    registry.create(NAMESPACES, "", {"metadata": {"name": "shop"}}, how)
    registry.create(PODS, "shop", workloads.pod("web"), how)
    registry.update(PODS, "shop", "web", running, how, "status")
    registry.create(BUDGETS, "shop", workloads.budget("web", minAvailable=0), how)
    with pytest.raises(ApiError) as caught:
        eviction.evict(registry, "shop", "web", Deletion())
    assert caught.value.code == 429
    assert caught.value.details["retryAfterSeconds"] == 10


def running(pod: dict) -> dict:
    pod["status"]["phase"] = "Running"
    return pod


def test_two_budgets_for_a_pod_are_an_internal_error(
    kube: Clients, namespace: str, two_pods: list[str]
):
    create_budget(kube, namespace, minAvailable=1)
    create_budget(kube, namespace, "second", minAvailable=1)
    status = refused(500, evict, kube, namespace, two_pods[0])
    assert status == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": "This pod has more than one PodDisruptionBudget, "
        "which the eviction subresource does not support.",
        "code": 500,
    }
    refused(500, evict, kube, namespace, two_pods[0], dryRun=["All"])


def test_an_unready_pod_goes_when_the_others_suffice(kube: Clients, namespace: str):
    (pod,) = started(kube, namespace, replicas=1, container=NOT_READY)
    create_budget(kube, namespace, minAvailable=1)
    allows(kube, namespace, 0)
    refused(429, evict, kube, namespace, pod)
    patch = {"spec": {"unhealthyPodEvictionPolicy": "AlwaysAllow"}}
    kube.policy.patch_namespaced_pod_disruption_budget("web", namespace, patch)
    evict(kube, namespace, pod)


def test_preconditions_hold_for_evictions_too(kube: Clients, namespace: str, two_pods: list[str]):
    wrong = {"preconditions": {"uid": "another"}}
    status = refused(409, evict, kube, namespace, two_pods[0], **wrong)
    assert status["message"].startswith(
        f'Operation cannot be fulfilled on Pod "{two_pods[0]}": '
        "the UID in the precondition (another) does not match the UID in record"
    )
    pod = kube.core.read_namespaced_pod(two_pods[0], namespace)
    right = {"uid": pod.metadata.uid, "resourceVersion": pod.metadata.resource_version}
    evict(kube, namespace, two_pods[0], preconditions=right)


def test_a_budget_is_asked_before_the_preconditions(
    kube: Clients, namespace: str, two_pods: list[str]
):
    create_budget(kube, namespace, minAvailable=2)
    allows(kube, namespace, 0)
    refused(429, evict, kube, namespace, two_pods[0], preconditions={"uid": "another"})


def test_an_eviction_with_a_wrong_uid_uses_up_a_disruption(
    kube: Clients, namespace: str, two_pods: list[str]
):
    create_budget(kube, namespace, maxUnavailable=1)
    allows(kube, namespace, 1)
    refused(409, evict, kube, namespace, two_pods[0], preconditions={"uid": "another"})
    status = budget_status(kube, namespace)
    assert (status.disruptions_allowed, [*status.disrupted_pods]) == (0, [two_pods[0]])


def test_a_pod_that_is_already_leaving_can_be_evicted_again(kube: Clients, namespace: str):
    stubborn(kube, namespace, grace_s=30)
    evict(kube, namespace, "alone")
    evict(kube, namespace, "alone", dryRun=["All"])
    leaving = kube.core.read_namespaced_pod("alone", namespace).metadata
    assert (leaving.deletion_grace_period_seconds, leaving.generation) == (30, 2)
    kube.core.delete_namespaced_pod("alone", namespace, grace_period_seconds=0)


def test_a_dry_run_evicts_nobody(kube: Clients, namespace: str, two_pods: list[str]):
    create_budget(kube, namespace, maxUnavailable=1)
    allows(kube, namespace, 1)
    evict(kube, namespace, two_pods[0], dryRun=["All"])
    assert budget_status(kube, namespace).disruptions_allowed == 1
    pod = kube.core.read_namespaced_pod(two_pods[0], namespace)
    assert pod.metadata.deletion_timestamp is None


def test_evicting_nobody_or_somebody_else_is_refused(
    kube: Clients, namespace: str, two_pods: list[str]
):
    refused(404, evict, kube, namespace, "nobody")
    body = {"metadata": {"name": "somebody-else"}}
    refused(400, kube.core.create_namespaced_pod_eviction, two_pods[0], namespace, body)
    kube.core.read_namespaced_pod(two_pods[0], namespace)


def test_percentages_count_what_the_deployment_wants(kube: Clients, namespace: str):
    started(kube, namespace, replicas=3)
    create_budget(kube, namespace, minAvailable="50%")
    allows(kube, namespace, 1)
    assert budget_status(kube, namespace).desired_healthy == 2
