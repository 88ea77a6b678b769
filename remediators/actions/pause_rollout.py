"""Pause rollout: keep a release that is under way from going further. And resume: let it go on.

What somebody else has paused, he has paused for a reason, and it is left to him. Who it was, the
API keeps in `managedFields`.
"""

from remediators.actions.parameters import bad, undeclared
from remediators.actions.plan import Plan, Row, Scene
from remediators.core.hands import FIELD_MANAGER, writers_of
from remediators.core.patch import add, must_be, remove
from remediators.core.refusal import Refusal
from schemas.actions import PAUSE_ROLLOUT, RESUME_ROLLOUT
from schemas.remediation import OutcomeReason

PAUSED = ("spec", "paused")
UNDO = {"paused": "true"}
"""What must be there for it to be undone."""


def plan(scene: Scene) -> Plan | Refusal:
    if refusal := undeclared(PAUSE_ROLLOUT, scene.command.parameters):
        return refusal
    if scene.workload.rollout_paused:
        return Refusal(OutcomeReason.NOTHING_TO_DO, "its rollouts are paused already")
    if not _under_way(scene):
        return Refusal(OutcomeReason.NOTHING_TO_DO, "no rollout is under way")
    return Plan((add(True, *PAUSED),), UNDO)


def _under_way(scene: Scene) -> bool:
    seen, pods = scene.workload, scene.workload.pods
    unseen = seen.observed_generation < seen.generation
    return unseen or pods.updated < seen.replicas_wanted or pods.total > pods.updated


def rollback(scene: Scene) -> Plan | Refusal:
    if scene.command.parameters != UNDO:
        return bad("undoing a pause_rollout needs paused, and nothing else")
    return _going_on(scene)


def resume(scene: Scene) -> Plan | Refusal:
    if refusal := undeclared(RESUME_ROLLOUT, scene.command.parameters):
        return refusal
    if scene.workload.rollout_paused and FIELD_MANAGER not in writers_of(scene.seen.body, "paused"):
        words = "somebody else has paused its rollouts (managedFields): they are his to resume"
        return Refusal(OutcomeReason.OWNED_ELSEWHERE, words)
    return _going_on(scene)


def _going_on(scene: Scene) -> Plan | Refusal:
    if not scene.workload.rollout_paused:
        return Refusal(OutcomeReason.NOTHING_TO_DO, "its rollouts are not paused")
    return Plan((remove(*PAUSED),), tests=(must_be(True, *PAUSED),))


ROW = Row(PAUSE_ROLLOUT, plan, rollback)
RESUME_ROW = Row(RESUME_ROLLOUT, resume)
