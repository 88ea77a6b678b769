"""Roll back: return to the release before this one.

A restart makes a revision too, and so do a degrade and more memory, of the same release; going back
to that would change nothing that matters. So revisions are compared without what those change.
Revisions that a roll-back has left before are remembered on the target and never returned to, or
two roll-backs in a row would end on the release that the first one has fled.

Of the others one that has available pods right now goes first: it is seen to work, while those
between may be the failed attempts that a rollout has never got past. Nothing else tells a healthy
revision: no ReplicaSet remembers whether its pods were ever available.
"""

from collections.abc import Mapping
from typing import Any

from remediators.actions import degrade, raise_memory
from remediators.actions.parameters import undeclared
from remediators.actions.plan import Plan, Right, Row, Scene
from remediators.actions.releases import Revision, replica_sets, revision_number, revisions
from remediators.actions.restart import RESTARTED_AT
from remediators.core.patch import add
from remediators.core.refusal import Refusal
from remediators.core.seen import Json
from schemas.actions import ROLL_BACK
from schemas.kinds import REPLICA_SET
from schemas.remediation import OutcomeReason

TEMPLATE_HASH = "pod-template-hash"
LEFT = "mendlog.io/rolled-back-from"
LEFT_MAX = 16


def plan(scene: Scene) -> Plan | Refusal:
    if refusal := undeclared(ROLL_BACK, scene.command.parameters):
        return refusal
    if scene.workload.rollout_paused:
        return Refusal(OutcomeReason.PAUSED, "its rollouts are paused (spec.paused)")
    seen, made = scene.workload.observed_generation, scene.workload.generation
    if seen < made:
        return Refusal(OutcomeReason.STALE, f"generation {made} has no revision yet")
    current = revision_number(scene.workload.revision)
    if current is None:
        return Refusal(OutcomeReason.NOTHING_TO_DO, "it names no current revision")
    wanted = _release_before(scene, current)
    if wanted is None:
        return Refusal(OutcomeReason.NOTHING_TO_DO, f"no other release before revision {current}")
    return Plan(
        (
            add(without_hash(wanted.template), "spec", "template"),
            add(_left(scene, current), "metadata", "annotations", LEFT),
        )
    )


def _release_before(scene: Scene, current: int) -> Revision | None:
    left = _left_before(scene)
    others = [
        revision
        for revision in _revisions(scene)
        if revision.number < current
        and revision.number not in left
        and not _is_here(revision.template, scene)
    ]
    return max(others, key=lambda revision: (revision.available > 0, revision.number), default=None)


def _revisions(scene: Scene) -> tuple[Revision, ...]:
    (sets,) = scene.found
    return revisions(scene.workload.uid, sets)


def _left(scene: Scene, current: int) -> str:
    """Every revision of the release that is left, newest first, then those left before."""
    now = {r.number for r in _revisions(scene) if _is_here(r.template, scene)}
    now.add(current)
    numbers = [*sorted(now, reverse=True), *sorted(_left_before(scene) - now, reverse=True)]
    return ",".join(str(number) for number in numbers[:LEFT_MAX])


def _left_before(scene: Scene) -> set[int]:
    text = scene.workload.annotations.get(LEFT, "")
    numbers = {revision_number(part) for part in text.split(",")}
    return {number for number in numbers if number is not None}


def without_hash(template: Json) -> dict[str, Any]:
    """The label that the Deployment's controller has added to tell its ReplicaSets apart."""
    return _without(template, "labels", TEMPLATE_HASH)


def _is_here(template: Json, scene: Scene) -> bool:
    """Whether it is of the release that is there now. One with less memory may be; one with more is
    another, or a release that took memory away could not be rolled back."""
    now = scene.workload.template
    same = _release(template, scene) == _release(now, scene)
    return same and raise_memory.no_less(now, template)


def _release(template: Json, scene: Scene) -> dict[str, Any]:
    """What makes two revisions the same release, apart from memory that was raised."""
    pods = raise_memory.without(degrade.without(template, scene.kit.degraded_param))
    return _without(without_hash(pods), "annotations", RESTARTED_AT)


def _without(template: Json, member: str, name: str) -> dict[str, Any]:
    """An emptied map is dropped: absent and empty mean the same to the API."""
    metadata: Mapping[str, Any] = template.get("metadata") or {}
    kept = {k: v for k, v in (metadata.get(member) or {}).items() if k != name}
    rest = {k: v for k, v in metadata.items() if k != member}
    return {**template, "metadata": {**rest, member: kept} if kept else rest}


ROW = Row(ROLL_BACK, plan, reads=replica_sets, rights=(Right("list", REPLICA_SET),))
