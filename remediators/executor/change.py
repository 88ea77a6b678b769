"""The commands that change something: announced, sent at most once with effect, and concluded.

`core.protocol` says what to do next; here it is done.
"""

import asyncio
from collections.abc import Callable

from remediators.actions.catalog import row_for
from remediators.actions.plan import Row
from remediators.core.admit import within_budget
from remediators.core.proof import Trace, proof
from remediators.core.protocol import End, Next, Read, Send, Wait, before_send, begin, heard, read
from remediators.core.protocol import resume as resumed
from remediators.core.refusal import Refusal
from remediators.core.reply import Answer, Reply
from remediators.executor.desk import SWIFT_MS
from remediators.executor.job import Job
from remediators.executor.prepare import Happened, prepare
from remediators.ports import BrokerLost
from schemas.remediation import CommandKind, Outcome, OutcomeReason, OutcomeStatus, Request

HEARTBEAT_WAIT_S = 5.0
NOT_ANNOUNCED = (
    "it carries the mark of this command, which nobody has announced: who has written it?"
)

NOT_ASKED = frozenset(
    {
        OutcomeReason.EXPIRED,
        OutcomeReason.NO_HEARTBEAT,
        OutcomeReason.CLOCK_SKEW,
        OutcomeReason.KILLED,
        OutcomeReason.CONDITION_CLEARED,
    }
)
"""Ends of what we have announced and never sent."""


async def change(job: Job) -> None:
    row = await _admitted(job)
    if isinstance(row, Refusal):
        await _refuse(job, row)
        return
    try:
        await _change(job, row)
    finally:
        job.means.taken.gone(job.command.command_id, job.now_ms)


async def _change(job: Job, row: Row) -> None:
    match await prepare(job, row):
        case (request, plan):
            if refusal := _spend(job):
                job.means.taken.left(job.command.command_id)
                await _refuse(job, refusal)
            else:
                await _announce(job, job.pen.intent(job.command, request, plan.undo))
        case without_intent:
            job.means.taken.left(job.command.command_id)
            await _unannounced(job, without_intent)


async def _refuse(job: Job, why: Refusal) -> None:
    """Unless somebody else has begun it, or ended it, since we have read the topic."""
    await job.desk.catch_up()
    known = job.desk.view.known(job.command.command_id)
    if known.intent is not None and not known.ended:
        await resume(job, known.intent)
    elif not known.ended:
        await job.write(job.pen.refused(job.command, why))


async def _announce(job: Job, intent: Outcome) -> None:
    """Where two have announced something of one command, the topic settles it: only what stands
    there first is ever sent, and nothing that somebody has ended while we were frozen."""
    await job.write(intent)
    job.means.reached("executor.intent_acked")
    first = await job.desk.on_record(job.command)
    if first.ended:
        return
    if first.intent is None:
        raise BrokerLost("outcomes does not have what it has acknowledged")
    if first.intent == intent:
        await _conclude(job, intent, begin(job.command, _announced(intent)))
    else:
        await resume(job, first.intent)


async def _unannounced(job: Job, why: Happened | Refusal | Reply) -> None:
    """One whom we took for gone may have announced it after our reading of the topic, and what we
    have met may be his effect: then it is not for us to refuse."""
    known = await job.desk.on_record(job.command)
    if known.ended:
        return
    if known.intent is not None:
        await resume(job, known.intent)
        return
    match why:
        case Refusal():
            await job.write(job.pen.refused(job.command, why))
        case Reply() if job.withdrawn:
            await job.write(job.pen.refused(job.command, job.withdrawn))
        case Reply():
            await job.write(job.pen.failed(job.command, why))
        case Happened():
            forged = End(OutcomeStatus.UNKNOWN, OutcomeReason.INVALID, NOT_ANNOUNCED)
            await job.write(job.pen.ended(job.command, None, forged))


async def resume(job: Job, intent: Outcome) -> None:
    """The INTENT is somebody's, perhaps our own of an earlier life: its request is the request."""
    await job.means.clock.wait_fresh(HEARTBEAT_WAIT_S)
    await _conclude(job, intent, resumed(job.command, _announced(intent)))


def _announced(intent: Outcome) -> Request:
    assert intent.request is not None, "an INTENT without its request"
    return intent.request


async def _admitted(job: Job) -> Row | Refusal:
    """What may refuse whatever the target is like. There may be thousands of these."""
    row = row_for(job.command)
    if isinstance(row, Refusal):
        return row
    await job.means.clock.wait_fresh(HEARTBEAT_WAIT_S)
    return job.refusal or _within_budget(job) or row


def _within_budget(job: Job) -> Refusal | None:
    limit = job.means.actions_per_hour_max
    return within_budget(job.command, job.desk.view, limit, job.now_ms)


def _spend(job: Job) -> Refusal | None:
    """Asked again: while this one was prepared, commands for other targets have been announced, and
    its own alerts may have ended."""
    if refusal := job.withdrawn or _within_budget(job):
        return refusal
    if job.command.kind is CommandKind.ACT:
        job.desk.view.spend(job.command.cluster, job.command.command_id, job.now_ms)
    return None


async def _conclude(job: Job, intent: Outcome, first: Next) -> None:
    end, asked = await _carry(job, intent, first)
    slow = job.now_ms - intent.at_ms > SWIFT_MS
    if slow and end.reason in NOT_ASKED and (not asked or await _has_happened(job, intent)):
        # Frozen before our first byte left: whoever took over may have sent it.
        end, _ = await _carry(job, intent, resumed(job.command, _announced(intent)))
    if job.command.kind is CommandKind.ROLLBACK:
        job.means.reached("executor.mid_rollback")
    if job.now_ms - intent.at_ms > SWIFT_MS and (await job.desk.on_record(job.command)).ended:
        return  # We were slow, or frozen, and somebody else has told its end.
    await job.write(job.pen.ended(job.command, intent, end))
    job.means.reached("executor.result_acked")


async def _has_happened(job: Job, intent: Outcome) -> bool:
    """Although the API has turned us down: another may have asked it later, in our place."""
    request = _announced(intent)
    seen = await job.look_at(request.target)
    if isinstance(seen, Reply):
        return False
    return proof(job.command, request, seen).trace is Trace.DONE


async def _carry(job: Job, intent: Outcome, step: Next) -> tuple[End, bool]:
    """How it ends, and whether we have asked the API for it."""
    request, asked, sent = _announced(intent), False, False
    while True:
        attempt, move = step
        match move:
            case End():
                return move, asked
            case Wait(wait_ms):
                await asyncio.sleep(wait_ms / 1000)
                refusal = job.stopped if sent else job.refusal
                step = before_send(attempt, refusal, job.now_ms)
            case Read(wait_ms):
                await asyncio.sleep(wait_ms / 1000)
                step = read(attempt, await job.look_at(request.target), job.now_ms)
            case Send():
                reply = await _send(job, request, job.may_repeat if sent else job.may_send)
                sent = sent or reply.begun or reply.answer is Answer.UNSURE
                asked = asked or reply.answer not in (Answer.HELD_BACK, Answer.NEVER_SENT)
                step = heard(attempt, reply, job.now_ms)


async def _send(job: Job, request: Request, may_send: Callable[[], bool]) -> Reply:
    reply = await job.means.metrics.timed("send", job.cluster.send(request, may_send))
    job.means.reached("executor.response_read")
    return reply
