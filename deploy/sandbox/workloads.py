"""Putting workloads on a cluster, over its API as anyone would."""

import json
import urllib.request
from collections.abc import Mapping
from typing import Any

from deploy.sandbox.access import Access
from deploy.sandbox.cluster import manifests
from deploy.sandbox.cluster.manifests import Checkout

TIMEOUT_S = 10.0
_PATHS: Mapping[str, str] = {
    "Namespace": "/api/v1/namespaces",
    "Deployment": "/apis/apps/v1/namespaces/{namespace}/deployments",
    "PodDisruptionBudget": "/apis/policy/v1/namespaces/{namespace}/poddisruptionbudgets",
}


def deploy_shop(access: Access) -> None:
    """Checkout, with its namespace and its disruption budget."""
    for manifest in (manifests.namespace(), manifests.deployment(), manifests.budget()):
        create(access, manifest)


def deploy_idle(url: str, name: str) -> None:
    """A deployment without a pod: something to act on that costs nothing to run."""
    create(Access(url), manifests.deployment(Checkout(name=name, replicas=0)))


def create(access: Access, manifest: Mapping[str, Any]) -> None:
    path = _PATHS[manifest["kind"]].format(namespace=manifest["metadata"].get("namespace", ""))
    request = urllib.request.Request(
        access.url + path,
        data=json.dumps(manifest).encode(),
        headers={**access.headers, "Content-Type": "application/json"},
    )
    urllib.request.urlopen(request, timeout=TIMEOUT_S, context=access.tls).close()
