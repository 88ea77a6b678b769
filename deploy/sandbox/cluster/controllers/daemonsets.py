"""Daemon sets: one pod on every node that takes it, cordoned or not."""

from collections.abc import Iterable

from deploy.sandbox.cluster.api import events
from deploy.sandbox.cluster.api.admission import TEMPLATE_GENERATION
from deploy.sandbox.cluster.api.registry import Registry
from deploy.sandbox.cluster.api.resources import DAEMON_SETS, NODES, PODS
from deploy.sandbox.cluster.api.rules import Deletion
from deploy.sandbox.cluster.api.store import Change
from deploy.sandbox.cluster.controllers.availability import (
    available_in_s,
    seconds_to_next_available,
)
from deploy.sandbox.cluster.controllers.loop import Key, key_of
from deploy.sandbox.cluster.controllers.percent import count_of
from deploy.sandbox.cluster.controllers.scheduler import takes
from deploy.sandbox.cluster.controllers.template_history import POD_LABEL, History
from deploy.sandbox.cluster.controllers.writers import CONTROLLER
from deploy.sandbox.cluster.objects import (
    Json,
    annotations,
    condition_is_true,
    controlled_by,
    controller_of,
    deleting,
    edited,
    ended,
    labels,
    name,
    namespace,
    now,
    owner_reference,
)

TEMPLATE_LABEL = "pod-template-generation"
TOLERATED = ("disk-pressure", "memory-pressure", "pid-pressure", "unschedulable")
SAID_WHEN_ZERO = (
    "currentNumberScheduled",
    "desiredNumberScheduled",
    "numberMisscheduled",
    "numberReady",
)


class DaemonSets:
    watched = (DAEMON_SETS.id, PODS.id, NODES.id)

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._store = registry.store

    def keys(self, change: Change) -> Iterable[Key]:
        if change.resource_id == NODES.id:
            return [key_of(one) for one in self._store.all(DAEMON_SETS.id)]
        if change.resource_id == DAEMON_SETS.id:
            return [key_of(change.object)]
        owner = controller_of(change.object)
        if owner is None or owner["kind"] != DAEMON_SETS.kind:
            return ()
        return [(namespace(change.object), owner["name"])]

    def reconcile(self, key: Key) -> float | None:
        owner = self._store.get(DAEMON_SETS.id, *key)
        if owner is None or deleting(owner):
            return None
        history = History(self._registry, owner)
        newest = name(history.newest()).removeprefix(f"{name(owner)}-")
        wanted = {name(node) for node in self._store.all(NODES.id) if _belongs(owner, node)}
        self._fill(owner, wanted, newest)
        self._renew(owner, wanted, newest)
        pods = self._pods(owner)
        self._tell(owner, pods, wanted, newest)
        return seconds_to_next_available(owner, pods, now())

    def _pods(self, owner: Json) -> list[Json]:
        pods = self._store.all(PODS.id, namespace(owner))
        return [pod for pod in pods if controlled_by(pod, owner)]

    def _fill(self, owner: Json, wanted: set[str], newest: str) -> None:
        served: set[str] = set()
        for pod in self._pods(owner):
            place = pod["spec"]["nodeName"]
            spare = place not in wanted or place in served or ended(pod)
            if spare and not deleting(pod):
                self._delete(owner, pod)
            served.add(place)
        for place in sorted(wanted - served):
            made = self._registry.create(
                PODS, namespace(owner), _pod(owner, place, newest), CONTROLLER
            )
            self._note(owner, "SuccessfulCreate", f"Created pod: {name(made)}")

    def _renew(self, owner: Json, wanted: set[str], newest: str) -> None:
        """Old pods go as long as not too many are missing; those that serve nobody go first."""
        strategy = owner["spec"]["updateStrategy"]
        if strategy["type"] != "RollingUpdate":
            return
        at, pods = now(), self._pods(owner)
        serving = [pod for pod in pods if not deleting(pod) and available_in_s(owner, pod, at) == 0]
        share = strategy["rollingUpdate"]["maxUnavailable"]
        room = count_of(share, len(wanted), round_up=True) - (len(wanted) - len(serving))
        for pod in pods:
            if labels(pod).get(POD_LABEL) == newest or deleting(pod):
                continue
            if pod not in serving:
                self._delete(owner, pod)
            elif room > 0:
                self._delete(owner, pod)
                room -= 1

    def _delete(self, owner: Json, pod: Json) -> None:
        self._registry.delete(PODS, namespace(pod), name(pod), Deletion())
        self._note(owner, "SuccessfulDelete", f"Deleted pod: {name(pod)}")

    def _tell(self, owner: Json, pods: list[Json], wanted: set[str], newest: str) -> None:
        at, here = now(), [pod for pod in pods if not deleting(pod)]
        placed = [pod for pod in here if pod["spec"]["nodeName"] in wanted]
        available = sum(available_in_s(owner, pod, at) == 0 for pod in placed)
        status = {
            "observedGeneration": owner["metadata"]["generation"],
            "currentNumberScheduled": len(placed),
            "desiredNumberScheduled": len(wanted),
            "numberMisscheduled": len(here) - len(placed),
            "numberReady": sum(condition_is_true(pod, "Ready") for pod in placed),
            "numberAvailable": available,
            "numberUnavailable": len(wanted) - available,
            "updatedNumberScheduled": sum(labels(pod).get(POD_LABEL) == newest for pod in placed),
        }

        def tell(old: Json) -> Json:
            kept = {key: part for key, part in status.items() if part or key in SAID_WHEN_ZERO}
            return {**old, "status": kept}

        self._registry.update(
            DAEMON_SETS, namespace(owner), name(owner), tell, CONTROLLER, "status"
        )

    def _note(self, owner: Json, reason: str, text: str) -> None:
        events.record(self._registry, owner, reason, text, CONTROLLER)


def _pod(owner: Json, place: str, newest: str) -> Json:
    """Put on its node directly, where the real one asks the scheduler for that node."""
    template = _tolerant(owner)
    marks = {POD_LABEL: newest, TEMPLATE_LABEL: annotations(owner)[TEMPLATE_GENERATION]}
    return {
        "metadata": {
            **template["metadata"],
            "generateName": f"{name(owner)}-",
            "labels": {**(template["metadata"].get("labels") or {}), **marks},
            "ownerReferences": [owner_reference(owner)],
        },
        "spec": {**template["spec"], "nodeName": place},
    }


def _belongs(owner: Json, node: Json) -> bool:
    return takes(node, _tolerant(owner), cordoned=True)


def _tolerant(owner: Json) -> Json:
    """Its template, with the patience that every daemon has."""
    template = edited(owner["spec"]["template"])
    template["spec"].setdefault("tolerations", []).extend(
        {"key": f"node.kubernetes.io/{trouble}", "operator": "Exists", "effect": "NoSchedule"}
        for trouble in TOLERATED
    )
    return template
