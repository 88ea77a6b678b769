"""Abort a canary: send all traffic back to the stable release of an Argo Rollout.

It is what `kubectl argo rollouts abort` does, bound to that very canary. Its place is under the
status, where no marker can be written with it: so it is sent once, and in doubt a human looks.
"""

from remediators.actions.parameters import undeclared
from remediators.actions.plan import Right, Row, Scene, StatusPlan
from remediators.core.patch import add, must_be
from remediators.core.refusal import Refusal
from remediators.core.rollouts import Release
from schemas.actions import ABORT_CANARY
from schemas.kinds import REPLICA_SET, ROLLOUT
from schemas.remediation import OutcomeReason

ABORT = ("status", "abort")
CURRENT = ("status", "currentPodHash")
STABLE = ("status", "stableRS")


def plan(scene: Scene) -> StatusPlan | Refusal:
    if refusal := undeclared(ABORT_CANARY, scene.command.parameters):
        return refusal
    release = Release(scene.seen.body)
    if refusal := _nothing_to_abort(scene, release) or _somebody_elses(release):
        return refusal
    tests = (
        must_be(release.current, *CURRENT),
        must_be(release.stable, *STABLE),
        must_be(release.status.get("abort"), *ABORT),
    )
    return StatusPlan((add(True, *ABORT),), tests)


def _nothing_to_abort(scene: Scene, release: Release) -> Refusal | None:
    if scene.seen.leaving:
        return Refusal(OutcomeReason.NOTHING_TO_DO, "it is on its way out")
    if not release.by_canary:
        words = "its strategy is not canary: what an abort does there is for people to weigh"
        return Refusal(OutcomeReason.INVALID, words)
    if not release.observed:
        words = f"its controller has not seen generation {release.generation} yet"
        return Refusal(OutcomeReason.STALE, words)
    if release.aborted:
        return Refusal(OutcomeReason.NOTHING_TO_DO, "it is aborted already")
    if not release.stable:
        words = "no release of it has been stable yet: there is none to go back to"
        return Refusal(OutcomeReason.NOTHING_TO_DO, words)
    if not release.under_way:
        return Refusal(OutcomeReason.NOTHING_TO_DO, "no canary is in progress")
    return None


def _somebody_elses(release: Release) -> Refusal | None:
    """What a person has asked for, and what would keep an abort from its effect."""
    if release.spec.get("paused"):
        words = "somebody has paused it (spec.paused), so no pods would move: resume or abort it"
        return Refusal(OutcomeReason.PAUSED, words)
    if release.status.get("promoteFull"):
        words = "somebody promotes it in full (status.promoteFull), which would undo the abort"
        return Refusal(OutcomeReason.OWNED_ELSEWHERE, words)
    return None


ROW = Row(
    ABORT_CANARY,
    plan,
    rights=(Right("patch", ROLLOUT, "status"), Right("list", REPLICA_SET)),
    marks=False,
)
"""ReplicaSets are the probe's: `stable` asks whether the release that is left has its pods."""
