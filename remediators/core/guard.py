"""May this target be changed? The executor's own look at it, whatever the core has concluded."""

from datetime import datetime

from remediators.core.hands import last_hand
from remediators.core.marker import precondition
from remediators.core.refusal import Refusal
from remediators.core.seen import ENABLED, PAUSED_UNTIL, Seen
from schemas.actions import ACTIONS, FROM_GIT
from schemas.kinds import AUTOSCALER
from schemas.remediation import Command, OutcomeReason

EVIDENCE_AGE_MS = 60_000
"""More than an observation may be old when a command is made of it, and less than a coincidence."""


def guard(command: Command, seen: Seen, now_ms: int) -> Refusal | None:
    if not seen.opted_in:
        return Refusal(OutcomeReason.NOT_OPTED_IN, f'{ENABLED} is not "true"')
    if now_ms < paused_until_ms(seen.paused_until):
        return Refusal(OutcomeReason.PAUSED, f"{PAUSED_UNTIL} is {seen.paused_until}")
    if others := kept_by(seen, command.action):
        return Refusal(OutcomeReason.OWNED_ELSEWHERE, f"{others} keeps it as it wants")
    if moved := precondition(command).moved(seen):
        return Refusal(OutcomeReason.STALE, _with_whom(moved, command, seen))
    return None


def kept_by(seen: Seen, action: str) -> str:
    """Whoever would undo what this action changes. An autoscaler would not: it owns the number of
    replicas, and an action that changes that asks for itself."""
    row = ACTIONS.get(action)
    if row is not None and row.through_owner:
        return ""
    spared = (f"{AUTOSCALER}/", *(FROM_GIT if row is not None and row.beside_git else ()))
    others = (owner for owner in seen.owner.split(",") if not owner.startswith(spared))
    return ", ".join(filter(None, others))


def _with_whom(moved: str, command: Command, seen: Seen) -> str:
    hand = last_hand(seen, command.issued_at_ms - EVIDENCE_AGE_MS)
    return f"{moved}; {hand}" if hand else moved


def paused_until_ms(text: str) -> float:
    """A date that nobody can read, or that names no zone, pauses for good: the safe reading."""
    if not text:
        return 0
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return float("inf")
    return when.timestamp() * 1000 if when.tzinfo else float("inf")
