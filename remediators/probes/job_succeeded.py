"""Has the Job succeeded that we have made for the target last?"""

from collections.abc import Mapping

from remediators.core.jobs import failed, newest, selector, succeeded
from remediators.core.query import Query
from remediators.core.reply import Reply
from remediators.probes.sight import Sight, Verdict, untold
from schemas.kinds import JOB


async def probe(_: Mapping[str, str], sight: Sight) -> Verdict:
    target = sight.target
    made = await sight.find(Query(JOB, target.namespace, labels=selector(target)))
    if isinstance(made, Reply):
        return untold(made.detail)
    job = newest(made)
    if job is None:
        return untold("no Job that was made for it is there")
    name = job["metadata"]["name"]
    if failed(job):
        return Verdict(False, f"{name} has failed")
    return Verdict(succeeded(job), f"{name} {'has succeeded' if succeeded(job) else 'is running'}")
