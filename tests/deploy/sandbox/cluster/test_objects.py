"""Creating, reading and replacing, as the real API server does it."""

import uuid
from datetime import UTC, datetime

import pytest
from kubernetes import client

from tests.deploy.sandbox.cluster import workloads
from tests.deploy.sandbox.cluster.conftest import Clients, refused


def created(kube: Clients, namespace: str, **options) -> client.V1Deployment:
    return kube.apps.create_namespaced_deployment(namespace, workloads.deployment(**options))


def test_a_new_object_gets_its_identity_and_defaults(kube: Clients, namespace: str):
    made = created(kube, namespace)
    assert uuid.UUID(made.metadata.uid).version == 4
    assert made.metadata.generation == 1
    assert made.metadata.namespace == namespace
    assert abs(datetime.now(UTC) - made.metadata.creation_timestamp).total_seconds() < 60
    assert made.spec.strategy.rolling_update.max_surge == "25%"
    assert made.spec.progress_deadline_seconds == 600
    assert made.spec.template.spec.restart_policy == "Always"
    assert made.spec.template.spec.containers[0].image_pull_policy == "IfNotPresent"


def test_what_the_server_owns_cannot_be_given(kube: Clients, namespace: str):
    body = workloads.deployment()
    body["metadata"] |= {"uid": "mine", "generation": 7, "creationTimestamp": None}
    body["status"] = {"replicas": 99}
    made = kube.apps.create_namespaced_deployment(namespace, body)
    assert made.metadata.uid != "mine"
    assert made.metadata.generation == 1
    assert made.status.replicas is None


def test_versions_only_grow_across_kinds(kube: Clients, namespace: str):
    first = created(kube, namespace)
    second = kube.core.create_namespaced_config_map(namespace, {"metadata": {"name": "flags"}})
    assert int(second.metadata.resource_version) > int(first.metadata.resource_version)


def test_names_can_be_generated(kube: Clients, namespace: str):
    body = {"metadata": {"generateName": "flags-"}}
    names = {
        kube.core.create_namespaced_config_map(namespace, body).metadata.name for _ in range(5)
    }
    assert len(names) == 5
    assert all(name.startswith("flags-") and len(name) == 11 for name in names)


def test_a_second_object_of_the_name_is_refused(kube: Clients, namespace: str):
    created(kube, namespace)
    status = refused(409, created, kube, namespace)
    assert status["reason"] == "AlreadyExists"
    assert status["message"] == 'deployments.apps "web" already exists'
    assert status["details"] == {"name": "web", "group": "apps", "kind": "deployments"}


def test_what_is_not_there_is_not_found(kube: Clients, namespace: str):
    status = refused(404, kube.apps.read_namespaced_deployment, "nobody", namespace)
    assert status["reason"] == "NotFound"
    assert status["message"] == 'deployments.apps "nobody" not found'
    status = refused(
        404, kube.core.create_namespaced_config_map, "nowhere", {"metadata": {"name": "a"}}
    )
    assert status["message"] == 'namespaces "nowhere" not found'


@pytest.mark.parametrize(
    ("change", "field", "reason"),
    [
        ({"replicas": -1}, "spec.replicas", "FieldValueInvalid"),
        ({"selector": {}}, "spec.selector", "FieldValueInvalid"),
        (
            {"selector": {"matchLabels": {"app": "other"}}},
            "spec.template.metadata.labels",
            "FieldValueInvalid",
        ),
        ({"strategy": {"type": "Sideways"}}, "spec.strategy", "FieldValueNotSupported"),
        (
            {"strategy": {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 0}}},
            "spec.strategy.rollingUpdate.maxUnavailable",
            "FieldValueInvalid",
        ),
        (
            {"strategy": {"rollingUpdate": {"maxSurge": "many"}}},
            "spec.strategy.rollingUpdate.maxSurge",
            "FieldValueInvalid",
        ),
    ],
)
def test_an_invalid_deployment_is_refused_by_field(
    kube: Clients, namespace: str, change: dict, field: str, reason: str
):
    status = refused(422, created, kube, namespace, **change)
    assert status["reason"] == "Invalid"
    assert status["message"].startswith('Deployment.apps "web" is invalid: ')
    assert (field, reason) in [
        (cause["field"], cause["reason"]) for cause in status["details"]["causes"]
    ]


def test_invalid_containers_are_refused_by_field(kube: Clients, namespace: str):
    body = workloads.pod()
    body["spec"]["containers"] = [{"name": "a", "image": "x"}, {"name": "a"}]
    status = refused(422, kube.core.create_namespaced_pod, namespace, body)
    assert {cause["field"] for cause in status["details"]["causes"]} == {
        "spec.containers[1].name",
        "spec.containers[1].image",
    }


def test_a_bad_name_is_refused(kube: Clients, namespace: str):
    status = refused(
        422, kube.core.create_namespaced_config_map, namespace, {"metadata": {"name": "No_Name"}}
    )
    assert status["details"]["causes"][0]["field"] == "metadata.name"


def deployments(namespace: str) -> str:
    return f"/apis/apps/v1/namespaces/{namespace}/deployments"


def test_a_wrong_type_is_a_bad_request(kube: Clients, namespace: str):
    body = workloads.deployment(replicas="three")
    code, _, status = kube.send("POST", deployments(namespace), body)
    assert (code, status["reason"]) == (400, "BadRequest")
    assert "spec.replicas" in status["message"]


def test_unknown_fields_are_dropped_with_a_warning_or_refused(kube: Clients, namespace: str):
    body, path = workloads.deployment(colour="red"), deployments(namespace)
    code, _, status = kube.send("POST", path + "?fieldValidation=Strict", body)
    assert code == 400
    assert 'unknown field "spec.colour"' in status["message"]
    code, headers, made = kube.send("POST", path, body)
    assert code == 201
    assert headers["Warning"] == '299 - "unknown field \\"spec.colour\\""'
    assert "colour" not in made["spec"]


@pytest.mark.parametrize(
    "body",
    [
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}},
        [],
        b"{",
        b"\xff",
        b"",
    ],
)
def test_a_body_of_another_kind_or_none_is_a_bad_request(kube: Clients, namespace: str, body):
    code, _, status = kube.send("POST", deployments(namespace), body)
    assert (code, status["reason"]) == (400, "BadRequest")


def test_replacing_needs_the_version_that_was_read(kube: Clients, namespace: str):
    stale = created(kube, namespace)
    kube.apps.patch_namespaced_deployment("web", namespace, {"metadata": {"labels": {"a": "1"}}})
    status = refused(409, kube.apps.replace_namespaced_deployment, "web", namespace, stale)
    assert status["reason"] == "Conflict"
    assert status["message"] == (
        'Operation cannot be fulfilled on deployments.apps "web": the object has been modified; '
        "please apply your changes to the latest version and try again"
    )


def test_replacing_without_a_version_overwrites(kube: Clients, namespace: str):
    created(kube, namespace)
    replaced = kube.apps.replace_namespaced_deployment(
        "web", namespace, workloads.deployment(minReadySeconds=5)
    )
    assert replaced.spec.min_ready_seconds == 5


def test_a_budget_is_never_overwritten_blindly(kube: Clients, namespace: str):
    kube.policy.create_namespaced_pod_disruption_budget(namespace, workloads.budget(minAvailable=1))
    status = refused(
        422,
        kube.policy.replace_namespaced_pod_disruption_budget,
        "web",
        namespace,
        workloads.budget(minAvailable=2),
    )
    assert status["details"]["causes"][0]["field"] == "metadata.resourceVersion"


def test_replacing_a_namesake_of_what_was_read_is_a_conflict(kube: Clients, namespace: str):
    old = created(kube, namespace)
    kube.apps.delete_namespaced_deployment("web", namespace)
    created(kube, namespace)
    old.metadata.resource_version = None
    status = refused(409, kube.apps.replace_namespaced_deployment, "web", namespace, old)
    assert "UID in precondition" in status["message"]


def test_the_selector_is_immutable(kube: Clients, namespace: str):
    created(kube, namespace)
    body = workloads.deployment("web")
    body["spec"]["selector"]["matchLabels"] = {"app": "web", "more": "x"}
    body["spec"]["template"]["metadata"]["labels"] = {"app": "web", "more": "x"}
    status = refused(422, kube.apps.replace_namespaced_deployment, "web", namespace, body)
    assert status["details"]["causes"][0]["field"] == "spec.selector"


def test_generation_counts_changes_of_spec_and_of_a_deployments_annotations_only(
    kube: Clients, namespace: str
):
    created(kube, namespace)

    def generation_after(patch: dict) -> int:
        patched = kube.apps.patch_namespaced_deployment("web", namespace, patch)
        return patched.metadata.generation

    assert generation_after({"metadata": {"labels": {"a": "1"}}}) == 1
    assert generation_after({"spec": {"minReadySeconds": 1}}) == 2
    assert generation_after({"spec": {"minReadySeconds": 1}}) == 2
    assert generation_after({"metadata": {"annotations": {"a": "1"}}}) == 3


def test_a_write_that_changes_nothing_makes_no_version(kube: Clients, namespace: str):
    kube.core.create_namespaced_config_map(
        namespace, {"metadata": {"name": "flags"}, "data": {"a": "1"}}
    )
    before = kube.core.read_namespaced_config_map("flags", namespace)
    after = kube.core.patch_namespaced_config_map("flags", namespace, {"data": {"a": "1"}})
    assert after.metadata.resource_version == before.metadata.resource_version


def test_zeros_and_empty_maps_are_as_if_unsaid(kube: Clients, namespace: str):
    created(kube, namespace)
    unsaid = {"spec": {"paused": False, "minReadySeconds": 0}}
    assert kube.apps.patch_namespaced_deployment("web", namespace, unsaid).metadata.generation == 1


def test_without_its_last_annotation_an_object_has_no_annotations(kube: Clients, namespace: str):
    body = {"metadata": {"name": "flags", "annotations": {"a": "1"}}}
    kube.core.create_namespaced_config_map(namespace, body)
    nothing = {"metadata": {"annotations": {"a": None}}}
    patched = kube.core.patch_namespaced_config_map("flags", namespace, nothing)
    assert patched.metadata.annotations is None
    add = [{"op": "add", "path": "/metadata/annotations/a", "value": "2"}]
    refused(422, kube.core.patch_namespaced_config_map, "flags", namespace, add)


def test_managers_of_fields_are_recorded(kube: Clients, namespace: str):
    kube.apps.create_namespaced_deployment(
        namespace, workloads.deployment(), field_manager="kubectl"
    )
    kube.apps.patch_namespaced_deployment(
        "web", namespace, {"spec": {"replicas": 0}}, field_manager="idle"
    )
    patched = kube.apps.patch_namespaced_deployment(
        "web", namespace, {"spec": {"minReadySeconds": 3}}, field_manager="mendlog"
    )
    entries = {entry.manager: entry for entry in patched.metadata.managed_fields}
    assert entries["mendlog"].operation == "Update"
    assert entries["mendlog"].fields_v1 == {"f:spec": {"f:minReadySeconds": {}}}
    assert "f:replicas" in entries["kubectl"].fields_v1["f:spec"]
    assert "idle" not in entries, "it changed nothing"


def test_without_a_name_the_manager_is_the_program(kube: Clients, namespace: str):
    made = created(kube, namespace)
    assert {entry.manager for entry in made.metadata.managed_fields} == {"OpenAPI-Generator"}


def test_leases_keep_their_microseconds(kube: Clients, namespace: str):
    leases = client.CoordinationV1Api(kube.api)
    body = {
        "metadata": {"name": "leader"},
        "spec": {"holderIdentity": "a", "renewTime": "2026-11-21T00:00:00.123456Z"},
    }
    made = leases.create_namespaced_lease(namespace, body)
    assert made.spec.renew_time.microsecond == 123456
    made.spec.holder_identity = "b"
    taken = leases.replace_namespaced_lease("leader", namespace, made)
    assert taken.spec.holder_identity == "b"
    made.spec.holder_identity = "c"
    refused(409, leases.replace_namespaced_lease, "leader", namespace, made)


def test_autoscalers_are_kept(kube: Clients, namespace: str):
    autoscaling = client.AutoscalingV2Api(kube.api)
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    body = {
        "metadata": {"name": "web"},
        "spec": {"maxReplicas": 5, "scaleTargetRef": target},
    }
    made = autoscaling.create_namespaced_horizontal_pod_autoscaler(namespace, body)
    assert made.spec.min_replicas == 1
    listed = autoscaling.list_namespaced_horizontal_pod_autoscaler(namespace).items
    assert [one.spec.scale_target_ref.name for one in listed] == ["web"]


def test_times_are_written_as_their_kind_of_field_wants(kube: Clients, namespace: str):
    path = f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"

    def create(name: str, time: str) -> tuple[int, dict]:
        body = {"metadata": {"name": name}, "spec": {"renewTime": time}}
        code, _, answer = kube.send("POST", path, body)
        return code, answer

    assert create("a", "2026-11-21T00:00:00Z")[0] == 400, "leases want microseconds"
    assert create("a", "yesterday")[0] == 400
    code, made = create("a", "2026-11-21T02:00:00.000000+02:00")
    assert (code, made["spec"]["renewTime"]) == (201, "2026-11-21T00:00:00.000000Z")


def test_events_have_two_shapes(kube: Clients, namespace: str):
    at = "2026-11-21T00:00:00.000000Z"
    about = {"kind": "Deployment", "name": "web", "namespace": namespace}
    who = {"reportingInstance": "mendlog-0", "action": "Restart", "type": "Normal"}
    new = {
        "metadata": {"name": "one"},
        "eventTime": at,
        "regarding": about,
        "reason": "Mended",
        "note": "restarted",
        "reportingController": "mendlog.io/executor",
    }
    old = {
        "metadata": {"name": "two"},
        "eventTime": at,
        "involvedObject": about,
        "reason": "Mended",
        "message": "again",
        "reportingComponent": "mendlog.io/executor",
    }
    new_path = f"/apis/events.k8s.io/v1/namespaces/{namespace}/events"
    old_path = f"/api/v1/namespaces/{namespace}/events"
    assert kube.send("POST", new_path, new | who)[0] == 201
    assert kube.send("POST", old_path, old | who)[0] == 201
    seen = kube.core.list_namespaced_event(namespace, field_selector="involvedObject.name=web")
    assert [(one.metadata.name, one.message) for one in seen.items] == [
        ("one", "restarted"),
        ("two", "again"),
    ]
    seen = client.EventsV1Api(kube.api).list_namespaced_event(namespace)
    assert [(one.note, one.regarding.name) for one in seen.items] == [
        ("restarted", "web"),
        ("again", "web"),
    ]
