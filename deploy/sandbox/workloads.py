"""Putting workloads on the sandbox cluster, over its API as anyone would."""

import json
import urllib.request
from collections.abc import Mapping
from typing import Any

from deploy.sandbox.cluster import manifests
from deploy.sandbox.cluster.manifests import Checkout

TIMEOUT_S = 10.0
_PATHS: Mapping[str, str] = {
    "Namespace": "/api/v1/namespaces",
    "Deployment": "/apis/apps/v1/namespaces/{namespace}/deployments",
    "PodDisruptionBudget": "/apis/policy/v1/namespaces/{namespace}/poddisruptionbudgets",
}


def deploy_shop(url: str) -> None:
    """Checkout, with its namespace and its disruption budget."""
    for manifest in (manifests.namespace(), manifests.deployment(), manifests.budget()):
        create(url, manifest)


def deploy_idle(url: str, name: str) -> None:
    """A deployment without a pod: something to act on that costs nothing to run."""
    create(url, manifests.deployment(Checkout(name=name, replicas=0)))


def create(url: str, manifest: Mapping[str, Any]) -> None:
    path = _PATHS[manifest["kind"]].format(namespace=manifest["metadata"].get("namespace", ""))
    request = urllib.request.Request(
        url + path,
        data=json.dumps(manifest).encode(),
        headers={"Content-Type": "application/json"},
    )
    urllib.request.urlopen(request, timeout=TIMEOUT_S).close()
