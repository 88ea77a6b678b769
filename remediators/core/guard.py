"""May this target be changed? The executor's own look at it, whatever the core has concluded."""

from datetime import datetime

from remediators.core.marker import precondition
from remediators.core.refusal import Refusal
from remediators.core.seen import ENABLED, PAUSED_UNTIL, Seen
from schemas.remediation import Command, OutcomeReason


def guard(command: Command, seen: Seen, now_ms: int) -> Refusal | None:
    if not seen.opted_in:
        return Refusal(OutcomeReason.NOT_OPTED_IN, f'{ENABLED} is not "true"')
    if now_ms < paused_until_ms(seen.paused_until):
        return Refusal(OutcomeReason.PAUSED, f"{PAUSED_UNTIL} is {seen.paused_until}")
    if seen.owner:
        return Refusal(OutcomeReason.OWNED_ELSEWHERE, f"{seen.owner} keeps it as it wants")
    if moved := precondition(command).moved(seen):
        return Refusal(OutcomeReason.STALE, moved)
    return None


def paused_until_ms(text: str) -> float:
    """A date that nobody can read, or that names no zone, pauses for good: the safe reading."""
    if not text:
        return 0
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return float("inf")
    return when.timestamp() * 1000 if when.tzinfo else float("inf")
