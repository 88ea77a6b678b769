"""Disruption budgets: how many pods may be taken away right now."""

from collections.abc import Iterable
from datetime import timedelta

from deploy.sandbox.cluster.api.registry import Registry
from deploy.sandbox.cluster.api.resources import (
    BUDGETS,
    DEPLOYMENTS,
    PODS,
    REPLICA_SETS,
    STATEFUL_SETS,
)
from deploy.sandbox.cluster.api.selectors import selects
from deploy.sandbox.cluster.api.store import Change
from deploy.sandbox.cluster.controllers.loop import Key, key_of
from deploy.sandbox.cluster.controllers.percent import count_of
from deploy.sandbox.cluster.controllers.writers import CONTROLLER
from deploy.sandbox.cluster.objects import (
    Json,
    condition,
    condition_is_true,
    controller_of,
    deleting,
    ended,
    labels,
    name,
    namespace,
    now,
    parse_time,
    time_text,
)

DISRUPTION_BELIEVED_S = 120
"""A pod whose eviction was allowed counts as gone for this long, and then as staying."""


class Budgets:
    watched = (BUDGETS.id, PODS.id, REPLICA_SETS.id, DEPLOYMENTS.id, STATEFUL_SETS.id)

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._store = registry.store

    def keys(self, change: Change) -> Iterable[Key]:
        if change.resource_id == BUDGETS.id:
            return [key_of(change.object)]
        return [key_of(one) for one in self._store.all(BUDGETS.id, namespace(change.object))]

    def reconcile(self, key: Key) -> float | None:
        budget = self._store.get(BUDGETS.id, *key)
        if budget is None:
            return None
        pods = [
            pod
            for pod in self._store.all(PODS.id, namespace(budget))
            if selects(budget["spec"].get("selector"), labels(pod)) and not ended(pod)
        ]
        disrupted = self._still_disrupted(budget, pods)
        self._tell(budget, pods, disrupted)
        return DISRUPTION_BELIEVED_S if disrupted else None

    def _still_disrupted(self, budget: Json, pods: list[Json]) -> dict[str, str]:
        """Allowed evictions whose pod is still there, not marked, and not for too long."""
        undisturbed = {name(pod) for pod in pods if not deleting(pod)}
        oldest = now() - timedelta(seconds=DISRUPTION_BELIEVED_S)
        return {
            pod: since
            for pod, since in budget.get("status", {}).get("disruptedPods", {}).items()
            if pod in undisturbed and parse_time(since) > oldest
        }

    def _tell(self, budget: Json, pods: list[Json], disrupted: dict[str, str]) -> None:
        expected = self._expected(budget, pods)
        desired = _desired(budget["spec"], expected)
        healthy = sum(
            condition_is_true(pod, "Ready") and not deleting(pod) and name(pod) not in disrupted
            for pod in pods
        )
        allowed = max(0, healthy - desired) if expected > 0 else 0

        def tell(old: Json) -> Json:
            old["status"] = {
                "observedGeneration": old["metadata"]["generation"],
                "expectedPods": expected,
                "desiredHealthy": desired,
                "currentHealthy": healthy,
                "disruptionsAllowed": allowed,
                "conditions": [_condition(old, allowed)],
            } | ({"disruptedPods": disrupted} if disrupted else {})
            return old

        self._registry.update(BUDGETS, namespace(budget), name(budget), tell, CONTROLLER, "status")

    def _expected(self, budget: Json, pods: list[Json]) -> int:
        """How many there should be: as many as their owners want.

        A plain number in minAvailable needs no owners, so there it is how many there are.
        """
        if isinstance(budget["spec"].get("minAvailable"), int):
            return len(pods)
        workloads = {one["metadata"]["uid"]: one for pod in pods if (one := self._workload(pod))}
        return sum(one["spec"]["replicas"] for one in workloads.values())

    def _workload(self, pod: Json) -> Json | None:
        """The deployment of a pod, or the replica set that stands alone, or the stateful set."""
        owner = controller_of(pod)
        if owner and owner["kind"] == STATEFUL_SETS.kind:
            return self._store.get(STATEFUL_SETS.id, namespace(pod), owner["name"])
        found = owner and self._store.get(REPLICA_SETS.id, namespace(pod), owner["name"])
        above = found and controller_of(found)
        if not above:
            return found
        return self._store.get(DEPLOYMENTS.id, namespace(pod), above["name"]) or found


def _desired(spec: Json, expected: int) -> int:
    if "maxUnavailable" in spec:
        return max(0, expected - count_of(spec["maxUnavailable"], expected, round_up=True))
    return count_of(spec.get("minAvailable", 1), expected, round_up=True)


def _condition(budget: Json, allowed: int) -> Json:
    wanted = {
        "type": "DisruptionAllowed",
        "status": "True" if allowed else "False",
        "reason": "SufficientPods" if allowed else "InsufficientPods",
        "message": "",
        "observedGeneration": budget["metadata"]["generation"],
    }
    current = condition(budget, "DisruptionAllowed")
    if current is not None and current["status"] == wanted["status"]:
        return {**wanted, "lastTransitionTime": current["lastTransitionTime"]}
    return {**wanted, "lastTransitionTime": time_text(now())}
