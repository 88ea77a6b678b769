"""The scheduler: a node for every pod, spread over nodes and zones."""

from collections import Counter
from collections.abc import Iterable

from deploy.sandbox.cluster.api.errors import ApiError
from deploy.sandbox.cluster.api.registry import Registry
from deploy.sandbox.cluster.api.resources import NODES, PODS
from deploy.sandbox.cluster.api.store import Change
from deploy.sandbox.cluster.controllers.loop import Key, key_of
from deploy.sandbox.cluster.controllers.writers import SCHEDULER
from deploy.sandbox.cluster.objects import (
    Json,
    condition,
    condition_is_true,
    controller_of,
    deleting,
    edited,
    ended,
    labels,
    name,
    namespace,
    now,
    time_text,
)

ZONE = "topology.kubernetes.io/zone"
TOPOLOGY = (ZONE, "topology.kubernetes.io/region")
"""Labels which a pod gets from its node."""


class Scheduler:
    watched = (PODS.id, NODES.id)

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._store = registry.store

    def keys(self, change: Change) -> Iterable[Key]:
        if change.resource_id == PODS.id:
            return [key_of(change.object)] if _waits(change.object) else ()
        return [key_of(pod) for pod in self._store.all(PODS.id) if _waits(pod)]

    def reconcile(self, key: Key) -> float | None:
        pod = self._store.get(PODS.id, *key)
        if pod is None or not _waits(pod):
            return None
        nodes = [node for node in self._store.all(NODES.id) if takes(node, pod)]
        if nodes:
            self._bind(pod, min(nodes, key=lambda node: self._load(node, pod)))
        else:
            self._say_unschedulable(pod)
        return None

    def _load(self, node: Json, pod: Json) -> tuple[int, int, int, str]:
        """Fewest siblings on the node, then in its zone, then fewest pods at all."""
        zones = {name(one): labels(one).get(ZONE, "") for one in self._store.all(NODES.id)}
        siblings: Counter[str] = Counter()
        pods = 0
        for other in self._store.all(PODS.id):
            place = other["spec"].get("nodeName")
            if not place or ended(other) or deleting(other):
                continue
            pods += place == name(node)
            if _owner(other) == _owner(pod):
                siblings[place] += 1
        zone = zones[name(node)]
        in_zone = sum(count for place, count in siblings.items() if zones.get(place) == zone)
        return siblings[name(node)], in_zone, pods, name(node)

    def _bind(self, pod: Json, node: Json) -> None:
        """Written past the rule that a pod's node never changes: this is where it is set."""
        new = edited(pod)
        new["spec"]["nodeName"] = name(node)
        topology = {key: labels(node)[key] for key in TOPOLOGY if key in labels(node)}
        new["metadata"]["labels"] = {**labels(pod), **topology}
        _set_scheduled(new, {"status": "True"})
        self._store.put(PODS.id, new)

    def _say_unschedulable(self, pod: Json) -> None:
        def say(old: Json) -> Json:
            count = len(self._store.all(NODES.id))
            text = f"0/{count} nodes are available."
            _set_scheduled(old, {"status": "False", "reason": "Unschedulable", "message": text})
            return old

        try:
            self._registry.update(PODS, namespace(pod), name(pod), say, SCHEDULER, "status")
        except ApiError:  # it is gone, which is as well
            return


def _waits(pod: Json) -> bool:
    return not pod["spec"].get("nodeName") and not deleting(pod) and not ended(pod)


def takes(node: Json, pod: Json, *, cordoned: bool = False) -> bool:
    """Whether the pod may go there; `cordoned` says that a cordon does not matter."""
    repels = any(
        taint["effect"] in ("NoSchedule", "NoExecute") and not _tolerates(pod, taint)
        for taint in node["spec"].get("taints", ())
    )
    wanted = pod["spec"].get("nodeSelector") or {}
    return (
        condition_is_true(node, "Ready")
        and (cordoned or not node["spec"].get("unschedulable"))
        and not repels
        and wanted.items() <= labels(node).items()
    )


def _tolerates(pod: Json, taint: Json) -> bool:
    return any(
        toleration.get("key") in (None, taint["key"])
        and toleration.get("effect") in (None, taint["effect"])
        and (
            toleration.get("operator") == "Exists" or toleration.get("value") == taint.get("value")
        )
        for toleration in pod["spec"].get("tolerations", ())
    )


def _owner(pod: Json) -> str:
    owner = controller_of(pod)
    return owner["uid"] if owner else pod["metadata"]["uid"]


def _set_scheduled(pod: Json, wanted: Json) -> None:
    current = condition(pod, "PodScheduled")
    if current is not None and wanted.items() <= current.items():
        return
    conditions = pod["status"].setdefault("conditions", [])
    if current is not None:
        conditions.remove(current)
    conditions.append({"type": "PodScheduled", "lastTransitionTime": time_text(now()), **wanted})
