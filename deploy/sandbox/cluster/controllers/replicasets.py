"""Replica sets: as many pods of one template as are wanted."""

from collections.abc import Iterable

from deploy.sandbox.cluster.api import events
from deploy.sandbox.cluster.api.registry import Registry
from deploy.sandbox.cluster.api.resources import PODS, REPLICA_SETS
from deploy.sandbox.cluster.api.rules import Deletion
from deploy.sandbox.cluster.api.selectors import selects
from deploy.sandbox.cluster.api.store import Change
from deploy.sandbox.cluster.controllers.availability import (
    available_in_s,
    seconds_to_next_available,
)
from deploy.sandbox.cluster.controllers.claiming import claimants, claimed
from deploy.sandbox.cluster.controllers.loop import Key, key_of
from deploy.sandbox.cluster.controllers.writers import CONTROLLER
from deploy.sandbox.cluster.objects import (
    Json,
    annotations,
    condition_is_true,
    deleting,
    edited,
    ended,
    labels,
    name,
    namespace,
    now,
    owner_reference,
    ready_since,
)

DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"
SAID_WHEN_ZERO = ("replicas", "terminatingReplicas")
PHASE_RANK = {"Pending": 0, "Unknown": 1, "Running": 2}


class ReplicaSets:
    watched = (REPLICA_SETS.id, PODS.id)

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def keys(self, change: Change) -> Iterable[Key]:
        if change.resource_id == REPLICA_SETS.id:
            return [key_of(change.object)]
        return claimants(self._registry.store, REPLICA_SETS, change.object)

    def reconcile(self, key: Key) -> float | None:
        replica_set = self._registry.store.get(REPLICA_SETS.id, *key)
        if replica_set is None:
            return None
        if not deleting(replica_set):
            self._fill(replica_set, self._pods(replica_set))
        pods = self._pods(replica_set)
        self._tell(replica_set, pods, leaving=len(self._leaving(replica_set)))
        return seconds_to_next_available(replica_set, pods, now())

    def _owned(self, replica_set: Json) -> list[Json]:
        return [pod for pod in claimed(self._registry, replica_set) if not ended(pod)]

    def _pods(self, replica_set: Json) -> list[Json]:
        """Those that are running or about to."""
        return [pod for pod in self._owned(replica_set) if not deleting(pod)]

    def _leaving(self, replica_set: Json) -> list[Json]:
        return [pod for pod in self._owned(replica_set) if deleting(pod)]

    def _fill(self, replica_set: Json, pods: list[Json]) -> None:
        missing = replica_set["spec"]["replicas"] - len(pods)
        for _ in range(missing):
            self._create_pod(replica_set)
        for pod in sorted(pods, key=lambda pod: _worth(pod, pods))[: max(0, -missing)]:
            self._registry.delete(PODS, namespace(pod), name(pod), Deletion())
            text = f"Deleted pod: {name(pod)}"
            events.record(self._registry, replica_set, "SuccessfulDelete", text, CONTROLLER)

    def _create_pod(self, replica_set: Json) -> None:
        template = edited(replica_set["spec"]["template"])
        pod = {
            "metadata": {
                **template["metadata"],
                "generateName": f"{name(replica_set)}-",
                "ownerReferences": [owner_reference(replica_set)],
            },
            "spec": template["spec"],
        }
        made = self._registry.create(PODS, namespace(replica_set), pod, CONTROLLER)
        text = f"Created pod: {name(made)}"
        events.record(self._registry, replica_set, "SuccessfulCreate", text, CONTROLLER)

    def _tell(self, replica_set: Json, pods: list[Json], *, leaving: int) -> None:
        template_labels = replica_set["spec"]["template"]["metadata"].get("labels") or {}
        at = now()
        status = {
            "observedGeneration": replica_set["metadata"]["generation"],
            "replicas": len(pods),
            "fullyLabeledReplicas": sum(
                selects({"matchLabels": template_labels}, labels(pod)) for pod in pods
            ),
            "readyReplicas": sum(condition_is_true(pod, "Ready") for pod in pods),
            "availableReplicas": sum(available_in_s(replica_set, pod, at) == 0 for pod in pods),
            "terminatingReplicas": leaving,
        }

        def tell(old: Json) -> Json:
            kept = {key: value for key, value in status.items() if value or key in SAID_WHEN_ZERO}
            old["status"] = kept
            return old

        self._registry.update(
            REPLICA_SETS, namespace(replica_set), name(replica_set), tell, CONTROLLER, "status"
        )


def _worth(pod: Json, pods: list[Json]) -> tuple[object, ...]:
    """Sorts the pod that is missed least first, by the rules of the real controller."""
    status = pod["status"]
    node = pod["spec"].get("nodeName", "")
    on_same_node = sum(other["spec"].get("nodeName", "") == node for other in pods)
    since = ready_since(pod)
    return (
        bool(node),
        PHASE_RANK.get(status["phase"], 1),
        since is not None,
        int(annotations(pod).get(DELETION_COST, "0")),
        -on_same_node,
        -(since.timestamp() if since else 0),
        -sum(one.get("restartCount", 0) for one in status.get("containerStatuses", ())),
        _reversed(pod["metadata"]["creationTimestamp"]),
        name(pod),
    )


def _reversed(text: str) -> tuple[int, ...]:
    """Sorts later times first."""
    return tuple(-ord(character) for character in text)
