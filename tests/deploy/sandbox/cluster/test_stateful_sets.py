"""Stateful sets: stable names, one pod after the other, and which revision runs."""

from kubernetes import client

from tests.deploy.sandbox.cluster import workloads
from tests.deploy.sandbox.cluster.conftest import Clients, eventually, refused
from tests.deploy.sandbox.cluster.test_eviction import evict

NEVER_READY = {"readinessProbe": {"tcpSocket": {"port": 1}, "periodSeconds": 1}}


def start(kube: Clients, namespace: str, **options) -> None:
    kube.apps.create_namespaced_stateful_set(namespace, workloads.stateful_set(**options))


def status(kube: Clients, namespace: str) -> client.V1StatefulSetStatus:
    return kube.apps.read_namespaced_stateful_set("db", namespace).status


def settled(kube: Clients, namespace: str, replicas: int) -> client.V1StatefulSetStatus:
    """Its status once everything is as its newest spec wants it."""

    def done() -> client.V1StatefulSetStatus | None:
        found = kube.apps.read_namespaced_stateful_set("db", namespace)
        told = found.status
        complete = (
            told.observed_generation == found.metadata.generation
            and told.replicas == (told.ready_replicas or 0) == replicas
            and told.current_revision == told.update_revision
        )
        return told if complete else None

    return eventually(done, "the stateful set to settle")


def pods(kube: Clients, namespace: str) -> dict[str, client.V1Pod]:
    return {pod.metadata.name: pod for pod in kube.core.list_namespaced_pod(namespace).items}


def test_its_pods_have_numbers_and_keep_them(kube: Clients, namespace: str):
    start(kube, namespace, replicas=2)
    told = settled(kube, namespace, 2)
    assert (told.updated_replicas, told.current_replicas, told.collision_count) == (2, 2, 0)
    found = pods(kube, namespace)
    assert [*found] == ["db-0", "db-1"]
    first = found["db-0"]
    assert (first.spec.hostname, first.spec.subdomain) == ("db-0", "db")
    marks = {
        "apps.kubernetes.io/pod-index": "0",
        "statefulset.kubernetes.io/pod-name": "db-0",
        "controller-revision-hash": told.current_revision,
    }
    assert marks.items() <= first.metadata.labels.items()
    evict(kube, namespace, "db-0")

    def replaced() -> bool:
        again = pods(kube, namespace).get("db-0")
        return again is not None and again.metadata.uid != first.metadata.uid

    eventually(replaced, "a new db-0")


def test_the_next_pod_waits_for_the_one_before(kube: Clients, namespace: str):
    body = workloads.stateful_set(replicas=2)
    body["spec"]["template"]["spec"]["containers"][0] |= NEVER_READY
    kube.apps.create_namespaced_stateful_set(namespace, body)

    def runs() -> bool:
        found = pods(kube, namespace).get("db-0")
        return found is not None and found.status.phase == "Running"

    eventually(runs, "db-0 to run")
    eventually(lambda: status(kube, namespace).replicas == 1, "its count")
    assert [*pods(kube, namespace)] == ["db-0"]


def test_a_new_template_is_rolled_out_as_a_new_revision(kube: Clients, namespace: str):
    start(kube, namespace, replicas=2)
    old = settled(kube, namespace, 2).current_revision
    image = {"spec": {"template": {"spec": {"containers": [{"name": "main", "image": "x:2"}]}}}}
    kube.apps.patch_namespaced_stateful_set("db", namespace, image)
    new = settled(kube, namespace, 2).current_revision
    assert new != old
    assert {pod.spec.containers[0].image for pod in pods(kube, namespace).values()} == {"x:2"}
    kept = kube.apps.list_namespaced_controller_revision(namespace).items
    assert sorted((one.revision, one.metadata.name) for one in kept) == [(1, old), (2, new)]
    back = {"name": "main", "image": "example/main:1"}
    image["spec"]["template"]["spec"]["containers"] = [back]
    kube.apps.patch_namespaced_stateful_set("db", namespace, image)
    assert settled(kube, namespace, 2).current_revision == old
    kept = kube.apps.list_namespaced_controller_revision(namespace).items
    assert sorted((one.revision, one.metadata.name) for one in kept) == [(2, new), (3, old)]


def test_below_the_partition_nothing_changes(kube: Clients, namespace: str):
    start(kube, namespace, replicas=2)
    settled(kube, namespace, 2)
    change = {
        "spec": {
            "updateStrategy": {"rollingUpdate": {"partition": 1}},
            "template": {"spec": {"containers": [{"name": "main", "image": "x:2"}]}},
        }
    }
    kube.apps.patch_namespaced_stateful_set("db", namespace, change)

    def half() -> bool:
        told = status(kube, namespace)
        return told.updated_replicas == told.current_replicas == 1 and told.ready_replicas == 2

    eventually(half, "the upper half")
    images = {pod: one.spec.containers[0].image for pod, one in pods(kube, namespace).items()}
    assert images == {"db-0": "example/main:1", "db-1": "x:2"}


def test_scaling_down_takes_the_highest_number(kube: Clients, namespace: str):
    start(kube, namespace, replicas=2)
    settled(kube, namespace, 2)
    one = {"spec": {"replicas": 1}}
    kube.apps.patch_namespaced_stateful_set_scale("db", namespace, one)
    settled(kube, namespace, 1)
    assert [*pods(kube, namespace)] == ["db-0"]


def test_what_cannot_change_is_refused(kube: Clients, namespace: str):
    start(kube, namespace)
    change = {"spec": {"serviceName": "other"}}
    told = refused(422, kube.apps.patch_namespaced_stateful_set, "db", namespace, change)
    assert told["message"] == (
        'StatefulSet.apps "db" is invalid: spec: Forbidden: updates to statefulset spec for '
        "fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', "
        "'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' "
        "are forbidden"
    )


def test_a_budget_counts_the_pods_that_a_stateful_set_wants(kube: Clients, namespace: str):
    start(kube, namespace, replicas=2)
    settled(kube, namespace, 2)
    body = workloads.budget("db", maxUnavailable="50%")
    kube.policy.create_namespaced_pod_disruption_budget(namespace, body)

    def allowed() -> bool:
        told = kube.policy.read_namespaced_pod_disruption_budget("db", namespace).status
        return (told.expected_pods, told.disruptions_allowed) == (2, 1)

    eventually(allowed, "one disruption to be allowed")


def test_each_pod_gets_its_claim_which_outlives_it(kube: Clients, namespace: str):
    template = {"metadata": {"name": "data"}, "spec": workloads.claim()["spec"]}
    start(kube, namespace, replicas=1, volumeClaimTemplates=[template])

    def claimed() -> list[str]:
        found = kube.core.list_namespaced_persistent_volume_claim(namespace).items
        return [one.metadata.name for one in found]

    eventually(lambda: claimed() == ["data-db-0"] and pods(kube, namespace), "the claim and pod")
    volumes = pods(kube, namespace)["db-0"].spec.volumes  # admission may have added a token's
    claims = [
        one.persistent_volume_claim.claim_name for one in volumes if one.persistent_volume_claim
    ]
    assert claims == ["data-db-0"]
    kube.apps.delete_namespaced_stateful_set("db", namespace)
    eventually(lambda: not pods(kube, namespace), "the pod to go")
    assert claimed() == ["data-db-0"]
