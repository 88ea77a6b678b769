"""Dry runs: checked and answered as the change would be, and nothing has happened."""

import pytest
from kubernetes import client, watch

from tests.deploy.sandbox.cluster import workloads
from tests.deploy.sandbox.cluster.conftest import Clients, refused

GROW = [{"op": "replace", "path": "/spec/replicas", "value": 4}]


@pytest.fixture
def web(kube: Clients, namespace: str) -> client.V1Deployment:
    body = workloads.deployment(paused=True)
    return kube.apps.create_namespaced_deployment(namespace, body)


def paths(namespace: str) -> tuple[str, str]:
    many = f"/apis/apps/v1/namespaces/{namespace}/deployments"
    return many, f"{many}/web"


def test_a_creation_is_answered_and_not_kept(kube: Clients, namespace: str):
    made = kube.apps.create_namespaced_deployment(namespace, workloads.deployment(), dry_run="All")
    assert (made.metadata.generation, made.spec.revision_history_limit) == (1, 10)
    assert made.metadata.uid
    assert made.metadata.resource_version is None
    refused(404, kube.apps.read_namespaced_deployment, "web", namespace)


def test_a_change_is_answered_and_not_kept(kube: Clients, namespace: str, web: client.V1Deployment):
    _, one = paths(namespace)
    body = workloads.deployment(replicas=4, paused=True)
    for method, content, kind in (
        ("PATCH", GROW, "application/json-patch+json"),
        ("PATCH", {"spec": {"replicas": 4}}, "application/merge-patch+json"),
        ("PUT", body, "application/json"),
    ):
        code, _, answer = kube.send(method, f"{one}?dryRun=All", content, **{"Content-Type": kind})
        assert (code, answer["spec"]["replicas"], answer["metadata"]["generation"]) == (200, 4, 2)
    code, _, answer = kube.send(
        "PATCH",
        f"{one}/scale?dryRun=All",
        {"spec": {"replicas": 4}},
        **{"Content-Type": "application/merge-patch+json"},
    )
    assert (code, answer["spec"]["replicas"]) == (200, 4)
    after = kube.apps.read_namespaced_deployment("web", namespace)
    assert (after.metadata.generation, after.spec.replicas) == (1, 0)


def test_a_deletion_is_answered_and_not_done(
    kube: Clients, namespace: str, web: client.V1Deployment
):
    status = kube.apps.delete_namespaced_deployment("web", namespace, dry_run="All")
    assert status["details"]["uid"] == web.metadata.uid
    marked = kube.apps.delete_namespaced_deployment(
        "web", namespace, dry_run="All", propagation_policy="Foreground"
    )
    assert marked["metadata"]["finalizers"] == ["foregroundDeletion"]
    kube.core.create_namespaced_pod(namespace, workloads.pod(nodeSelector={"no": "where"}))
    pod = kube.core.delete_namespaced_pod("alone", namespace, dry_run="All")
    assert (pod.metadata.generation, pod.metadata.deletion_grace_period_seconds) == (2, 0)
    assert kube.core.read_namespaced_pod("alone", namespace).metadata.generation == 1
    after = kube.apps.read_namespaced_deployment("web", namespace)
    assert after.metadata.deletion_timestamp is None


def test_what_would_be_refused_is_refused(kube: Clients, namespace: str, web: client.V1Deployment):
    many, one = paths(namespace)
    assert kube.send("POST", f"{many}?dryRun=All", workloads.deployment())[0] == 409
    stale = {"metadata": {"name": "web", "resourceVersion": "1"}}
    assert kube.send("PUT", f"{one}?dryRun=All", workloads.deployment() | stale)[0] == 409
    wrong = {"dryRun": ["All"], "preconditions": {"uid": "another"}}
    assert kube.send("DELETE", one, wrong)[0] == 409
    patch = [{"op": "test", "path": "/metadata/uid", "value": "another"}]
    refused(422, kube.apps.patch_namespaced_deployment, "web", namespace, patch, dry_run="All")
    bad = {"spec": {"replicas": -1}}
    refused(422, kube.apps.patch_namespaced_deployment, "web", namespace, bad, dry_run="All")
    refused(404, kube.apps.patch_namespaced_deployment, "nobody", namespace, bad, dry_run="All")


def test_nobody_who_watches_sees_it(kube: Clients, namespace: str):
    body = {"metadata": {"name": "flags"}, "data": {"a": "1"}}
    made = kube.core.create_namespaced_config_map(namespace, body)
    patch = [{"op": "add", "path": "/data/a", "value": "2"}]
    kube.core.patch_namespaced_config_map("flags", namespace, patch, dry_run="All")
    kube.core.create_namespaced_config_map(namespace, {"metadata": {"name": "more"}}, dry_run="All")
    kube.core.delete_namespaced_config_map("flags", namespace, dry_run="All")
    patch[0]["value"] = "3"
    kube.core.patch_namespaced_config_map("flags", namespace, patch)
    from_there = {"resource_version": made.metadata.resource_version, "timeout_seconds": 1}
    only = {"field_selector": "metadata.name!=kube-root-ca.crt"}
    changes = client_watch(kube, namespace, **from_there, **only)
    assert [(kind, data["a"]) for kind, data in changes] == [("MODIFIED", "3")]


def client_watch(kube: Clients, namespace: str, **options) -> list[tuple[str, dict]]:
    stream = watch.Watch().stream(kube.core.list_namespaced_config_map, namespace, **options)
    return [(event["type"], event["object"].data) for event in stream]


@pytest.mark.parametrize(
    ("method", "kind"),
    [
        ("POST", "CreateOptions"),
        ("PUT", "UpdateOptions"),
        ("PATCH", "PatchOptions"),
        ("DELETE", "DeleteOptions"),
    ],
)
def test_only_all_is_a_dry_run(
    kube: Clients, namespace: str, web: client.V1Deployment, method: str, kind: str
):
    many, one = paths(namespace)
    path = many if method == "POST" else one
    content = {"POST": workloads.deployment(), "PUT": workloads.deployment(), "PATCH": GROW}
    told = {"Content-Type": "application/json-patch+json"} if method == "PATCH" else {}
    asked = f"{path}?dryRun=All&dryRun=some"
    code, _, status = kube.send(method, asked, content.get(method, b""), **told)
    assert (code, status["reason"]) == (422, "Invalid")
    problem = 'Unsupported value: ["All","some"]: supported values: "All"'
    assert status["message"] == f'{kind}.meta.k8s.io "" is invalid: dryRun: {problem}'
    assert status["details"] == {
        "group": "meta.k8s.io",
        "kind": kind,
        "causes": [{"reason": "FieldValueNotSupported", "message": problem, "field": "dryRun"}],
    }


def test_a_deletion_with_a_body_heeds_only_the_body(
    kube: Clients, namespace: str, web: client.V1Deployment
):
    _, one = paths(namespace)
    assert kube.send("DELETE", f"{one}?dryRun=some", {"dryRun": ["All"]})[0] == 200
    kube.apps.read_namespaced_deployment("web", namespace)
    assert kube.send("DELETE", f"{one}?dryRun=All", {})[0] == 200
    refused(404, kube.apps.read_namespaced_deployment, "web", namespace)


def test_an_eviction_is_a_dry_run_by_its_url_or_by_its_body(kube: Clients, namespace: str):
    kube.core.create_namespaced_pod(namespace, workloads.pod(nodeSelector={"no": "where"}))
    path = f"/api/v1/namespaces/{namespace}/pods/alone/eviction"
    plain = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "alone"}}
    told = plain | {"deleteOptions": {"dryRun": ["All"]}}
    assert kube.send("POST", f"{path}?dryRun=All", plain)[0] == 201
    assert kube.send("POST", path, told)[0] == 201
    code, _, status = kube.send("POST", f"{path}?dryRun=some", plain)
    assert (code, status["details"]["kind"]) == (422, "CreateOptions")
    told = plain | {"deleteOptions": {"dryRun": ["some"]}}
    code, _, status = kube.send("POST", path, told)
    assert (code, status["details"]["kind"]) == (422, "DeleteOptions")
    assert kube.core.read_namespaced_pod("alone", namespace).metadata.deletion_timestamp is None
