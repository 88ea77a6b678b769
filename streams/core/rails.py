"""The safety rails: may this step be taken now, on this target?

Each rail answers with the reason for which it refuses, or None. They are asked before the look,
so that nobody is bothered in vain, and again on the observation that the action is bound to.
"""

from collections.abc import Callable, Iterator
from datetime import datetime

from schemas.actions import ROLL_BACK
from schemas.remediation import Observation, Target
from streams.core.draft import Draft
from streams.core.policy import Limits, Policy, Rung
from streams.core.reasons import Reason
from streams.core.state import Acted, IncidentState, TargetState, target_key

MINUTE_MS = 60_000
HOUR_MS = 3_600_000


def before_look(
    draft: Draft, policy: Policy, incident: IncidentState, rung: Rung, target: Target
) -> Reason | None:
    """What the core knows by itself: switches, clock, budgets, the target's history."""
    if target.namespace not in policy.namespaces:
        return Reason.NAMESPACE_NOT_ALLOWED
    limits = policy.limits
    if incident.attempts >= limits.attempts_per_incident:
        return Reason.ATTEMPTS_SPENT
    partition, scope = draft.partition, draft.scope(incident.cluster)
    if partition.killed or scope.killed:
        return Reason.KILLED
    if partition.ticks_to_agree:
        return Reason.CLOCK_JUMP
    if len(scope.in_flight) >= limits.concurrent:
        return Reason.TOO_MANY_AT_ONCE
    return _rate(draft, scope.acted_at_ms, limits) or _history(
        draft, incident, rung, target, limits
    )


def before_undo(draft: Draft, incident: IncidentState, target: Target) -> Reason | None:
    """Undoing is an effect like any other: not under a kill switch, nor where another is."""
    policy = draft.policy()
    if policy and target.namespace not in policy.namespaces:
        return Reason.NAMESPACE_NOT_ALLOWED
    if draft.partition.killed or draft.scope(incident.cluster).killed:
        return Reason.KILLED
    held = draft.get(target_key(target), TargetState)
    return Reason.TARGET_LOCKED if held and held.locked_by else None


def _rate(draft: Draft, acted_at_ms: tuple[int, ...], limits: Limits) -> Reason | None:
    if _since(acted_at_ms, draft.now_ms - MINUTE_MS) >= limits.actions_per_minute:
        return Reason.RATE_PER_MINUTE
    if _since(acted_at_ms, draft.now_ms - HOUR_MS) >= limits.actions_per_hour:
        return Reason.RATE_PER_HOUR
    return None


def _since(times_ms: tuple[int, ...], after_ms: int) -> int:
    return sum(at > after_ms for at in times_ms)


def _history(
    draft: Draft, incident: IncidentState, rung: Rung, target: Target, limits: Limits
) -> Reason | None:
    held = draft.get(target_key(target), TargetState) or TargetState()
    if held.locked_by:
        return Reason.TARGET_LOCKED
    same = [
        a
        for a in held.acted
        if a.action == rung.action and a.at_ms > draft.now_ms - limits.attempts_window_ms
    ]
    if len(same) >= limits.attempts_per_target:
        return Reason.ATTEMPTS_SPENT
    if any(_cools(a, incident, draft.now_ms - limits.cooldown_ms) for a in held.acted):
        return Reason.COOLDOWN
    return None


def _cools(acted: Acted, incident: IncidentState, after_ms: int) -> bool:
    """A ladder may climb on its own target; others wait until it has cooled down."""
    return acted.at_ms > after_ms and acted.incident_id != incident.incident_id


def on_observation(draft: Draft, policy: Policy, rung: Rung, seen: Observation) -> Reason | None:
    """What only the cluster knows."""
    return next((r for rail in TARGET_RAILS for r in rail(draft, policy, rung, seen)), None)


def _exists(_d: Draft, _p: Policy, _r: Rung, seen: Observation) -> Iterator[Reason]:
    if not seen.found or not seen.uid:
        yield Reason.TARGET_MISSING


def _opted_in(_d: Draft, _p: Policy, _r: Rung, seen: Observation) -> Iterator[Reason]:
    if not seen.opted_in:
        yield Reason.NOT_OPTED_IN


def _not_paused(draft: Draft, _p: Policy, _r: Rung, seen: Observation) -> Iterator[Reason]:
    if seen.paused_until and _until_ms(seen.paused_until) > draft.now_ms:
        yield Reason.PAUSED


def _until_ms(text: str) -> float:
    """A date that nobody can read pauses for good: the safe reading."""
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return float("inf")
    return when.timestamp() * 1000 if when.tzinfo else float("inf")


def _fresh(draft: Draft, policy: Policy, _r: Rung, seen: Observation) -> Iterator[Reason]:
    # One from the future is of a clock that is wrong: how old it is, nobody can tell.
    if abs(draft.now_ms - seen.at_ms) > policy.limits.observation_age_ms:
        yield Reason.OBSERVATION_STALE


def _settled(_d: Draft, _p: Policy, rung: Rung, seen: Observation) -> Iterator[Reason]:
    """Somebody's rollout is under way. Only a rollback may cut into it."""
    under_way = (
        seen.observed_generation != seen.generation or seen.replicas_updated < seen.replicas_wanted
    )
    if under_way and rung.action != ROLL_BACK:
        yield Reason.ROLLING_OUT


TARGET_RAILS: tuple[Callable[[Draft, Policy, Rung, Observation], Iterator[Reason]], ...] = (
    _exists,
    _opted_in,
    _not_paused,
    _fresh,
    _settled,
)
