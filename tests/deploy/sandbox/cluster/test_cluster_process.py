"""The cluster as a process: how it starts, who may talk to it, and that nothing survives it."""

import os
import signal

import psutil
import pytest
from kubernetes import client, config

from deploy.sandbox.cluster import manifests
from deploy.sandbox.cluster.handle import Cluster
from tests.deploy.sandbox.cluster import workloads
from tests.deploy.sandbox.cluster.conftest import Clients, eventually, refused


def with_pods(cluster: Cluster, count: int) -> list[int]:
    """Ids of the processes of a deployment started on it."""
    kube = Clients.of(cluster.url)
    kube.apps.create_namespaced_deployment("default", workloads.deployment(replicas=count))

    def processes() -> list[int]:
        found = [child.pid for child in psutil.Process(cluster.pid).children(recursive=True)]
        return found if len(found) == count else []

    return eventually(processes, "the pods' processes")


def test_kill_9_leaves_no_process(own_cluster):
    cluster = own_cluster()
    processes = with_pods(cluster, 3)
    os.kill(cluster.pid, signal.SIGKILL)
    eventually(lambda: not any(map(psutil.pid_exists, processes)), "all processes to be gone")


def test_sigterm_leaves_no_process(own_cluster):
    cluster = own_cluster()
    processes = with_pods(cluster, 2)
    cluster.stop()
    eventually(lambda: not any(map(psutil.pid_exists, processes)), "all processes to be gone")


def test_the_kubeconfig_leads_to_it(cluster: Cluster):
    api = config.new_client_from_config(str(cluster.kubeconfig), context="demo")
    version = client.VersionApi(api).get_code()
    assert (version.major, version.minor) == ("1", "36")


def test_discovery_names_groups_and_resources(cluster: Cluster, kube: Clients):
    groups = {group.name for group in client.ApisApi(kube.api).get_api_versions().groups}
    assert groups == {
        "apps",
        "argoproj.io",
        "autoscaling",
        "batch",
        "coordination.k8s.io",
        "events.k8s.io",
        "networking.k8s.io",
        "policy",
        "storage.k8s.io",
    }
    assert client.CoreApi(kube.api).get_api_versions().versions == ["v1"]
    names = {one.name for one in kube.apps.get_api_resources().resources}
    assert {"deployments", "deployments/scale", "deployments/status", "replicasets"} <= names
    core = {one.name: one for one in kube.core.get_api_resources().resources}
    assert core["pods/eviction"].kind == "Eviction"
    assert not core["nodes"].namespaced


@pytest.mark.parametrize(
    "path",
    ["/apis/apps/v1/things", "/apis/nobody/v1/things", "/nowhere", "/api/v1/pods/a/b/c"],
)
def test_what_is_not_served_is_not_found(cluster: Cluster, kube: Clients, path: str):
    code, _, status = kube.send("GET", path)
    assert (code, status["kind"], status["reason"]) == (404, "Status", "NotFound")


def test_methods_that_make_no_sense_are_refused(kube: Clients):
    code, _, status = kube.send("PUT", "/api/v1/namespaces/default/pods", {})
    assert (code, status["reason"]) == (405, "MethodNotAllowed")


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "https://example.com"}, {"Host": "rebound.example.com"}],
    ids=["another site's page", "a rebound name"],
)
def test_web_pages_are_kept_out(cluster: Cluster, kube: Clients, headers: dict[str, str]):
    code, _, status = kube.send("GET", "/api/v1/pods", **headers)
    assert (code, status["reason"]) == (403, "Forbidden")


def test_two_clusters_live_side_by_side(own_cluster, kube: Clients, namespace: str):
    another = own_cluster()
    kube.core.create_namespaced_pod(namespace, workloads.pod())
    assert kube.core.list_namespaced_pod(namespace).items
    assert Clients.of(another.url).core.list_pod_for_all_namespaces().items == []


def test_the_demo_manifests_are_valid_and_say_what_they_should(kube: Clients, namespace: str):
    checkout = manifests.Checkout(namespace=namespace)
    made = kube.apps.create_namespaced_deployment(
        namespace, manifests.deployment(checkout), field_validation="Strict"
    )
    kube.policy.create_namespaced_pod_disruption_budget(
        namespace, manifests.budget(checkout), field_validation="Strict"
    )
    assert made.spec.replicas == 3
    assert made.spec.strategy.rolling_update.max_surge == 3
    assert made.spec.strategy.rolling_update.max_unavailable == 0
    assert made.metadata.annotations["mendlog.io/enabled"] == "true"
    assert made.spec.selector.match_labels == {"app": "checkout"}
    opted_out = manifests.deployment(manifests.Checkout(namespace=namespace, enabled=False))
    assert opted_out["metadata"]["annotations"]["mendlog.io/enabled"] == "false"
    refused(409, kube.core.create_namespace, manifests.namespace(namespace))


def test_the_address_file_holds_the_url(cluster: Cluster):
    assert (cluster.log_file.parent / "address").read_text() == cluster.url
    assert cluster.url.startswith("http://127.0.0.1:")
