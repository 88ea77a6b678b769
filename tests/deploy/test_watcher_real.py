"""The watcher's followers against kube-apiserver, with no rights but those in docs/sources.md."""

from typing import Any

import pytest
from kubernetes import client, config

from deploy.sandbox.control_plane.credentials import CONTEXT
from deploy.sandbox.control_plane.handle import ControlPlane
from remediators.clusters import ClusterAddress
from streams.ingest.kubernetes.kinds import KINDS, NODES
from tests.deploy.sandbox.cluster import workloads
from tests.deploy.sandbox.cluster.conftest import Clients, eventually
from tests.deploy.watching import Line, following, image

READ = ["get", "list", "watch"]
RULES = (
    {"apiGroups": [""], "resources": ["pods", "nodes", "events"], "verbs": READ},
    {
        "apiGroups": ["apps"],
        "resources": ["deployments", "statefulsets", "daemonsets"],
        "verbs": READ,
    },
)


@pytest.mark.control_plane
def test_a_real_cluster_is_followed_with_these_rights_alone(control_plane: ControlPlane) -> None:
    kubeconfig = control_plane.identity("watcher", RULES)
    line = Line(ClusterAddress(context=CONTEXT, kubeconfig=str(kubeconfig)))
    kube = Clients(config.new_client_from_config(str(control_plane.kubeconfig)))
    kube.core.create_namespace({"metadata": {"name": "watched"}})
    with following(line, *(kind.name for kind in KINDS)) as ear:
        assert ear.counts[NODES] == len(kube.core.list_node().items) > 0
        wanted = workloads.deployment(replicas=1, command=["false"])
        kube.apps.create_namespaced_deployment("watched", wanted)
        eventually(ear.names, "a crash loop", timeout_s=60)
        (alert,) = ear.picture.board.firing.values()
        assert alert.trouble.labels["alertname"] == "KubernetesCrashLoopBackOff"
        assert alert.trouble.labels["deployment"] == "web"
        eventually(lambda: ear.picture.notes.about(alert.uid), "an event about the pod")
        mended = image(2)
        container: dict[str, Any] = mended["spec"]["template"]["spec"]["containers"][0]
        container["command"] = workloads.IDLE
        kube.apps.patch_namespaced_deployment("web", "watched", mended)
        eventually(lambda: len(ear.picture.rollouts) == 2, "the rollout")
        eventually(lambda: not ear.names(), "the end of the pod that it replaces", timeout_s=60)
        assert [one.images for one in ear.picture.rollouts] == [
            "example/main:1",
            "example/main:2",
        ]
        assert not ear.failures
        kube.core.delete_namespace("watched", body=client.V1DeleteOptions())
