"""A real control plane in the sandbox's place: the same face, told of in the same words."""

import json
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client, config

from deploy.sandbox.cluster.handle import Cluster
from deploy.sandbox.control_plane.cluster import RealCluster
from deploy.sandbox.processes import wait_until
from deploy.sandbox.workloads import deploy_shop

pytestmark = [pytest.mark.control_plane, pytest.mark.usefixtures("kubernetes")]
WITHIN_S = 30.0


def asked(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=WITHIN_S) as answer:
        return json.load(answer)


def told(cluster: Cluster | RealCluster) -> list[dict[str, str]]:
    """The labels of checkout's pods once all three are ready, without their generated names."""
    deploy_shop(cluster.access)
    ready = f"{cluster.discovery}/ready?namespace=shop&deployment=checkout"
    wait_until(lambda: len(asked(ready)) == 3, timeout_s=WITHIN_S, what="three pods to be ready")
    targets = asked(f"{cluster.discovery}/targets")
    assert {target["targets"][0] for target in targets} == set(asked(ready))
    return [{k: v for k, v in target["labels"].items() if k != "pod"} for target in targets]


def test_both_tell_of_the_same_pods_and_each_hand_has_its_own_rights(tmp_path: Path) -> None:
    with Cluster(tmp_path / "sandbox", "demo") as sandbox:
        expected = told(sandbox)
    real = RealCluster(tmp_path / "real", "demo").start()
    try:
        assert told(real) == expected
        address = dict(real.address)
        api = config.new_client_from_config(address["kubeconfig"], address["context"])
        apps, core = client.AppsV1Api(api), client.CoreV1Api(api)
        assert apps.read_namespaced_deployment("checkout", "shop").spec.replicas == 3
        with pytest.raises(client.ApiException, match="403"):
            core.list_namespaced_secret("shop")
        with pytest.raises(client.ApiException, match="403"):
            apps.delete_namespaced_deployment("checkout", "shop")
    finally:
        real.stop()
