"""The marker on a target: which commands have changed it, newest first.

It is written in the same call as the change itself, so it is there if and only if the change is.
"""

from dataclasses import dataclass

from remediators.core.refusal import Refusal
from remediators.core.seen import Seen
from schemas.remediation import Command, CommandKind, OutcomeReason

LAST_COMMAND = "mendlog.io/last-command"
IDS_MAX = 8
ID_CHARS_MAX = 64
MARKER_CHARS_MAX = IDS_MAX * (ID_CHARS_MAX + 1)
"""Of ours. It is part of every observation and command, so a longer one ends what is asked."""


def ids(marker: str) -> tuple[str, ...]:
    return tuple(part for part in marker.split(",") if part)


def pushed(marker: str, command_id: str) -> str:
    return ",".join((command_id, *ids(marker))[:IDS_MAX])


def carries(seen: Seen, command_id: str) -> bool:
    return command_id in ids(marker_of(seen))


def marker_of(seen: Seen) -> str:
    return seen.annotations.get(LAST_COMMAND, "")


def foreign(seen: Seen) -> Refusal | None:
    """A marker that we cannot have written: nobody could be told by it what we have done."""
    chars = len(marker_of(seen))
    if chars <= MARKER_CHARS_MAX:
        return None
    words = f"{LAST_COMMAND} has {chars} characters: somebody else has written it"
    return Refusal(OutcomeReason.INVALID, words)


@dataclass(frozen=True, slots=True)
class Precondition:
    """The target exactly as the order was decided on."""

    uid: str
    generation: int
    marker: str
    after_act: bool = False
    """Then a number made of the content cannot be foretold; the marker is."""

    def later_than(self, seen: Seen) -> bool:
        """A generation never goes back, so what has a lower one was read too early."""
        same = self.uid == seen.uid and seen.generation_kept
        return same and seen.generation < self.generation

    def covered(self, seen: Seen) -> bool:
        """Changed more than once, and no mark is left on top of what there was: a mark of ours may
        have been, for `kubectl rollout undo` puts back all annotations of an earlier release."""
        if not seen.generation_kept or seen.generation <= self.generation + 1:
            return False
        before, now = ids(self.marker), ids(marker_of(seen))
        return before[0] not in now[1:] if before else not now

    def moved(self, seen: Seen) -> str:
        """What is no longer as it was, in words."""
        if self.uid != seen.uid:
            return f"uid is {seen.uid}, not {self.uid}: another object of that name"
        foretold = seen.generation_kept or not self.after_act
        if foretold and self.generation != seen.generation:
            return f"generation is {seen.generation}, not {self.generation}"
        if seen.marks_kept and self.marker != marker_of(seen):
            return f"marker is {marker_of(seen) or 'absent'}, not {self.marker or 'absent'}"
        return ""


def precondition(command: Command) -> Precondition:
    """For an ACT the target as observed; for a ROLLBACK the target as its ACT has left it, which
    follows from the same observation: our patch is one update, so it moves the generation by one.
    """
    if command.kind is CommandKind.ROLLBACK:
        return Precondition(
            command.uid,
            command.generation + 1,
            pushed(command.marker, command.undoes),
            after_act=True,
        )
    return Precondition(command.uid, command.generation, command.marker)
