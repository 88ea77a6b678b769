"""Deleting, with and without preconditions, as the real API server does it."""

import pytest
from kubernetes import client

from tests.deploy.sandbox.cluster.conftest import Clients, eventually, refused
from tests.deploy.sandbox.cluster.stubborn import stubborn
from tests.deploy.sandbox.cluster.test_objects import created


@pytest.mark.parametrize("field", ["uid", "resourceVersion"])
def test_deleting_with_a_wrong_precondition_is_a_conflict(
    kube: Clients, namespace: str, field: str
):
    created(kube, namespace)
    wrong = {"preconditions": {field: "1"}}
    status = refused(409, kube.apps.delete_namespaced_deployment, "web", namespace, body=wrong)
    assert status["reason"] == "Conflict"
    assert "in the precondition (1) does not match" in status["message"]
    kube.apps.read_namespaced_deployment("web", namespace)


def test_deleting_with_the_right_precondition(kube: Clients, namespace: str):
    made = created(kube, namespace)
    right = {"preconditions": {"uid": made.metadata.uid}}
    status = kube.apps.delete_namespaced_deployment("web", namespace, body=right)
    assert status["status"] == "Success"
    assert status["details"]["uid"] == made.metadata.uid
    refused(404, kube.apps.delete_namespaced_deployment, "web", namespace)


def test_finalizers_hold_an_object_until_they_are_gone(kube: Clients, namespace: str):
    body = {"metadata": {"name": "held", "finalizers": ["example.com/hold"]}}
    kube.core.create_namespaced_config_map(namespace, body)
    kube.core.delete_namespaced_config_map("held", namespace)
    held = kube.core.read_namespaced_config_map("held", namespace)
    assert held.metadata.deletion_timestamp is not None
    kube.core.patch_namespaced_config_map("held", namespace, {"metadata": {"finalizers": None}})
    refused(404, kube.core.read_namespaced_config_map, "held", namespace)


def test_deleting_many_by_selector(kube: Clients, namespace: str):
    for name, label in (("a", "x"), ("b", "x"), ("c", "y")):
        body = {"metadata": {"name": name, "labels": {"group": label}}}
        kube.core.create_namespaced_config_map(namespace, body)
    kube.core.delete_collection_namespaced_config_map(namespace, label_selector="group=x")
    left = kube.core.list_namespaced_config_map(namespace, label_selector="group").items
    assert [one.metadata.name for one in left] == ["c"]


def test_a_namespace_takes_everything_with_it(kube: Clients):
    kube.core.create_namespace({"metadata": {"name": "doomed"}})
    created(kube, "doomed", replicas=1)
    kube.core.delete_namespace("doomed")

    def gone() -> bool:
        return "doomed" not in [one.metadata.name for one in kube.core.list_namespace().items]

    eventually(gone, "the namespace to be gone")
    assert kube.core.list_namespaced_pod("doomed").items == []


def leaves_in_s(pod: client.V1Pod) -> int | None:
    return pod.metadata.deletion_grace_period_seconds


def test_the_time_a_pod_has_to_end_only_gets_shorter(kube: Clients, namespace: str):
    stubborn(kube, namespace, grace_s=30)
    leaving = kube.core.delete_namespaced_pod("alone", namespace)
    assert (leaves_in_s(leaving), leaving.metadata.generation) == (30, 2)
    longer = kube.core.delete_namespaced_pod("alone", namespace, grace_period_seconds=60)
    assert longer.metadata.deletion_timestamp == leaving.metadata.deletion_timestamp
    shorter = kube.core.delete_namespaced_pod("alone", namespace, grace_period_seconds=10)
    sooner = leaving.metadata.deletion_timestamp - shorter.metadata.deletion_timestamp
    assert (leaves_in_s(shorter), sooner.total_seconds()) == (10, 20)
    assert shorter.metadata.generation == 2
    at_once = kube.core.delete_namespaced_pod("alone", namespace, grace_period_seconds=0)
    assert leaves_in_s(at_once) == 0
    refused(404, kube.core.read_namespaced_pod, "alone", namespace)


def test_a_pod_is_deleted_only_if_it_is_the_one_meant(kube: Clients, namespace: str):
    pod = stubborn(kube, namespace, grace_s=60)
    wrong = {"preconditions": {"uid": "another"}}
    status = refused(409, kube.core.delete_namespaced_pod, "alone", namespace, body=wrong)
    assert status["message"] == (
        'Operation cannot be fulfilled on Pod "alone": the UID in the precondition (another) '
        f"does not match the UID in record ({pod.metadata.uid}). "
        "The object might have been deleted and then recreated"
    )
    assert status["details"] == {"name": "alone", "kind": "Pod"}
    right = {"preconditions": {"uid": pod.metadata.uid}, "gracePeriodSeconds": 30}
    assert leaves_in_s(kube.core.delete_namespaced_pod("alone", namespace, body=right)) == 30
    refused(409, kube.core.delete_namespaced_pod, "alone", namespace, body=wrong)
    later = {"propagationPolicy": "Sideways"}
    status = refused(422, kube.core.delete_namespaced_pod, "alone", namespace, body=later)
    assert status["message"] == (
        'DeleteOptions.meta.k8s.io "" is invalid: propagationPolicy: Unsupported value: '
        '"Sideways": supported values: "Foreground", "Background", "Orphan", "nil"'
    )
    kube.core.delete_namespaced_pod("alone", namespace, grace_period_seconds=0)


def test_nothing_new_comes_into_a_namespace_that_goes(kube: Clients):
    kube.core.create_namespace({"metadata": {"name": "leaving"}})
    held = {"metadata": {"name": "held", "finalizers": ["example.com/hold"]}}
    kube.core.create_namespaced_config_map("leaving", held)
    kube.core.delete_namespace("leaving")
    try:
        body = {"metadata": {"name": "flags"}}
        status = refused(403, kube.core.create_namespaced_config_map, "leaving", body)
        assert status["message"] == (
            'configmaps "flags" is forbidden: unable to create new content in namespace leaving '
            "because it is being terminated"
        )
        (cause,) = status["details"]["causes"]
        assert (cause["reason"], cause["field"]) == ("NamespaceTerminating", "metadata.namespace")
    finally:
        nothing = {"metadata": {"finalizers": None}}
        kube.core.patch_namespaced_config_map("held", "leaving", nothing)
