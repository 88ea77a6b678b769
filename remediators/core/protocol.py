"""How one announced request is carried to its end: what to do after each thing heard.

No network and no clock in here: the executor performs each move and comes back with what it heard.
The rules, for a request whose INTENT is recorded:

1. It is sent as announced, never rebuilt, and only before the command expires.
2. Once a send may have reached the server, its subject is read before anything else: a trace of
   it (`core.proof`) means that it has happened. A reading may be old: one from before the evidence
   is none, and that nothing is there the server has to say itself, to the same bytes.
3. Without a trace, and with the precondition still true, the same bytes may go out again: they and
   whatever is still under way compete for one marker, name or uid, so at most one of them wins.
4. Without a trace, and with the precondition gone, none of them can win any more.
5. Where a copy could do harm (`core.request.ONCE`) there is none: once in doubt, it is only read.
6. What is made in two calls is begun by the first, so from then on it is in doubt until it is
   whole; sent again, what is there is not made again.
7. When no send is allowed any more, what cannot be read is UNKNOWN, never guessed.
"""

from dataclasses import dataclass, replace

from remediators.core.proof import ANOTHER, Trace, proof
from remediators.core.refusal import Refusal
from remediators.core.reply import Answer, Reply
from remediators.core.request import ONCE
from remediators.core.seen import Seen
from schemas.remediation import Command, OutcomeReason, OutcomeStatus, Request

BACKOFF_MS = 100
BACKOFF_MS_MAX = 2_000
LAST_READS_MS = 5_000
LAST_READS_EVERY_MS = 500
ON_ITS_WAY_MS = 500
"""What is sent in the last moments of a command may be at the API after its time: it is not."""


@dataclass(frozen=True, slots=True)
class Attempt:
    command: Command
    request: Request
    unsure: bool = False
    """A send may have reached the server."""
    conflicted: Answer | None = None
    """The server has just turned the request down; the reading tells why."""
    hindrance: OutcomeReason = OutcomeReason.EXPIRED
    """What kept the last send from its effect; the reason, should time run out."""
    detail: str = ""
    tries: int = 0
    closed: Refusal | None = None
    """Why no send is allowed any more."""
    half: str = ""
    """What is there, where that is not yet all of it."""
    read_until_ms: int = 0
    """Once closed: how long what is under way has to show itself."""


@dataclass(frozen=True, slots=True)
class Send:
    pass


@dataclass(frozen=True, slots=True)
class Read:
    wait_ms: int = 0


@dataclass(frozen=True, slots=True)
class Wait:
    """Then ask `before_send` again."""

    wait_ms: int


@dataclass(frozen=True, slots=True)
class End:
    status: OutcomeStatus
    reason: OutcomeReason = OutcomeReason.NONE
    detail: str = ""


Move = Send | Read | Wait | End
Next = tuple[Attempt, Move]


def begin(command: Command, request: Request) -> Next:
    """A request that was announced just now, by this very process."""
    return Attempt(command, request), Wait(0)


def resume(command: Command, request: Request) -> Next:
    """A request that somebody announced before: it may have been sent, so read first."""
    return Attempt(command, request, unsure=True, hindrance=OutcomeReason.NO_ANSWER), Read()


def in_time(command: Command, now_ms: int) -> bool:
    """Whether what is sent now is at the API before the command expires."""
    return now_ms < command.expires_at_ms - ON_ITS_WAY_MS


def before_send(attempt: Attempt, refusal: Refusal | None, now_ms: int) -> Next:
    """Time and the switches are asked again before every send."""
    if refusal is None and not in_time(attempt.command, now_ms):
        refusal = Refusal(attempt.hindrance, attempt.detail or "expired before it was sent")
    if refusal is None:
        return attempt, Send()
    if attempt.unsure:
        return _closed(attempt, refusal, now_ms), Read()
    return attempt, End(_status_without_effect(refusal.reason), refusal.reason, refusal.detail)


def _status_without_effect(reason: OutcomeReason) -> OutcomeStatus:
    """FAILED where the API had its say, or should have had; REJECTED where we did not ask it."""
    asked = reason in (OutcomeReason.API_DOWN, OutcomeReason.THROTTLED)
    return OutcomeStatus.FAILED if asked else OutcomeStatus.REJECTED


def _closed(attempt: Attempt, refusal: Refusal, now_ms: int) -> Attempt:
    return replace(attempt, closed=refusal, read_until_ms=now_ms + LAST_READS_MS)


def heard(attempt: Attempt, reply: Reply, now_ms: int) -> Next:
    """After a send."""
    unsure = attempt.unsure or reply.begun
    attempt = replace(attempt, detail=reply.detail, conflicted=None, unsure=unsure)
    match reply.answer:
        case Answer.DONE:
            return attempt, End(OutcomeStatus.APPLIED, detail=reply.detail)
        case Answer.CONFLICT | Answer.UNPROCESSABLE:
            return replace(attempt, conflicted=reply.answer), Read()
        case Answer.THROTTLED:
            return _throttled(attempt, reply, now_ms)
        case Answer.NEVER_SENT:
            return _again(replace(attempt, hindrance=OutcomeReason.API_DOWN))
        case Answer.HELD_BACK:
            return _again(attempt)
        case Answer.UNSURE:
            sent = replace(attempt, unsure=True, hindrance=OutcomeReason.NO_ANSWER)
            return replace(sent, tries=sent.tries + 1), Read()
        case Answer.NOT_FOUND | Answer.FORBIDDEN | Answer.INVALID:
            refusal = Refusal(_REASONS[reply.answer], reply.detail)
            return _turned_down(attempt, refusal, now_ms)


_REASONS = {
    Answer.NOT_FOUND: OutcomeReason.NOT_FOUND,
    Answer.FORBIDDEN: OutcomeReason.FORBIDDEN,
    Answer.INVALID: OutcomeReason.INVALID,
}


def _turned_down(attempt: Attempt, refusal: Refusal, now_ms: int) -> Next:
    """For good. That settles this send, not one before it of which we never heard."""
    if attempt.unsure:
        return _closed(attempt, refusal, now_ms), Read()
    return attempt, End(OutcomeStatus.REJECTED, refusal.reason, refusal.detail)


def _throttled(attempt: Attempt, reply: Reply, now_ms: int) -> Next:
    attempt = replace(attempt, hindrance=OutcomeReason.THROTTLED)
    until_expiry_ms = max(0, attempt.command.expires_at_ms - now_ms)
    wait_ms = max(reply.retry_after_ms, _backoff_ms(attempt))
    return replace(attempt, tries=attempt.tries + 1), Wait(min(wait_ms, until_expiry_ms))


def _again(attempt: Attempt) -> Next:
    return replace(attempt, tries=attempt.tries + 1), Wait(_backoff_ms(attempt))


def _backoff_ms(attempt: Attempt) -> int:
    return int(min(BACKOFF_MS * 2 ** min(attempt.tries, 10), BACKOFF_MS_MAX))


def read(attempt: Attempt, seen: Seen | Reply, now_ms: int) -> Next:
    """After a reading of the subject."""
    if isinstance(seen, Reply) and seen.answer is not Answer.NOT_FOUND:
        return _not_read(attempt, seen, now_ms)
    subject = None if isinstance(seen, Reply) else seen
    found = proof(attempt.command, attempt.request, subject)
    match found.trace:
        case Trace.DONE if found.by_absence and _to_be_heard(attempt):
            return _again(attempt)
        case Trace.DONE:
            return attempt, End(OutcomeStatus.APPLIED, detail=found.detail)
        case Trace.PAST:
            return _not_read(attempt, Reply(Answer.UNSURE, found.detail), now_ms)
        case Trace.OPEN:
            return _still_open(replace(attempt, half=found.detail), now_ms)
        case Trace.MOVED:
            return attempt, End(OutcomeStatus.REJECTED, OutcomeReason.STALE, found.detail)
        case Trace.GONE if attempt.unsure:
            return attempt, _unknown(found.detail or ANOTHER)
        case Trace.GONE:
            reason = OutcomeReason.STALE if subject else OutcomeReason.NOT_FOUND
            return attempt, End(OutcomeStatus.REJECTED, reason, found.detail)


def _to_be_heard(attempt: Attempt) -> bool:
    """Whether the server has not answered yet for what the reading says, and may be asked."""
    return attempt.unsure and attempt.conflicted is None and attempt.closed is None


def _still_open(attempt: Attempt, now_ms: int) -> Next:
    """Not applied, and the precondition is true: what was sent may still win, and so may we."""
    if attempt.conflicted is Answer.UNPROCESSABLE and not attempt.half and attempt.closed is None:
        # In doubt, a test may have failed on what an earlier send has done, and the reading be old.
        refusal = Refusal(OutcomeReason.INVALID, attempt.detail)
        return _turned_down(attempt, refusal, now_ms)
    if attempt.unsure and attempt.request.verb in ONCE and attempt.closed is None:
        attempt = _closed(attempt, Refusal(OutcomeReason.NO_ANSWER, NEVER_TWICE), now_ms)
    if attempt.closed is not None:
        return _last_read(attempt, attempt.closed, now_ms)
    if attempt.tries:
        return _again(attempt)
    return replace(attempt, tries=1), Wait(0)


NEVER_TWICE = "it may have been sent, and is never sent twice"


def _not_read(attempt: Attempt, reply: Reply, now_ms: int) -> Next:
    if attempt.closed is None and now_ms >= attempt.command.expires_at_ms:
        expired = Refusal(OutcomeReason.NO_ANSWER, f"cannot be read: {reply.detail}")
        attempt = _closed(attempt, expired, now_ms)
    if attempt.closed is not None:
        return _last_read(attempt, attempt.closed, now_ms)
    wait_ms = max(_backoff_ms(attempt), min(reply.retry_after_ms, BACKOFF_MS_MAX))
    return replace(attempt, tries=attempt.tries + 1), Read(wait_ms)


def _last_read(attempt: Attempt, closed: Refusal, now_ms: int) -> Next:
    """What is under way gets a little time to land; a target that cannot be read, to return."""
    if now_ms >= attempt.read_until_ms:
        words = closed.detail or attempt.detail
        return attempt, _unknown(": ".join(filter(None, (attempt.half, words))))
    return attempt, Read(LAST_READS_EVERY_MS)


def _unknown(detail: str) -> End:
    return End(OutcomeStatus.UNKNOWN, OutcomeReason.NO_ANSWER, detail)
