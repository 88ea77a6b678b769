"""An incident's life, as a table: from each phase, what each event leads to.

Written as data so that the docs' diagram and the properties in the tests are made from it.
"""

from collections.abc import Mapping
from enum import StrEnum


class Phase(StrEnum):
    OPEN = "open"
    """Known; waiting for its group, its dwell, or a rail that will lift."""
    SUPPRESSED = "suppressed"
    """Silenced, inhibited, muted or snoozed: nobody is told and nothing is done."""
    LOOKING = "looking"
    AWAITING_APPROVAL = "awaiting_approval"
    COMMANDED = "commanded"
    ACTING = "acting"
    """The executor has recorded its intent."""
    VERIFYING = "verifying"
    ROLLING_BACK = "rolling_back"
    ESCALATED = "escalated"
    """With a human."""
    RESOLVED = "resolved"
    CLOSED = "closed"


class Event(StrEnum):
    READY = "ready"
    HELD = "held"
    MUTED = "muted"
    UNMUTED = "unmuted"
    SKIPPED = "skipped"
    """The step is passed over: its condition does not hold, or another one is preferred."""
    MERGED = "merged"
    """Another incident explains it."""
    PROPOSED = "proposed"
    SECONDED = "seconded"
    """An approval, and another one is needed."""
    APPROVED = "approved"
    OBSERVED = "observed"
    REFUSED = "refused"
    INTENT = "intent"
    APPLIED = "applied"
    RETRY = "retry"
    CHECKED = "checked"
    VERIFIED = "verified"
    UNDO = "undo"
    CLIMB = "climb"
    CLEARED = "cleared"
    REFIRED = "refired"
    QUIET = "quiet"


TRANSITIONS: Mapping[tuple[Phase, Event], Phase] = {
    (Phase.OPEN, Event.READY): Phase.LOOKING,
    (Phase.OPEN, Event.HELD): Phase.OPEN,
    (Phase.OPEN, Event.REFUSED): Phase.ESCALATED,
    (Phase.OPEN, Event.CLEARED): Phase.RESOLVED,
    (Phase.OPEN, Event.SKIPPED): Phase.OPEN,
    (Phase.OPEN, Event.MUTED): Phase.SUPPRESSED,
    (Phase.OPEN, Event.MERGED): Phase.CLOSED,
    (Phase.SUPPRESSED, Event.MUTED): Phase.SUPPRESSED,
    (Phase.SUPPRESSED, Event.UNMUTED): Phase.OPEN,
    (Phase.SUPPRESSED, Event.HELD): Phase.OPEN,
    (Phase.SUPPRESSED, Event.MERGED): Phase.CLOSED,
    (Phase.SUPPRESSED, Event.CLEARED): Phase.RESOLVED,
    (Phase.LOOKING, Event.OBSERVED): Phase.COMMANDED,
    (Phase.LOOKING, Event.HELD): Phase.OPEN,
    (Phase.LOOKING, Event.REFUSED): Phase.ESCALATED,
    (Phase.LOOKING, Event.CLEARED): Phase.RESOLVED,
    (Phase.LOOKING, Event.PROPOSED): Phase.AWAITING_APPROVAL,
    (Phase.AWAITING_APPROVAL, Event.SECONDED): Phase.AWAITING_APPROVAL,
    (Phase.AWAITING_APPROVAL, Event.APPROVED): Phase.LOOKING,
    (Phase.AWAITING_APPROVAL, Event.HELD): Phase.OPEN,
    (Phase.AWAITING_APPROVAL, Event.MUTED): Phase.SUPPRESSED,
    (Phase.AWAITING_APPROVAL, Event.REFUSED): Phase.ESCALATED,
    (Phase.AWAITING_APPROVAL, Event.CLEARED): Phase.RESOLVED,
    (Phase.COMMANDED, Event.INTENT): Phase.ACTING,
    (Phase.COMMANDED, Event.APPLIED): Phase.VERIFYING,
    (Phase.COMMANDED, Event.RETRY): Phase.OPEN,
    (Phase.COMMANDED, Event.CLIMB): Phase.OPEN,
    (Phase.COMMANDED, Event.REFUSED): Phase.ESCALATED,
    (Phase.COMMANDED, Event.CLEARED): Phase.RESOLVED,
    (Phase.ACTING, Event.APPLIED): Phase.VERIFYING,
    (Phase.ACTING, Event.RETRY): Phase.OPEN,
    (Phase.ACTING, Event.CLIMB): Phase.OPEN,
    (Phase.ACTING, Event.REFUSED): Phase.ESCALATED,
    (Phase.ACTING, Event.CLEARED): Phase.RESOLVED,
    (Phase.VERIFYING, Event.CHECKED): Phase.VERIFYING,
    (Phase.VERIFYING, Event.VERIFIED): Phase.RESOLVED,
    (Phase.VERIFYING, Event.RETRY): Phase.OPEN,
    (Phase.VERIFYING, Event.UNDO): Phase.ROLLING_BACK,
    (Phase.VERIFYING, Event.CLIMB): Phase.OPEN,
    (Phase.VERIFYING, Event.REFUSED): Phase.ESCALATED,
    (Phase.ROLLING_BACK, Event.CLIMB): Phase.OPEN,
    (Phase.ROLLING_BACK, Event.REFUSED): Phase.ESCALATED,
    (Phase.ESCALATED, Event.HELD): Phase.ESCALATED,
    (Phase.ESCALATED, Event.CLEARED): Phase.RESOLVED,
    (Phase.RESOLVED, Event.REFIRED): Phase.OPEN,
    (Phase.RESOLVED, Event.QUIET): Phase.CLOSED,
}

IN_FLIGHT = frozenset({Phase.COMMANDED, Phase.ACTING, Phase.ROLLING_BACK})
"""Phases in which an effect may be under way; the target is locked and clearing waits."""


def after(phase: Phase, event: Event) -> Phase:
    """Where the event leads. A pair that is not in the table is a defect of ours."""
    assert (phase, event) in TRANSITIONS, f"no transition from {phase} on {event}"
    return TRANSITIONS[phase, event]
