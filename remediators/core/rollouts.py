"""Argo Rollouts: which run another workload's pods in its place, and how far a release is."""

from collections.abc import Iterable
from dataclasses import dataclass

from remediators.core.refusal import Refusal
from remediators.core.seen import Json
from schemas.kinds import DEPLOYMENT, ROLLOUT
from schemas.remediation import OutcomeReason, Target

REFERRED = frozenset({DEPLOYMENT})
"""Kinds of which a Rollout can take the template; it keeps their pods at none."""
POD_HASH = "rollouts-pod-template-hash"
"""The label by which its controller tells the ReplicaSets of one Rollout apart."""


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


@dataclass(frozen=True, slots=True)
class Release:
    """How far a Rollout is, by its controller's own word."""

    found: Json

    @property
    def spec(self) -> Json:
        spec: Json = self.found.get("spec") or {}
        return spec

    @property
    def status(self) -> Json:
        status: Json = self.found.get("status") or {}
        return status

    @property
    def generation(self) -> int:
        return int(self.found["metadata"].get("generation", 0))

    @property
    def observed(self) -> bool:
        """The newest generation, by its controller, which writes the number as text."""
        return str(self.status.get("observedGeneration", "")) == str(self.generation)

    @property
    def by_canary(self) -> bool:
        return (self.spec.get("strategy") or {}).get("canary") is not None

    @property
    def current(self) -> str:
        """The pods' hash of the release that is wanted."""
        return str(self.status.get("currentPodHash") or "")

    @property
    def stable(self) -> str:
        """That of the release which has got through all its steps last; none in the beginning."""
        return str(self.status.get("stableRS") or "")

    @property
    def under_way(self) -> bool:
        return bool(self.current) and self.current != self.stable

    @property
    def aborted(self) -> bool:
        return bool(self.status.get("abort"))
