"""Run a Job of the executor's own templates, in the namespace of the workload that it is for.

What it does is in a file of the executor's (`MENDLOG_JOBS_FILE`); a policy can only name it.
"""

from remediators.actions.parameters import bad, undeclared
from remediators.actions.plan import Creation, Right, Row, Scene
from remediators.core.jobs import (
    MADE_FOR,
    TEMPLATE,
    kept_long_enough,
    made_for,
    name_for,
    running,
    selector,
)
from remediators.core.query import Query
from remediators.core.refusal import Refusal
from remediators.core.seen import Json, Seen
from schemas.actions import RUN_JOB
from schemas.kinds import JOB
from schemas.remediation import Command, OutcomeReason, Target


def plan(scene: Scene) -> Creation | Refusal:
    given = scene.command.parameters
    if refusal := undeclared(RUN_JOB, given):
        return refusal
    template = scene.kit.jobs.get(given["job"])
    if template is None:
        return bad(f"no Job of this executor is called {given['job'][:50]}")
    name = name_for(scene.command)
    if isinstance(name, Refusal):
        return name
    kept_s = template["spec"]["ttlSecondsAfterFinished"]
    if refusal := _still_runs(scene, name) or kept_long_enough(scene.command, kept_s):
        return refusal
    target = scene.seen.target
    labels = {MADE_FOR: made_for(target), TEMPLATE: given["job"]}
    return Creation(
        Target(target.cluster, target.namespace, JOB, name), _labelled(template, labels)
    )


def _still_runs(scene: Scene, name: str) -> Refusal | None:
    (made,) = scene.found
    others = [job for job in made if job["metadata"]["name"] != name and running(job)]
    names = sorted(job["metadata"]["name"] for job in others)
    if not names:
        return None
    return Refusal(OutcomeReason.INVALID, f"one of them is still running: {names[0]}")


def _labelled(template: Json, labels: Json) -> Json:
    metadata = template.get("metadata") or {}
    whole = {**metadata, "labels": {**(metadata.get("labels") or {}), **labels}}
    return {**template, "metadata": whole}


def _made(command: Command, _seen: Seen) -> tuple[Query, ...]:
    target = command.target
    template = command.parameters.get("job", "")
    return (Query(JOB, target.namespace, labels=selector(target, template)),)


RIGHTS = (Right("create", JOB), Right("list", JOB))
ROW = Row(RUN_JOB, plan, reads=_made, rights=RIGHTS, marks=False)
