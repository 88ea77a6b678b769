"""The nodes a kubelet stands for: registered, leased, and cut off when said not to be ready."""

import asyncio
import os
from dataclasses import dataclass

import aiohttp
import structlog

from deploy.sandbox.cluster.kubelet.client import PodApi, Refused
from deploy.sandbox.cluster.objects import Json, condition_is_true, micro_time_text, now, time_text

LEASE_S = 40
RENEW_S = 10.0
LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
REGION = "sandbox"

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class NodeSpec:
    name: str
    zone: str


SANDBOX_NODES = tuple(NodeSpec(f"node-{letter}", f"zone-{letter}") for letter in "abc")


class Node:
    """One of them. While its object says NotReady, the node acts as if its network were cut."""

    def __init__(self, spec: NodeSpec) -> None:
        self.spec = spec
        self._reachable = asyncio.Event()
        self._reachable.set()

    async def reachable(self) -> None:
        await self._reachable.wait()

    def seen(self, obj: Json) -> bool:
        """Take in the node's object; true when it has just come back."""
        was, ready = self._reachable.is_set(), condition_is_true(obj, "Ready")
        if ready:
            self._reachable.set()
        else:
            self._reachable.clear()
        return ready and not was

    async def register(self, api: PodApi) -> None:
        wanted = self._object()
        try:
            await api.create("/api/v1/nodes", wanted)
        except Refused as refused:
            if refused.code != 409:
                raise
            path = f"/api/v1/nodes/{self.spec.name}/status"
            await api.patch(path, {"status": wanted["status"]})

    async def renew(self, api: PodApi) -> None:
        """A sign of life, without which a real control plane gives a node up."""
        lease = {
            "metadata": {"name": self.spec.name},
            "spec": {
                "holderIdentity": self.spec.name,
                "leaseDurationSeconds": LEASE_S,
                "renewTime": micro_time_text(now()),
            },
        }
        try:
            await api.patch(f"{LEASES}/{self.spec.name}", lease)
        except Refused as refused:
            if refused.code != 404:
                raise
            await api.create(LEASES, lease)

    def _object(self) -> Json:
        at = time_text(now())
        room = {"cpu": str(os.cpu_count()), "memory": "8Gi", "pods": "110"}
        return {
            "metadata": {
                "name": self.spec.name,
                "labels": {
                    "kubernetes.io/hostname": self.spec.name,
                    "kubernetes.io/os": "linux",
                    "topology.kubernetes.io/region": REGION,
                    "topology.kubernetes.io/zone": self.spec.zone,
                },
            },
            "spec": {"providerID": f"sandbox://{self.spec.name}"},
            "status": {
                "capacity": room,
                "allocatable": room,
                "addresses": [{"type": "Hostname", "address": self.spec.name}],
                "conditions": [
                    {
                        "type": "Ready",
                        "status": "True",
                        "reason": "KubeletReady",
                        "message": "kubelet is posting ready status",
                        "lastHeartbeatTime": at,
                        "lastTransitionTime": at,
                    }
                ],
            },
        }


async def keep_leases(nodes: list[Node], api: PodApi) -> None:
    while True:
        for node in nodes:
            try:
                await node.renew(api)
            except (Refused, aiohttp.ClientError, TimeoutError) as error:
                log.warning("lease not renewed", node=node.spec.name, why=str(error))
        await asyncio.sleep(RENEW_S)
