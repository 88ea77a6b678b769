"""Run a failed Job again, once: as a copy of it, under a name of the command's own.

That doing it twice does no harm its owner says, by opting in. The copy has the Job's spec and
nothing that makes others take it for theirs: no owner, no labels or annotations of the Job itself.
"""

from typing import Any

from remediators.actions.parameters import undeclared
from remediators.actions.plan import Creation, Right, Row, Scene
from remediators.core.jobs import (
    KEPT_S,
    MADE_FOR,
    failed,
    kept_long_enough,
    made_for,
    name_for,
    running,
    selector,
    succeeded,
)
from remediators.core.query import Query
from remediators.core.refusal import Refusal
from remediators.core.seen import Json, Seen
from schemas.actions import RERUN_JOB
from schemas.kinds import JOB
from schemas.remediation import Command, OutcomeReason, Target

CONTROLLER = "kubernetes.io/job-controller"
SET_BY_THE_API = frozenset({"controller-uid", "job-name"})
"""Labels of a Job's pods, with and without `batch.kubernetes.io/`: the API sets them anew."""
NOT_COPIED = frozenset({"selector", "manualSelector", "suspend"})


def plan(scene: Scene) -> Creation | Refusal:
    if refusal := undeclared(RERUN_JOB, scene.command.parameters):
        return refusal
    name = name_for(scene.command)
    if isinstance(name, Refusal):
        return name
    spec = copied(scene.seen.body["spec"])
    kept_s = spec["ttlSecondsAfterFinished"]
    if refusal := _unfit(scene, name) or kept_long_enough(scene.command, kept_s):
        return refusal
    target = scene.seen.target
    labels = {MADE_FOR: made_for(target)}
    job = {"apiVersion": "batch/v1", "kind": JOB, "metadata": {"labels": labels}, "spec": spec}
    return Creation(Target(target.cluster, target.namespace, JOB, name), job)


def _unfit(scene: Scene, name: str) -> Refusal | None:
    job = scene.seen.body
    if succeeded(job):
        return Refusal(OutcomeReason.NOTHING_TO_DO, "it has succeeded")
    if words := _wrong(job) or _ran_before(scene, name):
        return Refusal(OutcomeReason.INVALID, words)
    return None


def _wrong(job: Json) -> str:
    spec, labels = job["spec"], job["metadata"].get("labels") or {}
    if MADE_FOR in labels:
        return "it is a Job that we have made ourselves"
    if not failed(job):
        return "it has not failed"
    if running(job):
        return "pods of it are still there"
    if spec.get("manualSelector"):
        return "it has a selector of its own (manualSelector), which would take in its old pods"
    if spec.get("managedBy", CONTROLLER) != CONTROLLER:
        return f"it is run by {spec['managedBy']}"
    return ""


def _ran_before(scene: Scene, name: str) -> str:
    (copies,) = scene.found
    others = sorted(copy["metadata"]["name"] for copy in copies)
    earlier = [other for other in others if other != name]
    return f"it was run again before: {earlier[0]}" if earlier else ""


def copied(spec: Json) -> dict[str, Any]:
    kept_s = max(spec.get("ttlSecondsAfterFinished", 0), KEPT_S)
    plain = {key: value for key, value in spec.items() if key not in NOT_COPIED}
    template = _unlabelled(spec["template"])
    return {**plain, "ttlSecondsAfterFinished": kept_s, "template": template}


def _unlabelled(template: Json) -> dict[str, Any]:
    metadata = template.get("metadata") or {}
    labels = {
        name: value
        for name, value in (metadata.get("labels") or {}).items()
        if name.removeprefix("batch.kubernetes.io/") not in SET_BY_THE_API
    }
    return {**template, "metadata": {**metadata, "labels": labels}}


def _copies(command: Command, _seen: Seen) -> tuple[Query, ...]:
    return (Query(JOB, command.target.namespace, labels=selector(command.target)),)


RIGHTS = (Right("create", JOB), Right("list", JOB))
ROW = Row(RERUN_JOB, plan, reads=_copies, rights=RIGHTS, marks=False)
