"""Whether an action has worked: the alerts are clear and stay clear, and the probes pass.

Anything that cannot be told is not a success.
"""

from dataclasses import dataclass
from enum import Enum

from streams.core.entries import IncidentState
from streams.core.playbook import Verification


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


ANSWER_MS = 5_000
"""A check is not asked again while its answer may still come: the later one would void it."""


def plan(incident: IncidentState, rule: Verification, now_ms: int) -> Plan:
    """What to do next about an incident whose action was applied at `acted_at_ms`."""
    acted_at_ms = incident.acted_at_ms
    assert acted_at_ms is not None
    held_at_ms = _held_at_ms(incident, rule, acted_at_ms)
    passed_at_ms = incident.passed_at_ms
    if held_at_ms is not None and passed_at_ms is not None and passed_at_ms >= held_at_ms:
        return Plan(Next.SUCCEEDED)
    fails_at_ms = acted_at_ms + rule.deadline_ms
    if now_ms >= fails_at_ms:
        return Plan(Next.FAILED)
    check_at_ms = _check_at_ms(incident, rule, acted_at_ms, held_at_ms)
    if check_at_ms is not None and now_ms >= check_at_ms:
        return Plan(Next.CHECK)
    waits = [at for at in (fails_at_ms, check_at_ms) if at is not None]
    return Plan(Next.WAIT, min(waits))


def _held_at_ms(incident: IncidentState, rule: Verification, acted_at_ms: int) -> int | None:
    """Alerts that were clear before the action prove nothing until they have stayed so after it."""
    if incident.clear_since_ms is None:
        return None
    return max(incident.clear_since_ms, acted_at_ms) + rule.hold_ms


def _check_at_ms(
    incident: IncidentState, rule: Verification, acted_at_ms: int, held_at_ms: int | None
) -> int | None:
    """Until the probes pass, at the rule's pace. Then once more, when the alerts have stayed clear:
    what passed before the hold may have failed in it."""
    checked_at_ms = incident.checked_at_ms
    if checked_at_ms is None:
        return acted_at_ms + rule.first_check_ms
    awaited = bool(incident.command_id)
    again_at_ms = checked_at_ms + (max(rule.every_ms, ANSWER_MS) if awaited else rule.every_ms)
    if incident.passed_at_ms is None:
        return again_at_ms
    return None if held_at_ms is None else max(held_at_ms, again_at_ms)
