"""All that is asked of a target before anything is announced: the executor's own look, and what
would be sent, rehearsed. Whatever may refuse does it here.
"""

import functools
from dataclasses import dataclass

from remediators.actions.catalog import announce
from remediators.actions.plan import AnyPlan, Row, Scene
from remediators.core.floor import takes_ready_pods, too_few
from remediators.core.guard import guard
from remediators.core.marker import carries
from remediators.core.outcome import passing
from remediators.core.proof import Trace, proof
from remediators.core.query import Query
from remediators.core.refusal import Refusal
from remediators.core.reply import Answer, Reply
from remediators.core.request import MARKED
from remediators.core.rollouts import REFERRED, taken_over
from remediators.core.seen import Seen
from remediators.core.workload import Surroundings
from remediators.executor.job import Job
from remediators.executor.reading import patiently
from schemas.kinds import ROLLOUT
from schemas.remediation import CommandKind, OutcomeReason, Request


@dataclass(frozen=True, slots=True)
class Happened:
    """The target, or what was to be made, carries this very command's marker."""


Prepared = tuple[Request, AnyPlan] | Happened | Refusal | Reply


async def prepare(job: Job, row: Row) -> Prepared:
    seen = await patiently(job, job.look)
    if isinstance(seen, Reply):
        return _not_seen(seen)
    if carries(seen, job.command.command_id):
        return Happened()
    if refusal := guard(job.command, seen, job.now_ms):
        return refusal
    if refused := await _needed(job, seen) or await _taken_over(job):
        return refused
    planned = await _plan(job, row, seen)
    return await _rehearse(job, *planned) if isinstance(planned, tuple) else planned


async def _needed(job: Job, seen: Seen) -> Refusal | Reply | None:
    """Why pods of it may not go now. An undo is the way back, and health keeps nobody from it."""
    action = job.command.action
    if job.command.kind is CommandKind.ROLLBACK or not takes_ready_pods(action, seen):
        return None
    found = await patiently(job, lambda: _surveyed(job))
    if isinstance(found, Reply):
        return _not_seen(found)
    keeper = found[1].keeper
    if keeper is None:
        return too_few(action, *found, job.means.floor)
    others = job.means.taken.of(keeper.uid, job.now_ms)
    refused = too_few(action, *found, job.means.floor, others)
    if refused is None:
        job.means.taken.take(keeper.uid, job.command.command_id)
    return refused


async def _surveyed(job: Job) -> tuple[Seen, Surroundings] | Reply:
    """Whole, or not at all: what forbids it must be read, or nothing is done."""
    found = await job.survey()
    if isinstance(found, Reply):
        return found
    unread = found[1].unread
    return unread if unread is not None else found


async def _taken_over(job: Job) -> Refusal | Reply | None:
    target = job.command.target
    if target.kind not in REFERRED:
        return None
    query = Query(ROLLOUT, target.namespace)
    rollouts = await patiently(job, lambda: job.cluster.find(query))
    return _not_seen(rollouts) if isinstance(rollouts, Reply) else taken_over(target, rollouts)


async def _plan(job: Job, row: Row, seen: Seen) -> Prepared:
    found = []
    for query in row.reads(job.command, seen):
        objects = await patiently(job, functools.partial(job.cluster.find, query))
        if isinstance(objects, Reply):
            return _not_seen(objects)
        found.append(objects)
    return announce(row, Scene(job.command, seen, tuple(found), job.means.kit))


async def _rehearse(job: Job, request: Request, plan: AnyPlan) -> Prepared:
    """The API's own validation and admission have their say before anything is announced."""
    reply = await patiently(job, lambda: _rehearsed(job, request))
    if not isinstance(reply, Reply) or reply.answer is Answer.DONE:
        return request, plan
    if reply.answer not in (Answer.CONFLICT, Answer.UNPROCESSABLE):
        return _not_seen(reply)
    seen = await patiently(job, lambda: job.look_at(request.target))
    if isinstance(seen, Reply) and seen.answer is not Answer.NOT_FOUND:
        return _not_seen(seen)
    found = proof(job.command, request, None if isinstance(seen, Reply) else seen)
    if found.trace is Trace.OPEN:
        return Refusal(OutcomeReason.INVALID, reply.detail)
    if found.trace is Trace.DONE and request.verb in MARKED:
        return Happened()
    return Refusal(OutcomeReason.STALE, found.detail)


async def _rehearsed(job: Job, request: Request) -> Reply:
    return await job.means.metrics.timed("rehearse", job.cluster.rehearse(request))


def _not_seen(reply: Reply) -> Refusal | Reply:
    """A server that answers has refused; one that does not has failed."""
    if passing(reply):
        return reply
    reason = OutcomeReason.NOT_FOUND if reply.answer is Answer.NOT_FOUND else _forbidden(reply)
    return Refusal(reason, reply.detail)


def _forbidden(reply: Reply) -> OutcomeReason:
    forbidden = reply.answer is Answer.FORBIDDEN
    return OutcomeReason.FORBIDDEN if forbidden else OutcomeReason.INVALID
