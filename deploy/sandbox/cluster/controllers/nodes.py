"""Nodes that stop answering or are cordoned: tainted, and the pods of the first not ready."""

from collections.abc import Iterable

from deploy.sandbox.cluster.api.registry import Registry
from deploy.sandbox.cluster.api.resources import NODES, PODS
from deploy.sandbox.cluster.api.store import Change
from deploy.sandbox.cluster.controllers.loop import Key, key_of
from deploy.sandbox.cluster.controllers.writers import CONTROLLER
from deploy.sandbox.cluster.objects import (
    Json,
    condition,
    condition_is_true,
    name,
    namespace,
    now,
    time_text,
)

NOT_READY = "node.kubernetes.io/not-ready"
CORDONED = "node.kubernetes.io/unschedulable"


class NodeLifecycle:
    watched = (NODES.id,)

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def keys(self, change: Change) -> Iterable[Key]:
        return [key_of(change.object)]

    def reconcile(self, key: Key) -> float | None:
        node = self._registry.store.get(NODES.id, *key)
        if node is None:
            return None
        ready = condition_is_true(node, "Ready")
        self._taint(node, {NOT_READY: not ready, CORDONED: "unschedulable" in node["spec"]})
        if not ready:
            for pod in self._registry.store.all(PODS.id):
                if pod["spec"].get("nodeName") == name(node) and condition_is_true(pod, "Ready"):
                    self._doubt(pod)
        return None

    def _taint(self, node: Json, wanted: dict[str, bool]) -> None:
        def taint(old: Json) -> Json:
            taints = old["spec"].get("taints", ())
            kept = [one for one in taints if wanted.get(one["key"], True)]
            there = {one["key"] for one in kept}
            old["spec"]["taints"] = kept + [
                {"key": key, "effect": "NoSchedule", "timeAdded": time_text(now())}
                for key, due in wanted.items()
                if due and key not in there
            ]
            return old

        self._registry.update(NODES, "", name(node), taint, CONTROLLER)

    def _doubt(self, pod: Json) -> None:
        def doubt(old: Json) -> Json:
            found = condition(old, "Ready") or {}
            found.update(status="False", reason="NodeNotReady", lastTransitionTime=time_text(now()))
            return old

        self._registry.update(PODS, namespace(pod), name(pod), doubt, CONTROLLER, "status")
