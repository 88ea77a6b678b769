"""What whoever looks at an object is told there: what we did to it, or why not.

Its words hold no ids: the same refusal twice is the same news, and is counted.
"""

from dataclasses import dataclass

from remediators.core.wellformed import malformed
from schemas.actions import ACTIONS
from schemas.remediation import (
    Command,
    CommandKind,
    Outcome,
    OutcomeReason,
    OutcomeStatus,
    Target,
)

TEXT_CHARS_MAX = 1_000
QUIET = frozenset({"", OutcomeReason.NOTHING_TO_DO, OutcomeReason.CONDITION_CLEARED})
"""Reasons for which nobody needs to be warned."""
NOT_TOLD = frozenset({OutcomeReason.OUT_OF_SCOPE, OutcomeReason.UNKNOWN_CLUSTER})
"""There we have no business, and no rights."""
_ENDS = {
    OutcomeStatus.APPLIED: "Applied",
    OutcomeStatus.REJECTED: "Refused",
    OutcomeStatus.FAILED: "Failed",
    OutcomeStatus.UNKNOWN: "Unknown",
}


@dataclass(frozen=True, slots=True)
class News:
    target: Target
    uid: str
    action: str
    reason: str
    """One word for programs: `RestartApplied`, `UndoScaleRefused`."""
    text: str
    warning: bool


def news_of(command: Command, outcome: Outcome) -> News | None:
    """None where there is nothing to tell: of what only reads, before the end, and of what is about
    no object."""
    changes = command.kind in (CommandKind.ACT, CommandKind.ROLLBACK)
    end = _ENDS.get(outcome.status)
    if not changes or end is None or outcome.reason in NOT_TOLD or malformed(command):
        return None
    named = command.action if command.action in ACTIONS else "action"
    undo = "undo_" if command.kind is CommandKind.ROLLBACK else ""
    return News(
        command.target,
        command.uid,
        f"{undo}{named}",
        _camel(f"{undo}{named}") + end,
        _text(f"{undo}{named}".replace("_", " "), outcome),
        outcome.status is not OutcomeStatus.APPLIED and outcome.reason not in QUIET,
    )


def _text(what: str, outcome: Outcome) -> str:
    why = ": ".join(filter(None, (outcome.reason, outcome.detail)))
    said = f"{what} {outcome.status.value}{': ' if why else ''}{why}"
    return "".join(c if c.isprintable() else " " for c in said)[:TEXT_CHARS_MAX]


def _camel(words: str) -> str:
    return "".join(word.capitalize() for word in words.split("_"))
