"""Stateful sets: pods with names that stay, one after the other."""

import re
from collections.abc import Iterable

from deploy.sandbox.cluster.api import events
from deploy.sandbox.cluster.api.registry import Registry
from deploy.sandbox.cluster.api.resources import CLAIMS, PODS, STATEFUL_SETS
from deploy.sandbox.cluster.api.rules import Deletion
from deploy.sandbox.cluster.api.store import Change
from deploy.sandbox.cluster.controllers import stateful_pods
from deploy.sandbox.cluster.controllers.availability import (
    available_in_s,
    seconds_to_next_available,
)
from deploy.sandbox.cluster.controllers.claiming import claimants, claimed
from deploy.sandbox.cluster.controllers.loop import Key, key_of
from deploy.sandbox.cluster.controllers.stateful_pods import claims_of, ordinal, pod_of, revision_of
from deploy.sandbox.cluster.controllers.template_history import History
from deploy.sandbox.cluster.controllers.writers import CONTROLLER
from deploy.sandbox.cluster.objects import (
    Json,
    condition_is_true,
    deleting,
    ended,
    name,
    namespace,
    now,
)

SAID_WHEN_ZERO = ("replicas", "availableReplicas", "collisionCount")


class StatefulSets:
    watched = (STATEFUL_SETS.id, PODS.id)

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._store = registry.store

    def keys(self, change: Change) -> Iterable[Key]:
        if change.resource_id == STATEFUL_SETS.id:
            return [key_of(change.object)]
        return claimants(self._store, STATEFUL_SETS, change.object)

    def reconcile(self, key: Key) -> float | None:
        owner = self._store.get(STATEFUL_SETS.id, *key)
        if owner is None or deleting(owner):
            return None
        history = History(self._registry, owner)
        newest = name(history.newest())
        current = owner.get("status", {}).get("currentRevision", newest)
        if history.template(current) is None:
            current = newest
        self._step(owner, history, current, newest)
        pods = self._pods(owner)
        told = self._tell(owner, pods, current, newest)
        in_use = {revision_of(pod) for pod in pods}
        history.forget(in_use | {told["status"]["currentRevision"], newest})
        return seconds_to_next_available(owner, pods, now())

    def _pods(self, owner: Json) -> list[Json]:
        """By ordinal."""
        own_name = re.compile(rf"{re.escape(name(owner))}-\d+")
        pods = claimed(self._registry, owner, lambda pod: bool(own_name.fullmatch(name(pod))))
        return sorted(pods, key=ordinal)

    def _step(self, owner: Json, history: History, current: str, newest: str) -> None:
        """Fill up from below, take away from above, then renew from above; each in turn, and
        with OrderedReady only when the one before is settled."""
        wanted = stateful_pods.ordinals(owner)
        there = {ordinal(pod): pod for pod in self._pods(owner)}
        in_order = owner["spec"]["podManagementPolicy"] == "OrderedReady"
        for number in wanted:
            pod = there.get(number)
            if pod is None:
                revision = stateful_pods.revision_for(owner, number, current, newest)
                self._create(owner, history, number, revision)
            elif ended(pod) and not deleting(pod):
                self._delete(owner, pod)
            if in_order and (pod is None or not self._settled(owner, pod)):
                return
        for number in sorted(there.keys() - {*wanted}, reverse=True):
            if not deleting(there[number]):
                self._delete(owner, there[number])
            if in_order:
                return
        if owner["spec"]["updateStrategy"]["type"] == "RollingUpdate":
            self._renew(owner, [there[number] for number in wanted if number in there], newest)

    def _renew(self, owner: Json, pods: list[Json], newest: str) -> None:
        partition = owner["spec"]["updateStrategy"]["rollingUpdate"]["partition"]
        for pod in reversed(pods):
            if ordinal(pod) < partition:
                return
            if revision_of(pod) != newest and not deleting(pod):
                self._delete(owner, pod)
                return
            if not self._settled(owner, pod):
                return

    def _settled(self, owner: Json, pod: Json) -> bool:
        return not deleting(pod) and available_in_s(owner, pod, now()) == 0

    def _create(self, owner: Json, history: History, number: int, revision: str) -> None:
        space = namespace(owner)
        for claim in claims_of(owner, number):
            if self._store.get(CLAIMS.id, space, name(claim)) is None:
                self._registry.create(CLAIMS, space, claim, CONTROLLER)
        template = history.template(revision)
        assert template is not None
        made = self._registry.create(
            PODS, space, pod_of(owner, number, template, revision), CONTROLLER
        )
        self._note(owner, "SuccessfulCreate", f"Create Pod {name(made)}")

    def _delete(self, owner: Json, pod: Json) -> None:
        self._registry.delete(PODS, namespace(pod), name(pod), Deletion())
        self._note(owner, "SuccessfulDelete", f"Delete Pod {name(pod)}")

    def _tell(self, owner: Json, pods: list[Json], current: str, newest: str) -> Json:
        at, here = now(), [pod for pod in pods if not deleting(pod)]
        status = {
            "observedGeneration": owner["metadata"]["generation"],
            "replicas": len(pods),
            "readyReplicas": sum(condition_is_true(pod, "Ready") for pod in pods),
            "availableReplicas": sum(available_in_s(owner, pod, at) == 0 for pod in pods),
            "currentReplicas": sum(revision_of(pod) == current for pod in here),
            "updatedReplicas": sum(revision_of(pod) == newest for pod in here),
            "currentRevision": current,
            "updateRevision": newest,
            "collisionCount": 0,
        }
        if _rolled_out(owner, status):
            status["currentRevision"] = newest
            status["currentReplicas"] = status["updatedReplicas"]

        def tell(old: Json) -> Json:
            kept = {key: part for key, part in status.items() if part or key in SAID_WHEN_ZERO}
            return {**old, "status": kept}

        return self._registry.update(
            STATEFUL_SETS, namespace(owner), name(owner), tell, CONTROLLER, "status"
        )

    def _note(self, owner: Json, reason: str, what: str) -> None:
        text = f"{what} in StatefulSet {name(owner)} successful"
        events.record(self._registry, owner, reason, text, CONTROLLER)


def _rolled_out(owner: Json, status: Json) -> bool:
    wanted = owner["spec"]["replicas"]
    counts = {status[key] for key in ("replicas", "readyReplicas", "updatedReplicas")}
    return owner["spec"]["updateStrategy"]["type"] == "RollingUpdate" and counts == {wanted}
