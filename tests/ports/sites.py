"""Places where the cluster port is put to the test: the fake, the sandbox, a real control plane.

A real one is used where `MENDLOG_TEST_KUBECONFIG` and `MENDLOG_TEST_CONTEXT` name it.
"""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Protocol

from kubernetes import client, config

from deploy.sandbox.cluster.api.merge_patch import merge
from remediators.adapters.kubernetes.client import ApiServer
from remediators.adapters.kubernetes.cluster import KubernetesCluster
from remediators.ports import Cluster
from remediators.settings import ClusterAddress
from schemas.kinds import VOLUME_CLAIM
from schemas.remediation import Target
from tests.deploy.sandbox.cluster.workloads import deployment
from tests.fakes import FakeCluster, written
from tests.hand import Body, Hand, beside

NAME = "web"
PATIENT_S = 30.0
"""How long an API may take: a slow machine is no API that does not answer."""


class Site(Protocol):
    """A cluster with one opted-in Deployment, and somebody else who changes it."""

    cluster: Cluster
    target: Target

    async def annotates(self, name: str, value: str) -> None: ...

    async def labels(self, name: str, value: str) -> None: ...

    async def releases(self, image: str) -> None: ...

    async def configures(self, env: dict[str, str]) -> None:
        """Variables of its container, which has none so far."""
        ...

    async def budgets(self, name: str, unavailable_max: int) -> None:
        """Over its pods."""
        ...

    async def autoscales(self, name: str, kind: str = "Deployment") -> None:
        """Something of its name and that kind."""
        ...

    async def deletes(self) -> None: ...

    # Any other object.

    async def makes(self, kind: str, name: str, body: Body) -> Target:
        """In the site's namespace, or in none where its kind is of the whole cluster; opted in."""
        ...

    async def edits(self, target: Target, body: Body, writer: str = "") -> None:
        """By somebody else: a merge patch. `writer` is whom the API shall take for its author."""
        ...

    async def reports(self, target: Target, status: Body) -> None:
        """By whoever keeps its status: a merge patch of that."""
        ...

    async def claims(self, name: str, storage_class: str, size: str) -> Target:
        """A claim, and a volume of that size for it; they may take a moment to find each other."""
        ...


class FakeSite:
    def __init__(self) -> None:
        self.cluster = FakeCluster()
        self.target = Target("fake", "test", "Deployment", NAME)
        self.cluster.deploy(self.target, replicas=1)

    async def annotates(self, name: str, value: str) -> None:
        self.cluster.change(
            self.target, lambda found: found["metadata"]["annotations"].update({name: value})
        )

    async def labels(self, name: str, value: str) -> None:
        self.cluster.change(
            self.target,
            lambda found: found["metadata"].setdefault("labels", {}).update({name: value}),
        )

    async def budgets(self, name: str, unavailable_max: int) -> None:
        found = budget(name, unavailable_max)
        found["metadata"]["namespace"] = self.target.namespace
        status = {"disruptionsAllowed": unavailable_max}
        self.cluster.budgets.append({**found, "status": status})

    async def autoscales(self, name: str, kind: str = "Deployment") -> None:
        self.cluster.autoscalers.append(autoscaler(name, kind))

    async def releases(self, image: str) -> None:
        def release(found: dict[str, Any]) -> None:
            found["spec"]["template"]["spec"]["containers"][0]["image"] = image

        self.cluster.change(self.target, release)

    async def configures(self, env: dict[str, str]) -> None:
        def configure(found: dict[str, Any]) -> None:
            (main,) = found["spec"]["template"]["spec"]["containers"]
            main |= {"env": variables(env)} if env else {}

        self.cluster.change(self.target, configure)

    async def deletes(self) -> None:
        self.cluster.delete(self.target)

    async def makes(self, kind: str, name: str, body: Body) -> Target:
        target = beside(self.target, kind, name)
        self.cluster.put(target, body)
        return target

    async def edits(self, target: Target, body: Body, writer: str = "") -> None:
        def edit(found: dict[str, Any]) -> None:
            found.update(merge(found, {k: v for k, v in body.items() if k != "status"}))
            written(found, body.get("spec", {}), writer)

        self.cluster.change(target, edit)

    async def reports(self, target: Target, status: Body) -> None:
        def report(found: dict[str, Any]) -> None:
            found.update(merge(found, {"status": status}))

        self.cluster.change(target, report)

    async def claims(self, name: str, storage_class: str, size: str) -> Target:
        bound = {"phase": "Bound", "capacity": {"storage": size}}
        return await self.makes(VOLUME_CLAIM, name, {**claim(storage_class, size), "status": bound})


class ApiSite:
    """Changes go through the official client's own calls, as a person's would."""

    def __init__(self, address: ClusterAddress, configuration: client.Configuration) -> None:
        self.address = address
        self.cluster = KubernetesCluster(ApiServer(address, PATIENT_S, 4), "test", 4)
        self.target = Target("test", f"contract-{uuid.uuid4().hex[:8]}", "Deployment", NAME)
        api = client.ApiClient(configuration)
        self._hand = Hand(api)
        self._volumes: list[str] = []
        self._apps, self._core = client.AppsV1Api(api), client.CoreV1Api(api)
        self._policy, self._scaling = client.PolicyV1Api(api), client.AutoscalingV2Api(api)

    async def annotates(self, name: str, value: str) -> None:
        await self._patch({"metadata": {"annotations": {name: value}}})

    async def labels(self, name: str, value: str) -> None:
        await self._patch({"metadata": {"labels": {name: value}}})

    async def budgets(self, name: str, unavailable_max: int) -> None:
        create = self._policy.create_namespaced_pod_disruption_budget
        await asyncio.to_thread(create, self.target.namespace, budget(name, unavailable_max))

    async def autoscales(self, name: str, kind: str = "Deployment") -> None:
        create = self._scaling.create_namespaced_horizontal_pod_autoscaler
        await asyncio.to_thread(create, self.target.namespace, autoscaler(name, kind))

    async def releases(self, image: str) -> None:
        containers = [{"name": "main", "image": image}]
        await self._patch({"spec": {"template": {"spec": {"containers": containers}}}})

    async def configures(self, env: dict[str, str]) -> None:
        containers = [{"name": "main", "env": variables(env)}]
        await self._patch({"spec": {"template": {"spec": {"containers": containers}}}})

    async def deletes(self) -> None:
        delete = self._apps.delete_namespaced_deployment
        await asyncio.to_thread(delete, NAME, self.target.namespace)

    async def makes(self, kind: str, name: str, body: Body) -> Target:
        target = beside(self.target, kind, name)
        await asyncio.to_thread(self._hand.makes, target, body)
        return target

    async def edits(self, target: Target, body: Body, writer: str = "") -> None:
        await asyncio.to_thread(self._hand.edits, target, body, writer)

    async def reports(self, target: Target, status: Body) -> None:
        await asyncio.to_thread(self._hand.reports, target, status)

    def events_of(self, target: Target) -> list[Any]:
        """As whoever describes it would see them."""
        found = self._core.list_namespaced_event(target.namespace or "default").items
        return [e for e in found if e.involved_object.name == target.name]

    async def claims(self, name: str, storage_class: str, size: str) -> Target:
        volume = f"{self.target.namespace}-{name}"
        self._volumes.append(volume)
        create = self._core.create_persistent_volume
        await asyncio.to_thread(create, volume_for(volume, storage_class, size))
        return await self.makes(VOLUME_CLAIM, name, claim(storage_class, size, volume))

    async def _patch(self, body: dict[str, Any]) -> None:
        patch = self._apps.patch_namespaced_deployment
        await asyncio.to_thread(patch, NAME, self.target.namespace, body)

    def set_up(self) -> None:
        self._core.create_namespace({"metadata": {"name": self.target.namespace}})
        self._apps.create_namespaced_deployment(self.target.namespace, deployment(NAME, replicas=1))

    def clear_up(self) -> None:
        self._hand.clears_up()
        self._core.delete_namespace(self.target.namespace)
        for volume in self._volumes:
            self._core.delete_persistent_volume(volume)


def claim(storage_class: str, size: str, volume: str = "") -> Body:
    spec = {"accessModes": ["ReadWriteOnce"], "storageClassName": storage_class}
    named = {"volumeName": volume} if volume else {}
    return {"spec": {**spec, **named, "resources": {"requests": {"storage": size}}}}


def variables(env: dict[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in env.items()]


def budget(name: str, unavailable_max: int) -> dict[str, Any]:
    selector = {"matchLabels": {"app": NAME}}
    return {
        "metadata": {"name": name},
        "spec": {"maxUnavailable": unavailable_max, "selector": selector},
    }


def autoscaler(name: str, kind: str) -> dict[str, Any]:
    target = {"apiVersion": "apps/v1", "kind": kind, "name": NAME}
    return {
        "metadata": {"name": name},
        "spec": {"scaleTargetRef": target, "minReplicas": 1, "maxReplicas": 3},
    }


def volume_for(name: str, storage_class: str, size: str) -> Body:
    return {
        "metadata": {"name": name},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "capacity": {"storage": size},
            "storageClassName": storage_class,
            "csi": {"driver": "example.com", "volumeHandle": name},
        },
    }


@asynccontextmanager
async def fake_site() -> AsyncIterator[Site]:
    yield FakeSite()


@asynccontextmanager
async def api_site(
    address: ClusterAddress, configuration: Callable[[], client.Configuration]
) -> AsyncIterator[Site]:
    site = ApiSite(address, configuration())
    await asyncio.to_thread(site.set_up)
    try:
        yield site
    finally:
        await asyncio.to_thread(site.clear_up)
        await site.cluster.close()


def at_url(url: str) -> Callable[[], client.Configuration]:
    return lambda: client.Configuration(host=url)


def in_context(kubeconfig: str, context: str) -> Callable[[], client.Configuration]:
    def load() -> client.Configuration:
        loaded = client.Configuration()
        config.load_kube_config(kubeconfig, context, client_configuration=loaded)
        return loaded

    return load
