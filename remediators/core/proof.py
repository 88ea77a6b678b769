"""Has an announced request had its effect, and could it still? Asked of its subject, as it is now.

Each verb leaves a trace of its own: a patch and a creation our marker, a deletion the absence of
that very uid, a value that was set the value. A change of a status leaves none.
"""

from dataclasses import dataclass
from enum import StrEnum

from remediators.core.marker import carries, precondition
from remediators.core.request import (
    CREATE,
    PATCH,
    SET,
    SET_STATUS,
    removed_uid,
    set_value,
    was_value,
)
from remediators.core.seen import Seen
from remediators.core.status import failing
from schemas.remediation import Command, Request


class Trace(StrEnum):
    DONE = "done"
    OPEN = "open"
    """Not yet, and it may still have it; sent again, it has it once at most."""
    MOVED = "moved"
    """Not, and never again: what it depends on is no longer so."""
    GONE = "gone"
    """What it was about is no longer there, and nobody can tell."""
    PAST = "past"
    """As it was before the evidence: a reading that is too old to tell anything."""


@dataclass(frozen=True, slots=True)
class Proof:
    trace: Trace
    detail: str = ""
    by_absence: bool = False
    """DONE only because nothing is seen, which an old reading may not have seen yet."""


ANOTHER = "the object that it was sent to is gone"


def proof(command: Command, request: Request, seen: Seen | None) -> Proof:
    """`seen` is None where nothing of that name is there."""
    if request.verb == PATCH:
        return _patched(command, seen)
    if request.verb == CREATE:
        return _created(command, seen)
    if request.verb == SET:
        return _set(request, seen)
    if request.verb == SET_STATUS:
        return _status_set(request, seen)
    return _removed(request, seen)


def _set(request: Request, seen: Seen | None) -> Proof:
    now = None if seen is None else seen.body["value"]
    if now == set_value(request):
        return Proof(Trace.DONE)
    was = was_value(request)
    if now is None or was is None or now == was:
        return Proof(Trace.OPEN)
    return Proof(Trace.GONE, "it has a third value by now: somebody has set it since")


def _status_set(request: Request, seen: Seen | None) -> Proof:
    """Never done, by a reading: that it is as we wanted it may be somebody else's doing."""
    if seen is None:
        return Proof(Trace.GONE, ANOTHER)
    moved = failing(request, seen.body)
    return Proof(Trace.GONE, f"{moved}; by whom, nobody can tell") if moved else Proof(Trace.OPEN)


def _patched(command: Command, seen: Seen | None) -> Proof:
    if seen is None:
        return Proof(Trace.GONE, ANOTHER)
    if carries(seen, command.command_id):
        return Proof(Trace.DONE)
    expected = precondition(command)
    if seen.uid != expected.uid:
        return Proof(Trace.GONE, expected.moved(seen))
    if expected.later_than(seen):
        return Proof(Trace.PAST, f"read as of generation {seen.generation}, which was before")
    moved = expected.moved(seen)
    if moved and expected.covered(seen):
        return Proof(Trace.GONE, f"{moved}, and annotations may have been put back")
    return Proof(Trace.MOVED, moved) if moved else Proof(Trace.OPEN)


def _created(command: Command, seen: Seen | None) -> Proof:
    if seen is None:
        return Proof(Trace.OPEN)
    if carries(seen, command.command_id):
        whole = not seen.unfinished
        return Proof(Trace.DONE, seen.link) if whole else Proof(Trace.OPEN, seen.unfinished)
    return Proof(Trace.MOVED, f"there is a {seen.target.kind} of that name, and it is not ours")


def _removed(request: Request, seen: Seen | None) -> Proof:
    """That it is gone is all that was wanted, and it cannot be twice."""
    if seen is None or seen.uid != removed_uid(request):
        return Proof(Trace.DONE, REMOVED, by_absence=True)
    return Proof(Trace.DONE, REMOVED) if seen.leaving else Proof(Trace.OPEN)


REMOVED = "it is gone; by whom, nobody can tell"
