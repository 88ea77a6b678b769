"""Patches as preconditions: what the executor's promise of 'at most once' rests on."""

import pytest
from kubernetes import client

from tests.deploy.sandbox.cluster import workloads
from tests.deploy.sandbox.cluster.conftest import Clients, refused

MARKER = "mendlog.io/last-command"
MARKER_PATH = "/metadata/annotations/mendlog.io~1last-command"
PATCH_FAILED = {
    "kind": "Status",
    "apiVersion": "v1",
    "metadata": {},
    "status": "Failure",
    "message": "the server rejected our request due to an error in our request",
    "reason": "Invalid",
    "details": {},
    "code": 422,
}
"""Whatever step it was that failed."""


@pytest.fixture
def target(kube: Clients, namespace: str) -> client.V1Deployment:
    return kube.apps.create_namespaced_deployment(namespace, workloads.deployment())


def restart(target: client.V1Deployment, command: str) -> list[dict]:
    """One request that checks, marks and acts."""
    return [
        {"op": "test", "path": "/metadata/uid", "value": target.metadata.uid},
        {"op": "test", "path": "/metadata/generation", "value": target.metadata.generation},
        {"op": "test", "path": MARKER_PATH, "value": None},
        {"op": "add", "path": MARKER_PATH, "value": command},
        {
            "op": "add",
            "path": "/spec/template/metadata/annotations",
            "value": {"kubectl.kubernetes.io/restartedAt": command},
        },
    ]


def test_a_marked_patch_applies_once_and_its_resend_is_refused(
    kube: Clients, namespace: str, target: client.V1Deployment
):
    request = restart(target, "command-1")
    patched = kube.apps.patch_namespaced_deployment("web", namespace, request)
    assert patched.metadata.annotations[MARKER] == "command-1"
    assert patched.metadata.generation == target.metadata.generation + 1
    status = refused(422, kube.apps.patch_namespaced_deployment, "web", namespace, request)
    assert status == PATCH_FAILED
    after = kube.apps.read_namespaced_deployment("web", namespace)
    assert after.metadata.generation == target.metadata.generation + 1


def test_a_patch_for_a_namesake_is_refused(
    kube: Clients, namespace: str, target: client.V1Deployment
):
    kube.apps.delete_namespaced_deployment("web", namespace)
    kube.apps.create_namespaced_deployment(namespace, workloads.deployment())
    refused(422, kube.apps.patch_namespaced_deployment, "web", namespace, restart(target, "c"))


def test_a_patch_for_another_generation_is_refused(
    kube: Clients, namespace: str, target: client.V1Deployment
):
    kube.apps.patch_namespaced_deployment("web", namespace, {"spec": {"minReadySeconds": 1}})
    refused(422, kube.apps.patch_namespaced_deployment, "web", namespace, restart(target, "c"))


def test_adding_below_missing_annotations_is_refused(kube: Clients, namespace: str):
    body = {"metadata": {"name": "plain"}}
    kube.core.create_namespaced_config_map(namespace, body)
    patch = [{"op": "add", "path": MARKER_PATH, "value": "c"}]
    refused(422, kube.core.patch_namespaced_config_map, "plain", namespace, patch)


@pytest.mark.parametrize(
    "step",
    [
        pytest.param({"op": "test", "path": "/data/a", "value": None}, id="it is there"),
        pytest.param({"op": "test", "path": "/data/a", "value": "2"}, id="it is another"),
        pytest.param({"op": "test", "path": "/data/b", "value": "1"}, id="it is not there"),
        pytest.param({"op": "test", "path": "/spec/b", "value": None}, id="its parent is missing"),
        pytest.param({"op": "test", "path": "/metadata/labels", "value": {}}, id="none is not {}"),
        pytest.param(
            {"op": "add", "path": "/metadata/labels/a", "value": "1"}, id="add below none"
        ),
        pytest.param({"op": "remove", "path": "/data/b"}, id="remove what is not there"),
    ],
)
def test_a_step_that_does_not_fit_is_refused_in_the_same_words(
    kube: Clients, namespace: str, step: dict
):
    flags(kube, namespace)
    status = refused(422, kube.core.patch_namespaced_config_map, "flags", namespace, [step])
    assert status == PATCH_FAILED


@pytest.mark.parametrize(
    "step",
    [
        pytest.param({"op": "test", "path": "/data/b", "value": None}, id="null is absence"),
        pytest.param({"op": "test", "path": "/data/b"}, id="so is no value"),
        pytest.param({"op": "test", "path": "/data/a", "value": "1"}, id="it is that"),
    ],
)
def test_a_test_that_holds_changes_nothing(kube: Clients, namespace: str, step: dict):
    before = flags(kube, namespace)
    after = kube.core.patch_namespaced_config_map("flags", namespace, [step])
    assert after.metadata.resource_version == before.metadata.resource_version


def test_replacing_a_member_that_is_not_there_adds_it(kube: Clients, namespace: str):
    flags(kube, namespace)
    patch = [{"op": "replace", "path": "/data/b", "value": "2"}]
    patched = kube.core.patch_namespaced_config_map("flags", namespace, patch)
    assert patched.data == {"a": "1", "b": "2"}


def test_a_resource_version_can_be_tested_for(kube: Clients, namespace: str):
    made = flags(kube, namespace)

    def patch(value: str) -> list[dict]:
        version = made.metadata.resource_version
        return [
            {"op": "test", "path": "/metadata/resourceVersion", "value": version},
            {"op": "add", "path": "/data/a", "value": value},
        ]

    kube.core.patch_namespaced_config_map("flags", namespace, patch("2"))
    refused(422, kube.core.patch_namespaced_config_map, "flags", namespace, patch("3"))


def flags(kube: Clients, namespace: str) -> client.V1ConfigMap:
    body = {"metadata": {"name": "flags"}, "data": {"a": "1"}}
    return kube.core.create_namespaced_config_map(namespace, body)


def test_a_failed_test_changes_nothing(kube: Clients, namespace: str, target: client.V1Deployment):
    patch = [
        {"op": "replace", "path": "/spec/replicas", "value": 9},
        {"op": "test", "path": "/metadata/uid", "value": "another"},
    ]
    refused(422, kube.apps.patch_namespaced_deployment, "web", namespace, patch)
    assert kube.apps.read_namespaced_deployment("web", namespace).spec.replicas == 0


@pytest.mark.parametrize("content_type", ["merge-patch", "strategic-merge-patch"])
def test_a_merge_patch_with_a_stale_version_is_a_conflict(
    kube: Clients, namespace: str, target: client.V1Deployment, content_type: str
):
    kube.apps.patch_namespaced_deployment("web", namespace, {"metadata": {"labels": {"a": "1"}}})
    stale = {
        "metadata": {"resourceVersion": target.metadata.resource_version},
        "spec": {"replicas": 2},
    }
    status = refused(
        409,
        kube.apps.patch_namespaced_deployment,
        "web",
        namespace,
        stale,
        _content_type=f"application/{content_type}+json",
    )
    assert status["reason"] == "Conflict"


def test_a_merge_patch_with_the_current_version_applies(kube: Clients, namespace: str):
    kube.core.create_namespaced_config_map(
        namespace, {"metadata": {"name": "flags"}, "data": {"a": "1", "b": "2"}}
    )
    read = kube.core.read_namespaced_config_map("flags", namespace)
    patch = {
        "metadata": {"resourceVersion": read.metadata.resource_version},
        "data": {"a": None, "c": "3"},
    }
    patched = kube.core.patch_namespaced_config_map(
        "flags", namespace, patch, _content_type="application/merge-patch+json"
    )
    assert patched.data == {"b": "2", "c": "3"}


def test_a_strategic_patch_reaches_one_variable_of_one_container(kube: Clients, namespace: str):
    kube.apps.create_namespaced_deployment(
        namespace, workloads.deployment(env={"LATENCY_MS": "0", "DEGRADED_MODE": "0"})
    )
    variable = {"name": "DEGRADED_MODE", "value": "1"}
    containers = [{"name": "main", "env": [variable]}]
    patched = kube.apps.patch_namespaced_deployment(
        "web", namespace, {"spec": {"template": {"spec": {"containers": containers}}}}
    )
    (container,) = patched.spec.template.spec.containers
    assert {one.name: one.value for one in container.env} == {
        "LATENCY_MS": "0",
        "DEGRADED_MODE": "1",
    }
    assert container.image == "example/main:1"


def test_a_patch_to_something_invalid_is_refused(
    kube: Clients, namespace: str, target: client.V1Deployment
):
    status = refused(
        422, kube.apps.patch_namespaced_deployment, "web", namespace, {"spec": {"replicas": -3}}
    )
    assert status["details"]["causes"][0]["field"] == "spec.replicas"
    patch = [{"op": "replace", "path": "/spec/replicas", "value": "three"}]
    status = refused(422, kube.apps.patch_namespaced_deployment, "web", namespace, patch)
    assert status["message"].startswith(' "" is invalid: patch: Invalid value: ')
    assert "name" not in status["details"]
    other = [{"op": "replace", "path": "/kind", "value": "StatefulSet"}]
    status = refused(422, kube.apps.patch_namespaced_deployment, "web", namespace, other)
    assert status["details"]["causes"][0]["field"] == "patch"


def test_patches_of_unknown_types_or_shapes_are_refused(
    kube: Clients, namespace: str, target: client.V1Deployment
):
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments/web"

    def code(body: object, content_type: str) -> int:
        return kube.send("PATCH", path, body, **{"Content-Type": content_type})[0]

    assert code({}, "application/json") == 415
    assert code({"op": "add"}, "application/json-patch+json") == 400
    assert code([{"op": "jump", "path": "/a"}], "application/json-patch+json") == 422
    assert code([], "application/merge-patch+json") == 400


def test_identity_cannot_be_patched(kube: Clients, namespace: str, target: client.V1Deployment):
    refused(
        400, kube.apps.patch_namespaced_deployment, "web", namespace, {"metadata": {"name": "b"}}
    )
    status = refused(
        422, kube.apps.patch_namespaced_deployment, "web", namespace, {"metadata": {"uid": "b"}}
    )
    assert status["details"]["causes"][0]["field"] == "metadata.uid"
    body = {"metadata": {"namespace": "default"}}
    status = refused(400, kube.apps.patch_namespaced_deployment, "web", namespace, body)
    assert status["message"].startswith("the namespace of the provided object does not match")
    nameless = [{"op": "remove", "path": "/metadata/name"}]
    status = refused(400, kube.apps.patch_namespaced_deployment, "web", namespace, nameless)
    assert status["message"].endswith("was undeterminable: name must be provided")


def test_status_and_spec_are_patched_apart(kube: Clients, namespace: str):
    kube.core.create_namespaced_pod(
        namespace, workloads.pod(nodeSelector={"nowhere": "to-be-found"})
    )
    status = {"spec": {"hostname": "no"}, "status": {"reason": "Testing"}}
    patched = kube.core.patch_namespaced_pod_status("alone", namespace, status)
    assert (patched.status.reason, patched.spec.hostname) == ("Testing", None)
    both = {"metadata": {"labels": {"a": "1"}}, "status": {"reason": "Ignored"}}
    patched = kube.core.patch_namespaced_pod("alone", namespace, both)
    assert (patched.status.reason, patched.metadata.labels["a"]) == ("Testing", "1")


def test_a_pods_spec_is_fixed_but_for_its_images(kube: Clients, namespace: str):
    kube.core.create_namespaced_pod(
        namespace, workloads.pod(nodeSelector={"nowhere": "to-be-found"})
    )
    image = {"spec": {"containers": [{"name": "main", "image": "example/main:2"}]}}
    patched = kube.core.patch_namespaced_pod("alone", namespace, image)
    assert patched.spec.containers[0].image == "example/main:2"
    status = refused(
        422, kube.core.patch_namespaced_pod, "alone", namespace, {"spec": {"nodeName": "node-a"}}
    )
    assert status["details"]["causes"][0]["field"] == "spec"


def test_scale_is_read_and_patched_apart(kube: Clients, namespace: str):
    kube.apps.create_namespaced_deployment(namespace, workloads.deployment(paused=True))
    scale = kube.apps.read_namespaced_deployment_scale("web", namespace)
    assert (scale.spec.replicas, scale.status.selector) == (None, "app=web")
    patched = kube.apps.patch_namespaced_deployment_scale(
        "web", namespace, {"spec": {"replicas": 2}}, field_manager="hpa"
    )
    assert patched.spec.replicas == 2
    read = kube.apps.read_namespaced_deployment("web", namespace)
    assert read.spec.replicas == 2
    owner = {(one.manager, one.subresource) for one in read.metadata.managed_fields}
    assert ("hpa", "scale") in owner
    stale = {"metadata": {"resourceVersion": "1"}, "spec": {"replicas": 3}}
    refused(409, kube.apps.patch_namespaced_deployment_scale, "web", namespace, stale)
    negative = {"spec": {"replicas": -1}}
    refused(422, kube.apps.patch_namespaced_deployment_scale, "web", namespace, negative)
