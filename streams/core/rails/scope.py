"""Whether it is ours to do at all."""

from collections.abc import Set

from schemas.remediation import Target
from streams.core.entries import CrowdState
from streams.core.keys import crowd_key
from streams.core.rails.asked import Asked, Effect, Refusal
from streams.core.reasons import Reason


def fires_itself(asked: Asked) -> Refusal | None:
    """What only follows from an incident is no reason to act on what it is about."""
    crowd = asked.draft.get(crowd_key(asked.incident.incident_id), CrowdState)
    itself = crowd is not None and crowd.firing > crowd.explained
    return None if itself else Refusal(Reason.ONLY_WHAT_FOLLOWS)


def namespace(asked: Effect) -> Refusal | None:
    target, policy = asked.target, asked.policy
    if _within(target, policy.namespaces, policy.cluster_kinds):
        return None
    return Refusal(Reason.NAMESPACE_NOT_ALLOWED, target.namespace or target.kind)


def source(asked: Asked) -> Refusal | None:
    """Labels choose a target only within the scope of whoever sent them."""
    if asked.policy.sources is None:
        return None
    found, target = asked.policy.sources.get(asked.incident.source), asked.target
    inside = found and _within(target, found.namespaces, found.cluster_kinds)
    if found and inside and target.cluster in found.clusters:
        return None
    return Refusal(Reason.OUTSIDE_SOURCE_SCOPE, asked.incident.source)


def _within(target: Target, namespaces: Set[str], cluster_kinds: Set[str]) -> bool:
    """What is in no namespace is allowed by its kind."""
    return target.namespace in namespaces if target.namespace else target.kind in cluster_kinds


def severity(asked: Asked) -> Refusal | None:
    table, mine = asked.policy.severities, asked.incident.severity
    if table is None or (mine in table and table[mine].remediate):
        return None
    return Refusal(Reason.SEVERITY_ONLY_TOLD, mine)
