"""May this command be carried out? Asked of the ledger and the clock, before anything is read."""

from dataclasses import dataclass

from remediators.core.ledger import LedgerView
from remediators.core.refusal import Refusal
from remediators.core.request import CREATE, DELETE, EVICT
from remediators.core.wellformed import READ_ONLY, malformed
from schemas.kinds import COMMIT, INSTANCE, JOB, NODE, POD
from schemas.remediation import Command, CommandKind, Outcome, OutcomeReason, Request


@dataclass(frozen=True, slots=True)
class Proceed:
    """Nothing is known of it yet, and it is in time."""


@dataclass(frozen=True, slots=True)
class Skip:
    """Nothing is done and nothing is written."""

    why: str


@dataclass(frozen=True, slots=True)
class Resolve:
    """It was announced and its end is not recorded: find out, never start anew."""

    intent: Outcome


@dataclass(frozen=True, slots=True)
class Doubt:
    """Whether it was announced, and how it ended, nobody can read: so it is UNKNOWN."""

    why: str


Admission = Proceed | Skip | Resolve | Doubt | Refusal

ENDED = "it has ended before"
ALTERED = "announced under this id, as another order"
UNREAD = "it may have been carried out: outcomes has a later record that this release cannot read"
FORGOTTEN = "issued before the ledger begins, and expired"


def admit(command: Command, ledger: LedgerView, now_ms: int) -> Admission:
    known = ledger.known(command.command_id)
    if known.ended:
        return Skip(ENDED)
    if known.intent is not None:
        return _resolve(command, known.intent)
    if command.issued_at_ms < ledger.covers_from_ms:
        # It may have ended where we cannot see it, and a second end would contradict the first.
        return Skip(FORGOTTEN)
    if command.kind not in READ_ONLY and command.issued_at_ms <= ledger.unread_to_ms:
        return Doubt(UNREAD)
    if now_ms >= command.expires_at_ms:
        late_ms = now_ms - command.expires_at_ms
        return Refusal(OutcomeReason.EXPIRED, f"{late_ms} ms too late")
    return malformed(command) or Proceed()


def _resolve(command: Command, intent: Outcome) -> Admission:
    """An id that returns with another content is nobody's order, and must not end the real one."""
    request = intent.request
    same = (intent.incident_id, intent.kind) == (command.incident_id, command.kind)
    if request is None or not same or request.target.cluster != command.cluster:
        return Skip(ALTERED)
    return Resolve(intent) if _within_reach(command, request) else Skip(ALTERED)


def _within_reach(command: Command, request: Request) -> bool:
    """Whether a command of ours could ever announce that. It is sent as it stands, without another
    look: so whoever can write outcomes must not have us reach for anything else."""
    if request.verb == CREATE:
        named = request.target.name == f"mendlog-{command.command_id}"
        return named and request.target.kind in (JOB, COMMIT)
    beyond = (command.target.kind, request.verb, request.target.kind)
    return request.target == command.target or beyond in _BEYOND


_BEYOND = frozenset({(NODE, EVICT, POD), (NODE, DELETE, INSTANCE)})
"""What a drain and a replacement take away."""


def within_budget(
    command: Command, ledger: LedgerView, per_hour_max: int, now_ms: int
) -> Refusal | None:
    """The second guard on the rate: counted from what was recorded, not from what was ordered.
    Undoing is never held up by it."""
    if command.kind is not CommandKind.ACT:
        return None
    acted = ledger.acted_last_hour(command.cluster, now_ms)
    if acted < per_hour_max:
        return None
    return Refusal(
        OutcomeReason.OVER_BUDGET, f"{acted} actions in the last hour, {per_hour_max} allowed"
    )
