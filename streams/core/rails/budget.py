"""How much may be done: to a target, to a service, on a cluster. All counted in the tape's time."""

from streams.core.entries import IncidentState
from streams.core.keys import service_key, target_key
from streams.core.rails.asked import Asked, Effect, Refusal
from streams.core.reasons import Reason
from streams.core.standing import Acted, ServiceState, TargetState

BURST_MS = 10_000
MINUTE_MS = 60_000
HOUR_MS = 3_600_000


def attempts(asked: Asked) -> Refusal | None:
    """A further portion is no further attempt; what had to be tried again is one."""
    more = asked.incident.portion == 0
    spent = asked.incident.attempts + more > asked.policy.limits.attempts_per_incident
    return Refusal(Reason.ATTEMPTS_SPENT) if spent else None


def at_once(asked: Effect) -> Refusal | None:
    under_way = len(asked.draft.scope(asked.target.cluster).in_flight)
    full = under_way >= asked.policy.limits.concurrent
    return Refusal(Reason.TOO_MANY_AT_ONCE, f"{under_way} under way") if full else None


def rates(asked: Asked) -> Refusal | None:
    limits, acted = asked.policy.limits, asked.draft.scope(asked.incident.cluster).acted_at_ms
    for span_ms, most, reason in (
        (BURST_MS, limits.burst, Reason.BURST),
        (MINUTE_MS, limits.actions_per_minute, Reason.RATE_PER_MINUTE),
        (HOUR_MS, limits.actions_per_hour, Reason.RATE_PER_HOUR),
    ):
        if sum(at > asked.now_ms - span_ms for at in acted) >= most:
            return Refusal(reason)
    return None


def locked(asked: Effect) -> Refusal | None:
    held = asked.draft.get(target_key(asked.target), TargetState)
    return Refusal(Reason.TARGET_LOCKED) if held and held.locked_by else None


def history(asked: Asked) -> Refusal | None:
    if refusal := locked(asked):
        return refusal
    held = asked.draft.get(target_key(asked.target), TargetState) or TargetState()
    limits, rung = asked.policy.limits, asked.rung
    since_ms = asked.now_ms - limits.attempts_window_ms
    same = [a for a in held.acted if a.action == rung.action and a.at_ms > since_ms]
    most = min(limits.attempts_per_target, rung.attempts or limits.attempts_per_target)
    if asked.incident.portion == 0 and sum(not a.portion for a in same) >= most:
        return Refusal(Reason.ATTEMPTS_SPENT, f"{rung.action} on {asked.target}")
    cooldown_ms = limits.cooldown_ms if rung.cooldown_ms is None else rung.cooldown_ms
    if any(_cools(a, asked.incident, asked.now_ms - cooldown_ms) for a in held.acted):
        return Refusal(Reason.COOLDOWN)
    return None


def _cools(acted: Acted, incident: IncidentState, after_ms: int) -> bool:
    """A ladder may climb on its own target; others wait until it has cooled down."""
    return acted.at_ms > after_ms and acted.incident_id != incident.incident_id


def service(asked: Asked) -> Refusal | None:
    incident, limits = asked.incident, asked.policy.limits
    if not incident.service:
        return None
    key = service_key(incident.cluster, incident.service)
    held = asked.draft.get(key, ServiceState) or ServiceState()
    if len(held.in_flight) >= limits.concurrent_per_service:
        return Refusal(Reason.SERVICE_BUSY, incident.service)
    others = held.acted_by != incident.incident_id
    if held.acted_at_ms and others and held.acted_at_ms > asked.now_ms - limits.service_cooldown_ms:
        return Refusal(Reason.COOLDOWN, f"of the service {incident.service}")
    return None
