"""How many pods a workload wants, has and may miss: each kind says it in words of its own."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from remediators.core.workload import Pods
from schemas.kinds import DAEMON_SET, DEPLOYMENT, REPLICA_SET, STATEFUL_SET

Object = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Counts:
    wanted: int
    unavailable_max: int
    pods: Pods


def counts(kind: str, spec: Object, status: Object) -> Counts:
    """Raises KeyError for a kind that keeps no pods by a template."""
    return _COUNTS[kind](spec, status)


def _deployment(spec: Object, status: Object) -> Counts:
    wanted = spec.get("replicas", 1)
    most = unavailable_max(spec.get("strategy") or {}, wanted)
    return Counts(wanted, most, _pods(status, status.get("unavailableReplicas", 0)))


def _stateful_set(spec: Object, status: Object) -> Counts:
    """One at a time, unless it says otherwise; without an update strategy of its own, none."""
    wanted = spec.get("replicas", 1)
    pods = _pods(status, max(0, wanted - status.get("availableReplicas", 0)))
    return Counts(wanted, _one_by_one(spec, wanted), pods)


def _replica_set(spec: Object, status: Object) -> Counts:
    """Its pods are all of one template. It never takes one away to replace it."""
    wanted = spec.get("replicas", 1)
    own = {**status, "updatedReplicas": status.get("replicas", 0)}
    missing = max(0, wanted - status.get("availableReplicas", 0))
    return Counts(wanted, 0, _pods(own, missing))


def _daemon_set(spec: Object, status: Object) -> Counts:
    wanted = status.get("desiredNumberScheduled", 0)
    pods = Pods(
        ready=status.get("numberReady", 0),
        updated=status.get("updatedNumberScheduled", 0),
        available=status.get("numberAvailable", 0),
        unavailable=status.get("numberUnavailable", 0),
        total=status.get("currentNumberScheduled", 0),
    )
    return Counts(wanted, _one_by_one(spec, wanted), pods)


def _one_by_one(spec: Object, wanted: int) -> int:
    strategy = spec.get("updateStrategy") or {}
    if strategy.get("type") == "OnDelete":
        return 0
    most = (strategy.get("rollingUpdate") or {}).get("maxUnavailable", 1)
    return min(wanted, _share(most, wanted, up=True))


def _pods(status: Object, unavailable: int) -> Pods:
    return Pods(
        ready=status.get("readyReplicas", 0),
        updated=status.get("updatedReplicas", 0),
        available=status.get("availableReplicas", 0),
        unavailable=unavailable,
        total=status.get("replicas", 0),
    )


def unavailable_max(strategy: Object, replicas: int) -> int:
    """As the Deployment's controller counts: surge rounds up, unavailable down, not both none."""
    if strategy.get("type") == "Recreate":
        return replicas
    rolling = strategy.get("rollingUpdate") or {}
    surge = _share(rolling.get("maxSurge", "25%"), replicas, up=True)
    unavailable = _share(rolling.get("maxUnavailable", "25%"), replicas, up=False)
    return min(replicas, unavailable if surge or unavailable else 1)


def _share(value: int | str, total: int, *, up: bool) -> int:
    if isinstance(value, int):
        return value
    percent = int(value.removesuffix("%"))
    return -(-total * percent // 100) if up else total * percent // 100


_COUNTS = {
    DEPLOYMENT: _deployment,
    STATEFUL_SET: _stateful_set,
    REPLICA_SET: _replica_set,
    DAEMON_SET: _daemon_set,
}
COUNTED = frozenset(_COUNTS)
