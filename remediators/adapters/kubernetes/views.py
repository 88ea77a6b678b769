"""The API's objects, read into our values. What is absent reads as the API's own default."""

from collections.abc import Iterable, Mapping
from typing import Any

from remediators.adapters.kubernetes import owners
from remediators.core.workload import REVISION, Condition, Pods, Revision, Workload
from schemas.remediation import Target

Object = Mapping[str, Any]
ZONE = "topology.kubernetes.io/zone"


def workload(target: Target, found: Object) -> Workload:
    """Raises KeyError or TypeError for what is not a Deployment."""
    meta, spec = found["metadata"], found["spec"]
    status = found.get("status") or {}
    wanted = spec.get("replicas", 1)
    return Workload(
        target=target,
        uid=meta["uid"],
        generation=meta.get("generation", 0),
        observed_generation=status.get("observedGeneration", 0),
        resource_version=meta.get("resourceVersion", ""),
        annotations=meta.get("annotations") or {},
        template=spec["template"],
        replicas_wanted=wanted,
        unavailable_max=unavailable_max(spec.get("strategy") or {}, wanted),
        pods=_pods(status),
        conditions=tuple(_condition(c) for c in status.get("conditions") or ()),
        rollout_paused=bool(spec.get("paused")),
        selector=spec.get("selector") or {},
        owner=owners.of_object(meta),
        field_managers=_managers(meta),
    )


def _pods(status: Object) -> Pods:
    return Pods(
        ready=status.get("readyReplicas", 0),
        updated=status.get("updatedReplicas", 0),
        available=status.get("availableReplicas", 0),
        unavailable=status.get("unavailableReplicas", 0),
        total=status.get("replicas", 0),
    )


def _condition(condition: Object) -> Condition:
    return Condition(
        condition["type"],
        condition["status"],
        condition.get("reason", ""),
        condition.get("message", ""),
    )


def _managers(meta: Object) -> tuple[str, ...]:
    return tuple(sorted({m.get("manager", "") for m in meta.get("managedFields") or ()} - {""}))


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


def revisions(owner_uid: str, replica_sets: Iterable[Object]) -> tuple[Revision, ...]:
    """Of those that the Deployment controls, oldest first."""
    found = [
        Revision(int(number), rs["spec"]["template"])
        for rs in replica_sets
        if _controlled_by(rs, owner_uid) and (number := _revision(rs)).isdigit()
    ]
    return tuple(sorted(found, key=lambda revision: revision.number))


def _controlled_by(found: Object, uid: str) -> bool:
    owners = found["metadata"].get("ownerReferences") or ()
    return any(o.get("controller") and o.get("uid") == uid for o in owners)


def _revision(found: Object) -> str:
    return str((found["metadata"].get("annotations") or {}).get(REVISION, ""))


def pdb_allowed(template: Object, budgets: Iterable[Object]) -> int | None:
    """How many pods the strictest budget over them lets go; None without one."""
    labels = (template.get("metadata") or {}).get("labels") or {}
    allowed = [
        _allowed(budget) for budget in budgets if selects(budget["spec"].get("selector"), labels)
    ]
    return min(allowed, default=None)


def _allowed(budget: Object) -> int:
    """None, as the API itself has it, until the controller has counted by the newest budget."""
    status = budget.get("status") or {}
    counted = status.get("observedGeneration", 0) >= budget["metadata"].get("generation", 0)
    return max(0, status.get("disruptionsAllowed", 0)) if counted else 0


def selects(selector: Object | None, labels: Mapping[str, str]) -> bool:
    """An empty selector selects everything, an absent one nothing."""
    if selector is None:
        return False
    wanted = selector.get("matchLabels") or {}
    if any(labels.get(key) != value for key, value in wanted.items()):
        return False
    return all(_meets(expression, labels) for expression in selector.get("matchExpressions") or ())


def _meets(expression: Object, labels: Mapping[str, str]) -> bool:
    key, values = expression["key"], expression.get("values") or ()
    match expression["operator"]:
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
    return False


def selector_text(selector: Object) -> str:
    """A selector as a query parameter."""
    parts = [f"{key}={value}" for key, value in (selector.get("matchLabels") or {}).items()]
    for expression in selector.get("matchExpressions") or ():
        values = ",".join(expression.get("values") or ())
        match expression["operator"]:
            case "In":
                parts.append(f"{expression['key']} in ({values})")
            case "NotIn":
                parts.append(f"{expression['key']} notin ({values})")
            case "Exists":
                parts.append(expression["key"])
            case "DoesNotExist":
                parts.append(f"!{expression['key']}")
    return ",".join(parts)


def ready(node: Object) -> bool:
    conditions = (node.get("status") or {}).get("conditions") or ()
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def zones(nodes: Iterable[Object]) -> int:
    labels = ((node["metadata"].get("labels") or {}).get(ZONE) for node in nodes)
    return len({zone for zone in labels if zone})
