"""What a condition in a policy may ask of an incident."""

from collections.abc import Mapping

from streams.core.draft import Draft
from streams.core.entries import CrowdState, IncidentState
from streams.core.keys import crowd_key
from streams.core.playbook import Condition, ConditionFailed
from streams.core.policy import Policy


def of(draft: Draft, policy: Policy, incident: IncidentState) -> Mapping[str, object]:
    """All numbers are doubles, so that a condition need not know which are whole."""
    crowd = draft.get(crowd_key(incident.incident_id), CrowdState) or CrowdState()
    service = policy.service_named(incident.service)
    return {
        "severity": incident.severity,
        "service": incident.service,
        "criticality": service.criticality if service else "",
        "count": float(crowd.firing),
        "age_s": (draft.now_ms - incident.opened_at_ms) / 1000,
        "attempts": float(incident.attempts),
        "step": float(incident.step + 1),
        "change_related": incident.change_related,
        "labels": dict(incident.labels),
        "measured": dict(incident.measured),
    }


def holds(
    draft: Draft, policy: Policy, incident: IncidentState, condition: Condition
) -> bool | str:
    """Whether it holds, or in words why that cannot be told."""
    try:
        return condition.holds(of(draft, policy, incident))
    except ConditionFailed as fault:
        return str(fault) or "it cannot be evaluated"
