"""The API's objects, read into our values. What is absent reads as the API's own default."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from remediators.adapters.kubernetes import owners
from remediators.adapters.kubernetes.counts import COUNTED, counts
from remediators.core.seen import Seen
from remediators.core.selectors import selects
from remediators.core.workload import Condition, Workload
from schemas.kinds import INGRESS, NODE, POD, ROLLOUT
from schemas.remediation import Target

Object = Mapping[str, Any]
ZONE = "topology.kubernetes.io/zone"
INGRESS_NOTES = "nginx.ingress.kubernetes.io/"
"""What its controller is told by annotations, and its generation does not count."""
UNCOUNTED = frozenset({INGRESS, ROLLOUT})
"""Kinds of which a generation does not move with all that an action depends on."""
NODE_CONDITIONS = "node.kubernetes.io/"
"""Taints that controllers set and take away as a node fares."""


def seen(target: Target, found: Object) -> Seen:
    """Raises KeyError or TypeError for what is no such object."""
    if target.kind in COUNTED:
        return workload(target, found)
    return Seen(**_common(target, found))


def workload(target: Target, found: Object) -> Workload:
    spec, status = found["spec"], found.get("status") or {}
    counted = counts(target.kind, spec, status)
    return Workload(
        **_common(target, found),
        observed_generation=status.get("observedGeneration", 0),
        template=spec["template"],
        replicas_wanted=counted.wanted,
        unavailable_max=counted.unavailable_max,
        pods=counted.pods,
        conditions=tuple(_condition(c) for c in status.get("conditions") or ()),
        rollout_paused=bool(spec.get("paused")),
        selector=spec.get("selector") or {},
    )


def _common(target: Target, found: Object) -> dict[str, Any]:
    meta = found["metadata"]
    kept = 0 if target.kind in UNCOUNTED else meta.get("generation", 0)
    return {
        "target": target,
        "uid": meta["uid"],
        "generation": kept or _number_of(target.kind, found),
        "generation_kept": bool(kept),
        "resource_version": meta.get("resourceVersion", ""),
        "annotations": meta.get("annotations") or {},
        "owner": owners.of_object(target.kind, meta),
        "field_managers": _managers(meta),
        "leaving": bool(meta.get("deletionTimestamp")),
        "body": found,
    }


def _number_of(kind: str, found: Object) -> int:
    """Of what the object is for; what controllers report on it does not count."""
    content = json.dumps(_content(kind, found), sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(content.encode()).digest()
    return int.from_bytes(digest[:6], "big") or 1


def _content(kind: str, found: Object) -> Any:
    if kind == INGRESS:
        notes = found["metadata"].get("annotations") or {}
        return [found.get("spec"), {k: v for k, v in notes.items() if k.startswith(INGRESS_NOTES)}]
    if kind == ROLLOUT:
        # A release of the Deployment that it refers to moves no generation of its own.
        status = found.get("status") or {}
        return [found.get("spec"), status.get("currentPodHash"), status.get("stableRS")]
    if kind != NODE:
        return [found.get(part) for part in ("spec", "data", "binaryData")]
    spec = found.get("spec") or {}
    taints = [t for t in spec.get("taints") or () if not t["key"].startswith(NODE_CONDITIONS)]
    return [bool(spec.get("unschedulable")), taints]


def _condition(condition: Object) -> Condition:
    return Condition(
        condition["type"],
        condition["status"],
        condition.get("reason", ""),
        condition.get("message", ""),
    )


def _managers(meta: Object) -> tuple[str, ...]:
    return tuple(sorted({m.get("manager", "") for m in meta.get("managedFields") or ()} - {""}))


def pdb_allowed(found: Seen, budgets: Iterable[Object]) -> int | None:
    """How many pods the strictest budget over them lets go; None without one."""
    labels = _pod_labels(found)
    if labels is None:
        return None
    allowed = [
        _allowed(budget) for budget in budgets if selects(budget["spec"].get("selector"), labels)
    ]
    return min(allowed, default=None)


def _pod_labels(found: Seen) -> Object | None:
    """None for what is neither a pod nor keeps any."""
    if isinstance(found, Workload):
        meta = found.template.get("metadata") or {}
    elif found.target.kind == POD:
        meta = found.body["metadata"]
    else:
        return None
    return meta.get("labels") or {}


def _allowed(budget: Object) -> int:
    """None, as the API itself has it, until the controller has counted by the newest budget."""
    status = budget.get("status") or {}
    counted = status.get("observedGeneration", 0) >= budget["metadata"].get("generation", 0)
    return max(0, status.get("disruptionsAllowed", 0)) if counted else 0


def ready(node: Object) -> bool:
    conditions = (node.get("status") or {}).get("conditions") or ()
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def zones(nodes: Iterable[Object]) -> int:
    labels = ((node["metadata"].get("labels") or {}).get(ZONE) for node in nodes)
    return len({zone for zone in labels if zone})
