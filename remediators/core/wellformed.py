"""Commands that no sound processor would have written: whoever can write the topic may try."""

import re

from remediators.core.marker import ID_CHARS_MAX
from remediators.core.refusal import Refusal
from schemas.kinds import ELSEWHERE, KINDS, namespaced
from schemas.remediation import Command, CommandKind, OutcomeReason, Target

READ_ONLY = frozenset({CommandKind.LOOK, CommandKind.VERIFY})

_ID = re.compile(rf"[0-9A-Za-z_-]{{1,{ID_CHARS_MAX}}}")
"""Ids stand side by side in a marker, between commas."""
_LABEL = "[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
_NAMESPACE = re.compile(_LABEL)
_NAME = re.compile(rf"{_LABEL}(\.{_LABEL})*")
_NAME_CHARS_MAX = 253
_KNOWN = KINDS.keys() | ELSEWHERE


def malformed(command: Command) -> Refusal | None:
    faults = _faults(command)
    return Refusal(OutcomeReason.INVALID, "; ".join(faults)) if faults else None


def _faults(command: Command) -> list[str]:
    target, changes = command.target, command.kind not in READ_ONLY
    checks = (
        (_ID.fullmatch(command.command_id), "its id is not an id"),
        (target.cluster == command.cluster, "its target is in another cluster"),
        (target.kind in _KNOWN, "its target is of no kind that is known"),
        (_namespace_fits(target), "its namespace is not a name"),
        (
            len(target.name) <= _NAME_CHARS_MAX and _NAME.fullmatch(target.name),
            "its target's name is not a name",
        ),
        (not changes or (command.uid and command.generation > 0), "bound to no observation"),
        (command.kind is not CommandKind.ROLLBACK or command.undoes, "undoes no command"),
    )
    return [words for holds, words in checks if not holds]


def _namespace_fits(target: Target) -> bool:
    """None for what belongs to the whole cluster, and one for all else."""
    if not namespaced(target.kind):
        return target.namespace == ""
    return _NAMESPACE.fullmatch(target.namespace) is not None
