"""Whether an action has worked: the alerts are clear and stay clear, and the probes pass.

Anything that cannot be told is not a success.
"""

from dataclasses import dataclass
from enum import Enum

from streams.core.policy import Verification
from streams.core.state import IncidentState


class Next(Enum):
    WAIT = "wait"
    CHECK = "check"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Plan:
    next: Next
    at_ms: int = 0
    """For WAIT: until when."""


def plan(incident: IncidentState, rule: Verification, now_ms: int) -> Plan:
    """What to do next about an incident whose action was applied at `acted_at_ms`."""
    acted_at_ms = incident.acted_at_ms
    assert acted_at_ms is not None
    if _proven(incident, rule, acted_at_ms, now_ms):
        return Plan(Next.SUCCEEDED)
    fails_at_ms = acted_at_ms + rule.deadline_ms
    if now_ms >= fails_at_ms:
        return Plan(Next.FAILED)
    check_at_ms = _check_at_ms(incident, rule, acted_at_ms)
    if now_ms >= check_at_ms:
        return Plan(Next.CHECK)
    waits = [fails_at_ms, check_at_ms]
    if incident.clear_since_ms is not None:
        waits.append(_held_at_ms(incident.clear_since_ms, rule, acted_at_ms))
    return Plan(Next.WAIT, min(at for at in waits if at > now_ms))


def _proven(incident: IncidentState, rule: Verification, acted_at_ms: int, now_ms: int) -> bool:
    clear, passed = incident.clear_since_ms, incident.passed_at_ms
    if clear is None or passed is None or passed < clear:
        return False
    return now_ms >= _held_at_ms(clear, rule, acted_at_ms)


def _held_at_ms(clear_since_ms: int, rule: Verification, acted_at_ms: int) -> int:
    """Alerts that were clear before the action prove nothing until they have stayed so after it."""
    return max(clear_since_ms, acted_at_ms) + rule.hold_ms


def _check_at_ms(incident: IncidentState, rule: Verification, acted_at_ms: int) -> int:
    if incident.checked_at_ms is None:
        return acted_at_ms + rule.first_check_ms
    return incident.checked_at_ms + rule.every_ms
