"""Pods that are to go: who keeps each of them, and which of them the API would not let go."""

from collections.abc import Iterable, Mapping
from typing import Any

from remediators.core.refusal import Refusal
from remediators.core.seen import Json
from remediators.core.selectors import selects
from schemas.kinds import DAEMON_SET, NODE, STATEFUL_SET
from schemas.remediation import OutcomeReason

MIRROR = "kubernetes.io/config.mirror"
"""On what stands for a static pod: its kubelet keeps that by a file of its own."""
FINISHED = frozenset({"Succeeded", "Failed"})


def titled(pod: Json) -> str:
    meta = pod["metadata"]
    return f"{meta.get('namespace', '')}/{meta['name']}"


def keeper(pod: Json) -> str:
    """The kind of what would replace it; empty for a pod that nobody keeps."""
    return str(_controller(pod).get("kind", ""))


def keeper_name(pod: Json) -> str:
    return str(_controller(pod).get("name", ""))


def _controller(pod: Json) -> Json:
    owners = pod["metadata"].get("ownerReferences") or ()
    return next((owner for owner in owners if owner.get("controller")), {})


def leaving(pod: Json) -> bool:
    return bool(pod["metadata"].get("deletionTimestamp"))


def static(pod: Json) -> bool:
    return MIRROR in (pod["metadata"].get("annotations") or {}) or keeper(pod) == NODE


def to_be_drained(pod: Json) -> bool:
    """Of the pods of a node: all but those that come back to it, or have ended."""
    ended = (pod.get("status") or {}).get("phase") in FINISHED
    return not (ended or static(pod) or keeper(pod) == DAEMON_SET)


def stateful(pod: Json) -> bool:
    return keeper(pod) == STATEFUL_SET


def not_ours_to_take(pod: Json) -> Refusal | None:
    """What is gone for good, or would not be gone at all."""
    if static(pod):
        why = "is static: its kubelet keeps it, and nobody can take it away through the API"
    elif not keeper(pod):
        why = "is kept by nobody: it would not come back. Give it a controller, or remove it"
    else:
        return None
    return Refusal(OutcomeReason.INVALID, f"the pod {titled(pod)} {why}")


def budgets_over(pod: Json, budgets: Iterable[Json]) -> tuple[Json, ...]:
    """Disruption budgets that select it."""
    meta: Mapping[str, Any] = pod["metadata"]
    return tuple(
        budget
        for budget in budgets
        if budget["metadata"].get("namespace") == meta.get("namespace")
        and selects(budget["spec"].get("selector"), meta.get("labels") or {})
    )


def over_budgeted(pod: Json, budgets: Iterable[Json]) -> Refusal | None:
    """The API answers 500 to the eviction of such a pod, now and ever."""
    names = sorted(budget["metadata"]["name"] for budget in budgets_over(pod, budgets))
    if len(names) < 2:
        return None
    words = f"several disruption budgets select the pod {titled(pod)}: {', '.join(names)}"
    return Refusal(OutcomeReason.INVALID, f"{words}. The API evicts no such pod: leave it one")


def ready(found: Json) -> bool:
    """Of a pod, or of a node."""
    conditions = (found.get("status") or {}).get("conditions") or ()
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def left_on(node: Json, pods: Iterable[Json]) -> tuple[Json, ...]:
    """What a drain has still to wait for. On a node that is not ready nobody can tell that a pod
    has ended: there those that are on their way out are not waited for."""
    waits = ready(node)
    return tuple(pod for pod in pods if to_be_drained(pod) and (waits or not leaving(pod)))
