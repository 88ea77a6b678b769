"""Deleting, with and without preconditions, as the real API server does it."""

import pytest

from tests.deploy.sandbox.cluster.conftest import Clients, eventually, refused
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
