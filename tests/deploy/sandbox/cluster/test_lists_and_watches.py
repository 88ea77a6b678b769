"""Lists in pages, and watches that miss nothing or say that they did."""

import pytest
from kubernetes import client, watch

from deploy.sandbox.cluster.handle import Cluster
from tests.deploy.sandbox.cluster import workloads
from tests.deploy.sandbox.cluster.conftest import Clients, eventually, refused


def create(kube: Clients, namespace: str, name: str, **labels: str) -> client.V1Lease:
    body = {"metadata": {"name": name, "labels": labels}}
    return kube.leases.create_namespaced_lease(namespace, body)


def names(found: client.V1LeaseList) -> list[str]:
    return [one.metadata.name for one in found.items]


def events(kube: Clients, namespace: str, count: int, **options) -> list[tuple[str, str]]:
    """The first events of a watch."""
    seen = []
    stream = watch.Watch().stream(
        kube.leases.list_namespaced_lease, namespace, timeout_seconds=20, **options
    )
    for event in stream:
        seen.append((event["type"], event["raw_object"]["metadata"].get("name", "")))
        if len(seen) == count:
            return seen
    raise AssertionError(f"the watch ended after {seen}")


def test_pages_show_one_moment_although_things_change(kube: Clients, namespace: str):
    for name in "abcde":
        create(kube, namespace, name)
    first = kube.leases.list_namespaced_lease(namespace, limit=2)
    assert names(first) == ["a", "b"]
    assert first.metadata.remaining_item_count == 3
    create(kube, namespace, "bb")
    kube.leases.delete_namespaced_lease("d", namespace)
    second = kube.leases.list_namespaced_lease(
        namespace, limit=2, _continue=first.metadata._continue
    )
    assert names(second) == ["c", "d"]
    assert second.metadata.resource_version == first.metadata.resource_version
    third = kube.leases.list_namespaced_lease(
        namespace, limit=2, _continue=second.metadata._continue
    )
    assert names(third) == ["e"]
    assert third.metadata._continue is None


def test_selectors_narrow_a_list(kube: Clients, namespace: str):
    create(kube, namespace, "a", tier="web")
    create(kube, namespace, "b", tier="db")
    listed = kube.leases.list_namespaced_lease
    assert names(listed(namespace, label_selector="tier=web")) == ["a"]
    assert names(listed(namespace, label_selector="tier!=web")) == ["b"]
    assert names(listed(namespace, field_selector="metadata.name=b")) == ["b"]
    refused(400, listed, namespace, field_selector="data.x=1")
    refused(400, listed, namespace, label_selector="a in b")


def test_pods_are_found_by_node_and_phase(kube: Clients, namespace: str):
    kube.core.create_namespaced_pod(namespace, workloads.pod())
    kube.core.create_namespaced_pod(
        namespace, workloads.pod("waiting", nodeSelector={"nowhere": "to-be-found"})
    )

    def running() -> list[client.V1Pod]:
        return kube.core.list_namespaced_pod(namespace, field_selector="status.phase=Running").items

    (pod,) = eventually(running, "the pod to run")
    on_node = kube.core.list_namespaced_pod(
        namespace, field_selector=f"spec.nodeName={pod.spec.node_name}"
    )
    assert [one.metadata.name for one in on_node.items] == ["alone"]
    nowhere = kube.core.list_namespaced_pod(namespace, field_selector="spec.nodeName=")
    assert [one.metadata.name for one in nowhere.items] == ["waiting"]


def test_a_list_from_the_future_is_refused(kube: Clients, namespace: str):
    status = refused(504, kube.leases.list_namespaced_lease, namespace, resource_version="99999999")
    assert status["details"]["causes"][0]["reason"] == "ResourceVersionTooLarge"


def test_a_watch_continues_where_a_list_ended(kube: Clients, namespace: str):
    create(kube, namespace, "before")
    version = kube.leases.list_namespaced_lease(namespace).metadata.resource_version
    create(kube, namespace, "after")
    kube.leases.patch_namespaced_lease("before", namespace, {"spec": {"holderIdentity": "1"}})
    kube.leases.delete_namespaced_lease("after", namespace)
    assert events(kube, namespace, 3, resource_version=version) == [
        ("ADDED", "after"),
        ("MODIFIED", "before"),
        ("DELETED", "after"),
    ]


def test_a_watch_from_nowhere_begins_with_what_is_there(kube: Clients, namespace: str):
    create(kube, namespace, "a")
    create(kube, namespace, "b")
    assert events(kube, namespace, 2) == [("ADDED", "a"), ("ADDED", "b")]


def test_what_stops_matching_is_deleted_for_the_watcher(kube: Clients, namespace: str):
    version = create(kube, namespace, "a", tier="db").metadata.resource_version
    kube.leases.patch_namespaced_lease("a", namespace, {"metadata": {"labels": {"tier": "web"}}})
    kube.leases.patch_namespaced_lease("a", namespace, {"spec": {"holderIdentity": "1"}})
    kube.leases.patch_namespaced_lease("a", namespace, {"metadata": {"labels": {"tier": "db"}}})
    seen = events(kube, namespace, 3, resource_version=version, label_selector="tier=web")
    assert [kind for kind, _ in seen] == ["ADDED", "MODIFIED", "DELETED"]


def test_bookmarks_carry_the_version_of_a_quiet_watch(kube: Clients, namespace: str):
    version = create(kube, namespace, "a").metadata.resource_version
    stream = watch.Watch().stream(
        kube.leases.list_namespaced_lease,
        namespace,
        resource_version=version,
        allow_watch_bookmarks=True,
        timeout_seconds=20,
    )
    first = next(event for event in stream if event["type"] == "BOOKMARK")
    reached = first["raw_object"]["metadata"]["resourceVersion"]
    assert int(reached) >= int(version)
    create(kube, namespace, "b")
    assert events(kube, namespace, 1, resource_version=reached) == [("ADDED", "b")]


def test_a_watch_ends_when_it_was_told_to(kube: Clients, namespace: str):
    stream = watch.Watch().stream(kube.leases.list_namespaced_lease, namespace, timeout_seconds=1)
    assert list(stream) == []


def test_the_forgotten_past_is_gone(own_cluster):
    small: Cluster = own_cluster("--history", "20")
    kube = Clients.of(small.url)
    for name in "abc":
        create(kube, "default", name)
    page = kube.leases.list_namespaced_lease("default", limit=1)
    version = page.metadata.resource_version
    for number in range(25):
        kube.leases.patch_namespaced_lease(
            "a", "default", {"spec": {"holderIdentity": str(number)}}
        )
    with pytest.raises(client.ApiException) as caught:
        events(kube, "default", 1, resource_version=version)
    assert caught.value.status == 410
    assert "too old resource version" in caught.value.reason
    status = refused(
        410,
        kube.leases.list_namespaced_lease,
        "default",
        limit=1,
        _continue=page.metadata._continue,
    )
    assert status["reason"] == "Expired"
    exact = {"resource_version": version, "resource_version_match": "Exact"}
    assert refused(410, kube.leases.list_namespaced_lease, "default", **exact)


def test_the_past_that_is_remembered_can_be_listed(kube: Clients, namespace: str):
    create(kube, namespace, "a")
    then = kube.leases.list_namespaced_lease(namespace).metadata.resource_version
    kube.leases.delete_namespaced_lease("a", namespace)
    exact = {"resource_version": then, "resource_version_match": "Exact"}
    assert names(kube.leases.list_namespaced_lease(namespace, **exact)) == ["a"]


@pytest.mark.parametrize(
    ("prefix", "plural", "asked", "message"),
    [
        (
            "/api/v1",
            "pods",
            "fieldSelector=spec.image%3Da",
            "field label not supported: spec.image",
        ),
        (
            "/apis/apps/v1",
            "deployments",
            "fieldSelector=spec.replicas%3D1",
            '"spec.replicas" is not a known field selector: only "metadata.name", '
            '"metadata.namespace"',
        ),
        (
            "/apis/batch/v1",
            "jobs",
            "fieldSelector=spec.suspend%3D1",
            'field label "spec.suspend" not supported for Job',
        ),
        ("/api/v1", "pods", "fieldSelector=a", "invalid selector: 'a'; can't understand 'a'"),
        ("/api/v1", "pods", "limit=x", 'strconv.ParseInt: parsing "x": invalid syntax'),
        ("/api/v1", "pods", "continue=x", "invalid continue token: continue key is not valid: "),
        ("/api/v1", "pods", "labelSelector=a%20in%20b", "unable to parse requirement: "),
        (
            "/api/v1",
            "pods",
            "resourceVersion=x",
            'invalid resource version: resourceVersion: Invalid value: "x": '
            'strconv.ParseUint: parsing "x": invalid syntax',
        ),
    ],
)
def test_what_cannot_be_asked_for_is_refused_even_when_there_is_nothing(
    kube: Clients, namespace: str, prefix: str, plural: str, asked: str, message: str
):
    code, _, status = kube.send("GET", f"{prefix}/namespaces/{namespace}/{plural}?{asked}")
    assert (code, status["reason"]) == (400, "BadRequest")
    assert status["message"].startswith(message)


def test_jobs_are_found_by_their_successes(kube: Clients, namespace: str):
    kube.batch.create_namespaced_job(namespace, workloads.job(suspend=True))
    for successes, found in (("0", ["once"]), ("1", [])):
        listed = kube.batch.list_namespaced_job(
            namespace, field_selector=f"status.successful={successes}"
        )
        assert [one.metadata.name for one in listed.items] == found
