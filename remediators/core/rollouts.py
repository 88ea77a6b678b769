"""Argo Rollouts that run another workload's pods in its place."""

from collections.abc import Iterable

from remediators.core.refusal import Refusal
from remediators.core.seen import Json
from schemas.kinds import DEPLOYMENT, ROLLOUT
from schemas.remediation import OutcomeReason, Target

REFERRED = frozenset({DEPLOYMENT})
"""Kinds of which a Rollout can take the template; it keeps their pods at none."""


def taken_over(target: Target, rollouts: Iterable[Json]) -> Refusal | None:
    """By one of its namespace that refers to it: its own pods and replicas mean nothing then."""
    names = [each["metadata"]["name"] for each in rollouts if _refers(each, target)]
    if not names:
        return None
    who = ", ".join(f"{ROLLOUT}/{name}" for name in sorted(names))
    words = f"{who} runs its pods in its place (workloadRef): act on that"
    return Refusal(OutcomeReason.OWNED_ELSEWHERE, words)


def _refers(rollout: Json, target: Target) -> bool:
    reference = (rollout.get("spec") or {}).get("workloadRef") or {}
    return (reference.get("kind"), reference.get("name")) == (target.kind, target.name)
