"""Deployments, replica sets and their pods: rollouts, rollbacks, scaling, replacement."""

import os
from collections.abc import Callable

import pytest
from kubernetes import client

from tests.deploy.sandbox.cluster import workloads
from tests.deploy.sandbox.cluster.conftest import Clients, eventually

REVISION = "deployment.kubernetes.io/revision"
RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"
NEVER_READY = {"name": "main", "readinessProbe": {"tcpSocket": {"port": 1}, "periodSeconds": 1}}
READY_AGAIN = {"name": "main", "readinessProbe": None}


class Web:
    """One deployment under test."""

    def __init__(self, kube: Clients, namespace: str) -> None:
        self.kube = kube
        self.namespace = namespace

    def create(self, **options) -> client.V1Deployment:
        body = workloads.deployment(**options)
        return self.kube.apps.create_namespaced_deployment(self.namespace, body)

    def read(self) -> client.V1Deployment:
        return self.kube.apps.read_namespaced_deployment("web", self.namespace)

    def patch(self, **spec) -> client.V1Deployment:
        return self.kube.apps.patch_namespaced_deployment("web", self.namespace, {"spec": spec})

    def restart(self, at: str) -> client.V1Deployment:
        return self.patch(template={"metadata": {"annotations": {RESTARTED_AT: at}}})

    def pods(self) -> list[client.V1Pod]:
        """Those that are not on their way out."""
        found = self.kube.core.list_namespaced_pod(self.namespace, label_selector="app=web").items
        return [pod for pod in found if pod.metadata.deletion_timestamp is None]

    def sets(self) -> dict[str, client.V1ReplicaSet]:
        """By revision."""
        found = self.kube.apps.list_namespaced_replica_set(self.namespace).items
        return {one.metadata.annotations[REVISION]: one for one in found}

    def rolled_out(self) -> bool:
        """By the rule of `kubectl rollout status`."""
        one = self.read()
        wanted, status = one.spec.replicas, one.status
        return (
            status.observed_generation == one.metadata.generation
            and (status.updated_replicas or 0) == wanted
            and (status.replicas or 0) == wanted
            and (status.available_replicas or 0) == wanted
        )

    def condition(self, kind: str) -> client.V1DeploymentCondition:
        return next(one for one in self.read().status.conditions or () if one.type == kind)

    def wait(self) -> None:
        eventually(self.rolled_out, "the rollout")


@pytest.fixture
def web(kube: Clients, namespace: str) -> Web:
    return Web(kube, namespace)


def uids(pods: list[client.V1Pod]) -> set[str]:
    return {pod.metadata.uid for pod in pods}


def test_a_deployment_gets_a_replica_set_and_that_gets_pods(web: Web):
    made = web.create(replicas=3)
    web.wait()
    (revision, replica_set) = next(iter(web.sets().items()))
    assert revision == "1"
    template_hash = replica_set.metadata.labels["pod-template-hash"]
    assert replica_set.metadata.name == f"web-{template_hash}"
    assert replica_set.metadata.owner_references[0].uid == made.metadata.uid
    assert replica_set.spec.selector.match_labels["pod-template-hash"] == template_hash
    assert replica_set.metadata.annotations["deployment.kubernetes.io/desired-replicas"] == "3"
    for pod in web.pods():
        assert pod.metadata.name.startswith(f"web-{template_hash}-")
        assert pod.metadata.owner_references[0].uid == replica_set.metadata.uid
        assert pod.metadata.labels["pod-template-hash"] == template_hash
    status = web.read().status
    assert (status.replicas, status.ready_replicas, status.available_replicas) == (3, 3, 3)
    assert status.unavailable_replicas is None
    assert web.condition("Available").status == "True"
    assert web.condition("Progressing").reason == "NewReplicaSetAvailable"
    assert web.read().metadata.annotations[REVISION] == "1"


def test_controllers_do_not_touch_the_generation(web: Web):
    web.create(replicas=1)
    web.wait()
    assert web.read().metadata.generation == 1


def test_pods_are_spread_over_nodes_and_zones(web: Web):
    web.create(replicas=6)
    web.wait()
    nodes = [pod.spec.node_name for pod in web.pods()]
    assert sorted(nodes) == ["node-a", "node-a", "node-b", "node-b", "node-c", "node-c"]


def test_a_restart_replaces_every_pod_and_process(web: Web):
    web.create(replicas=3)
    web.wait()
    before = web.pods()
    processes = [process_of(pod) for pod in before]
    web.restart("now")
    web.wait()
    assert not uids(before) & uids(web.pods())
    eventually(lambda: not any(map(runs, processes)), "the old processes to be gone")
    assert sorted(web.sets()) == ["1", "2"]
    assert web.sets()["1"].spec.replicas == 0


def process_of(pod: client.V1Pod) -> int:
    return int(pod.status.container_statuses[0].container_id.removeprefix("process://"))


def runs(pid: int) -> bool:
    return os.path.exists(f"/proc/{pid}")


def test_availability_is_kept_while_rolling(web: Web):
    rolling = {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    web.create(replicas=3, strategy=rolling)
    web.wait()
    web.restart("now")
    seen: list[tuple[int, int]] = []

    def done() -> bool:
        # Replica sets are listed at one moment; counts of deployments lag a little behind.
        found = web.kube.apps.list_namespaced_replica_set(web.namespace).items
        wanted = sum(one.spec.replicas for one in found)
        seen.append((web.read().status.available_replicas or 0, wanted))
        return web.rolled_out()

    eventually(done, "the rollout")
    assert min(available for available, _ in seen) >= 3
    assert max(wanted for _, wanted in seen) <= 4


def test_a_bad_release_stops_where_it_is_and_is_rolled_back(web: Web):
    rolling = {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    web.create(replicas=2, strategy=rolling, progressDeadlineSeconds=1)
    web.wait()
    good = web.pods()
    web.patch(template={"spec": {"containers": [NEVER_READY]}})
    eventually(
        lambda: web.condition("Progressing").reason == "ProgressDeadlineExceeded",
        "the rollout to be given up",
    )
    assert web.condition("Progressing").status == "False"
    assert web.condition("Available").status == "True"
    eventually(lambda: web.read().status.unavailable_replicas == 1, "the pod to be counted")
    template = web.sets()["1"].spec.template
    del template.metadata.labels["pod-template-hash"]
    patch = [{"op": "replace", "path": "/spec/template", "value": template}]
    web.kube.apps.patch_namespaced_deployment("web", web.namespace, patch)
    web.wait()
    eventually(lambda: uids(web.pods()) == uids(good), "the bad pod to go")
    assert sorted(web.sets()) == ["2", "3"], "the old revision got a new number"
    history = "deployment.kubernetes.io/revision-history"
    assert web.sets()["3"].metadata.annotations[history] == "1"
    assert web.read().metadata.annotations[REVISION] == "3"


def test_recreate_ends_the_old_before_it_begins_the_new(web: Web):
    web.create(replicas=2, strategy={"type": "Recreate"})
    web.wait()
    old = [process_of(pod) for pod in web.pods()]
    web.restart("now")

    def new_pods() -> list[client.V1Pod]:
        return [pod for pod in web.pods() if (pod.metadata.annotations or {}).get(RESTARTED_AT)]

    eventually(new_pods, "the first new pod")
    assert not any(map(runs, old))
    web.wait()


def test_scaling_up_and_down_keeps_the_pods_that_can_stay(web: Web):
    web.create(replicas=2)
    web.wait()
    before = uids(web.pods())
    web.patch(replicas=4)
    web.wait()
    assert before < uids(web.pods())
    web.kube.apps.patch_namespaced_deployment_scale("web", web.namespace, {"spec": {"replicas": 1}})
    eventually(lambda: len(web.pods()) == 1 and web.rolled_out(), "scaling down")
    assert sorted(web.sets()) == ["1"]


def test_scaling_down_takes_the_unready_and_the_cheap_first(web: Web):
    web.create(replicas=3)
    web.wait()
    cheap, *others = web.pods()
    cost = {"controller.kubernetes.io/pod-deletion-cost": "-5"}
    web.kube.core.patch_namespaced_pod(
        cheap.metadata.name, web.namespace, {"metadata": {"annotations": cost}}
    )
    web.patch(replicas=2)
    eventually(lambda: len(web.pods()) == 2, "scaling down")
    assert uids(web.pods()) == uids(others)


def test_a_deleted_pod_is_replaced(web: Web):
    web.create(replicas=1)
    web.wait()
    (old,) = web.pods()
    gone = web.kube.core.delete_namespaced_pod(old.metadata.name, web.namespace)
    assert gone.metadata.deletion_timestamp is not None
    eventually(lambda: web.rolled_out() and uids(web.pods()) != {old.metadata.uid}, "a new pod")


def test_a_paused_deployment_scales_but_does_not_roll(web: Web):
    web.create(replicas=1)
    web.wait()
    web.patch(paused=True, replicas=2)
    web.restart("now")
    eventually(lambda: len(web.pods()) == 2, "scaling while paused")
    assert sorted(web.sets()) == ["1"]
    eventually(
        lambda: web.condition("Progressing").reason == "DeploymentPaused", "the pause to be told"
    )
    web.patch(paused=False)
    web.wait()
    assert sorted(web.sets()) == ["1", "2"]


def test_availability_waits_for_min_ready_seconds(web: Web):
    web.create(replicas=1, minReadySeconds=1)
    eventually(lambda: web.read().status.ready_replicas == 1, "readiness")
    ready_since = next(
        one.last_transition_time for one in web.pods()[0].status.conditions if one.type == "Ready"
    )
    web.wait()
    updated = web.condition("Available").last_transition_time
    assert (updated - ready_since).total_seconds() >= 1


def test_old_replica_sets_are_forgotten_beyond_the_limit(web: Web):
    web.create(replicas=1, revisionHistoryLimit=1)
    for round_number in range(3):
        web.wait()
        web.restart(str(round_number))
    web.wait()
    eventually(lambda: sorted(web.sets()) == ["3", "4"], "the history to be cut")


def test_a_new_template_in_the_middle_of_a_rollout_takes_over(web: Web):
    web.create(replicas=2)
    web.wait()
    web.patch(template={"spec": {"containers": [NEVER_READY]}})
    eventually(lambda: "2" in web.sets(), "the rollout to begin")
    web.patch(template={"spec": {"containers": [READY_AGAIN]}})
    web.wait()
    assert sorted(web.sets()) == ["2", "3"], "the third template is the first again"
    assert web.sets()["2"].spec.replicas == 0


@pytest.mark.parametrize("policy", ["Background", "Foreground"])
def test_deleting_a_deployment_takes_its_pods_with_it(web: Web, policy: str):
    web.create(replicas=2)
    web.wait()
    processes = [process_of(pod) for pod in web.pods()]
    web.kube.apps.delete_namespaced_deployment("web", web.namespace, propagation_policy=policy)
    eventually(lambda: gone(web.read), "the deployment to be gone")
    if policy == "Foreground":
        assert web.sets() == {}
        assert web.pods() == []
    eventually(lambda: not any(map(runs, processes)), "the processes to be gone")
    eventually(lambda: web.sets() == {}, "the replica set to be gone")


def test_orphans_stay(web: Web):
    web.create(replicas=1)
    web.wait()
    web.kube.apps.delete_namespaced_deployment("web", web.namespace, propagation_policy="Orphan")
    eventually(lambda: gone(web.read), "the deployment to be gone")
    (replica_set,) = web.sets().values()
    assert replica_set.metadata.owner_references is None
    assert len(web.pods()) == 1


def test_what_belongs_to_something_unknown_here_is_left_alone(web: Web):
    owner = {"apiVersion": "example.com/v1", "kind": "Thing", "name": "a", "uid": "b"}
    body = workloads.pod("web")
    body["metadata"]["ownerReferences"] = [owner]
    made = web.kube.core.create_namespaced_pod(web.namespace, body)
    web.create(replicas=1)
    web.wait()
    assert made.metadata.uid in uids(web.pods())


def gone(read: Callable[[], object]) -> bool:
    try:
        read()
    except client.ApiException as error:
        return error.status == 404
    return False
