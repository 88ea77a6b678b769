"""Where pods are reached, for scrapers and callers that do not speak Kubernetes."""

from typing import Protocol

from aiohttp import web

from deploy.sandbox.cluster.api.resources import PODS, REPLICA_SETS
from deploy.sandbox.cluster.kubelet.pod import PORT_ANNOTATION
from deploy.sandbox.cluster.objects import (
    Json,
    annotations,
    condition_is_true,
    controller_of,
    deleting,
    ended,
    labels,
    name,
    namespace,
)


class Objects(Protocol):
    """What it asks of a cluster."""

    def all(self, resource_id: str, namespace: str = "") -> list[Json]: ...

    def get(self, resource_id: str, namespace: str, name: str) -> Json | None: ...


class ServiceDiscovery:
    def __init__(self, store: Objects, cluster_name: str) -> None:
        self._store = store
        self._cluster_name = cluster_name

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/sd/targets", self.targets), web.get("/sd/ready", self.ready)]

    async def targets(self, _: web.Request) -> web.Response:
        """Every running pod, ready or not, as Prometheus's HTTP discovery wants it."""
        return web.json_response(
            [
                {"targets": [_address(pod)], "labels": self._labels(pod)}
                for pod in self._store.all(PODS.id)
                if _runs(pod)
            ]
        )

    async def ready(self, request: web.Request) -> web.Response:
        """Addresses of the pods that a service would send requests to."""
        wanted = request.query.get("deployment", "")
        space = request.query.get("namespace", "default")
        return web.json_response(
            [
                _address(pod)
                for pod in self._store.all(PODS.id, space)
                if _runs(pod)
                and not deleting(pod)
                and condition_is_true(pod, "Ready")
                and self._deployment(pod) == wanted
            ]
        )

    def _labels(self, pod: Json) -> dict[str, str]:
        return {
            "cluster": self._cluster_name,
            "namespace": namespace(pod),
            "deployment": self._deployment(pod),
            "pod": name(pod),
            "service": labels(pod).get("app", self._deployment(pod)),
        }

    def _deployment(self, pod: Json) -> str:
        """Empty for a pod that no deployment manages."""
        owner = controller_of(pod)
        replica_set = owner and self._store.get(REPLICA_SETS.id, namespace(pod), owner["name"])
        above = replica_set and controller_of(replica_set)
        return above["name"] if above else ""


def _runs(pod: Json) -> bool:
    known = PORT_ANNOTATION in annotations(pod) and "podIP" in pod["status"]
    return known and not ended(pod)


def _address(pod: Json) -> str:
    return f"{pod['status']['podIP']}:{annotations(pod)[PORT_ANNOTATION]}"
