"""What only the cluster knows: asked on the observation that the action is bound to."""

from collections.abc import Callable
from datetime import datetime

from schemas.actions import ACTIONS, FROM_GIT, REVERT_COMMIT, ROLL_BACK, SCALE
from schemas.remediation import Observation
from streams.core.limits import Limits
from streams.core.rails.asked import Asked, Refusal
from streams.core.reasons import Reason

HPA = "HorizontalPodAutoscaler/"

TargetRail = Callable[[Asked, Observation], Refusal | None]


def refusal(asked: Asked, seen: Observation) -> Refusal | None:
    return next((found for rail in RAILS if (found := rail(asked, seen))), None)


def exists(_asked: Asked, seen: Observation) -> Refusal | None:
    return None if seen.found and seen.uid else Refusal(Reason.TARGET_MISSING)


def opted_in(_asked: Asked, seen: Observation) -> Refusal | None:
    return None if seen.opted_in else Refusal(Reason.NOT_OPTED_IN)


def not_paused(asked: Asked, seen: Observation) -> Refusal | None:
    if seen.paused_until and _until_ms(seen.paused_until) > asked.now_ms:
        return Refusal(Reason.PAUSED, seen.paused_until)
    return None


def _until_ms(text: str) -> float:
    """A date that nobody can read pauses for good: the safe reading."""
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return float("inf")
    return when.timestamp() * 1000 if when.tzinfo else float("inf")


def fresh(asked: Asked, seen: Observation) -> Refusal | None:
    # One from the future is of a clock that is wrong: how old it is, nobody can tell.
    if abs(asked.now_ms - seen.at_ms) > asked.policy.limits.observation_age_ms:
        return Refusal(Reason.OBSERVATION_STALE)
    return None


def in_time(asked: Asked, seen: Observation) -> Refusal | None:
    """The look was ordered by the tape's time and taken by the world's: what lies between them is
    how far the processor is behind."""
    if seen.at_ms - asked.incident.looked_at_ms > asked.policy.limits.decision_lag_ms:
        return Refusal(Reason.DECISION_LAG)
    return None


def ours(asked: Asked, seen: Observation) -> Refusal | None:
    """What another controller keeps as it wants it would be undone, or fought over. An autoscaler
    owns the number of replicas and nothing else."""
    owners = [owner for owner in seen.owner.split(",") if owner]
    action = ACTIONS.get(asked.rung.action)
    if action is not None and action.through_owner:
        return None
    if action is not None and action.beside_git:
        owners = [owner for owner in owners if not owner.startswith(FROM_GIT)]
    others = [o for o in owners if not o.startswith(HPA) or asked.rung.action == SCALE]
    return Refusal(Reason.OWNED_ELSEWHERE, ", ".join(others)) if others else None


def settled(asked: Asked, seen: Observation) -> Refusal | None:
    """Somebody's rollout is under way. Only what is made for that may cut into it."""
    under_way = (
        seen.observed_generation != seen.generation or seen.replicas_updated < seen.replicas_wanted
    )
    action = ACTIONS.get(asked.rung.action)
    if under_way and not (action and action.cuts_in):
        return Refusal(Reason.ROLLING_OUT)
    return None


def nodes(asked: Asked, seen: Observation) -> Refusal | None:
    """Where nodes fail, pods that are taken away may not come back."""
    limits, bad = asked.policy.limits, seen.nodes - seen.nodes_ready
    if not _disruptive(asked) or not seen.nodes:
        return None
    many = bad * 100 > limits.unhealthy_nodes_percent * seen.nodes
    too_many = many if seen.nodes >= limits.crowd else bad > 1
    if too_many or bad >= limits.unhealthy_nodes:
        return Refusal(Reason.NODES_UNHEALTHY, f"{bad} of {seen.nodes} are not ready")
    return None


def healthy_enough(asked: Asked, seen: Observation) -> Refusal | None:
    limits, wanted = asked.policy.limits, seen.replicas_wanted
    if not _takes_pods(asked, seen):
        return None
    share = -(-wanted * limits.min_healthy_percent // 100)
    least = min(wanted, max(share, limits.min_healthy))
    left = seen.replicas_ready - seen.unavailable_max
    if left < least:
        return Refusal(Reason.TOO_FEW_HEALTHY, f"{left} of {wanted} would be left, {least} needed")
    if seen.pdb_allowed is not None and seen.pdb_allowed < seen.unavailable_max:
        return Refusal(Reason.TOO_FEW_HEALTHY, "a disruption budget forbids it")
    return None


RAILS: tuple[TargetRail, ...] = (
    exists,
    opted_in,
    not_paused,
    fresh,
    in_time,
    ours,
    settled,
    nodes,
    healthy_enough,
)


def over_share(asked: Asked, seen: Observation) -> bool:
    """More of the workload at once than one person may decide."""
    if not _takes_pods(asked, seen):
        return False
    allowed = _share(asked.policy.limits, seen.replicas_wanted) - seen.replicas_unavailable
    return seen.unavailable_max > allowed


def _share(limits: Limits, wanted: int) -> int:
    if wanted >= limits.crowd:
        return max(1, wanted * limits.share_percent // 100)
    return 1 if wanted >= 3 else 0


def _takes_pods(asked: Asked, seen: Observation) -> bool:
    """A rollback out of a broken state takes the broken pods first: nothing is lost by it."""
    broken = seen.replicas_ready < seen.replicas_wanted
    if asked.rung.action in (ROLL_BACK, REVERT_COMMIT) and broken:
        return False
    return _disruptive(asked) and seen.unavailable_max > 0


def _disruptive(asked: Asked) -> bool:
    action = ACTIONS.get(asked.rung.action)
    return action is None or action.disruptive
