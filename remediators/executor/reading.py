"""The commands that only read: LOOK and VERIFY."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from remediators.core.marker import foreign
from remediators.core.outcome import passing
from remediators.core.reply import Answer, Reply
from remediators.core.seen import Seen
from remediators.core.workload import Surroundings
from remediators.executor.job import Job
from remediators.probes.asked import Unreadable, asked
from remediators.probes.catalog import run
from remediators.probes.sight import Sight
from schemas.remediation import Check

T = TypeVar("T")
READ_AGAIN_S = 0.25
VERIFY_READS_MAX = 3
PROBES = "probes"
"""The parameter of a VERIFY."""


async def look(job: Job) -> None:
    """Asked until it answers, or until nobody waits for it any more."""
    pen = job.pen

    async def ask() -> tuple[Seen, Surroundings] | Reply:
        nonlocal pen
        pen = job.pen  # An observation is as old as the moment before it was asked for.
        return await job.survey()

    found = await patiently(job, ask)
    if not isinstance(found, Reply) and (refused := foreign(found[0])):
        await job.write(pen.refused(job.command, refused))
    elif not isinstance(found, Reply):
        await job.write(pen.observed(job.command, *found))
    elif found.answer is Answer.NOT_FOUND:
        await job.write(pen.missing(job.command))
    else:
        await job.write(job.pen.failed(job.command, found))


async def patiently(job: Job, ask: Callable[[], Awaitable[T | Reply]]) -> T | Reply:
    """Nothing is sent by a reading, so an API that is down costs time and no attempt. Nobody waits
    for what is withdrawn."""
    while True:
        answer = await ask()
        again = isinstance(answer, Reply) and passing(answer) and job.in_time
        if not isinstance(answer, Reply) or not again or job.withdrawn:
            return answer
        left_s = (job.command.expires_at_ms - job.now_ms) / 1000
        await asyncio.sleep(max(READ_AGAIN_S, min(answer.retry_after_ms / 1000, left_s)))


async def verify(job: Job) -> None:
    """Each probe once, side by side. Of what cannot be read as a list of probes, none."""
    command, outlook = job.command, job.means.outlook
    sight = Sight(command.target, lambda: _few_times(job), outlook, job.cluster.find, command.uid)
    try:
        wanted = asked(job.command.parameters.get(PROBES, ""))
        checks = await asyncio.gather(*(run(probe, sight) for probe in wanted))
    except Unreadable as fault:
        checks = [Check(PROBES, None, str(fault))]
    await job.write(job.pen.checked(job.command, tuple(checks)))


async def _few_times(job: Job) -> Seen | Reply:
    """The core asks again by its own rule, so patience would only make the answer old."""
    for _ in range(VERIFY_READS_MAX - 1):
        seen = await job.look()
        if not (isinstance(seen, Reply) and passing(seen)):
            return seen
        await asyncio.sleep(READ_AGAIN_S)
    return await job.look()
