"""When we cannot trust what we see, or there is too much of it, nothing is done."""

from streams.core.entries import AlertState
from streams.core.firing import values_of
from streams.core.keys import key_part, storm_key
from streams.core.rails.asked import Asked, Refusal
from streams.core.reasons import Reason
from streams.core.standing import StormState

LAG_KNOWN_MS = 60_000
"""What the last delivery said of the lag is believed for so long."""


def watchdogs(asked: Asked) -> Refusal | None:
    """An alert that always fires does not: alerts are not evaluated, or do not reach us."""
    for number, watchdog in enumerate(asked.policy.watchdogs):
        since_ms = asked.now_ms - watchdog.missing_after_ms
        if not any(a.last_seen_at_ms >= since_ms for a in _answering(asked, "watchdog", number)):
            return Refusal(Reason.WATCHDOG_MISSING, watchdog.name)
    return None


def brakes(asked: Asked) -> Refusal | None:
    for number, brake in enumerate(asked.policy.brakes):
        if brake.actions and asked.rung.action not in brake.actions:
            continue
        values = values_of(asked.incident.labels, brake.equal)
        if any(_answering(asked, "brake", number, values)):
            return Refusal(Reason.BRAKED, brake.name)
    return None


def _answering(
    asked: Asked, what: str, number: int, values: tuple[str, ...] = ()
) -> list[AlertState]:
    key = (what, number, key_part(asked.incident.cluster), values)
    found = (asked.draft.get(k, AlertState) for k, _ in asked.draft.answers(asked.policy, key))
    return [alert for alert in found if alert]


def lag(asked: Asked) -> Refusal | None:
    """Deliveries waited for so long that what they tell may be over."""
    scope = asked.draft.scope(asked.incident.cluster)
    known = asked.now_ms - scope.lag_at_ms <= LAG_KNOWN_MS
    if known and scope.lag_ms > asked.policy.limits.sightings_lag_ms:
        return Refusal(Reason.SIGHTINGS_LATE, f"{scope.lag_ms} ms")
    return None


def storm(asked: Asked) -> Refusal | None:
    state = asked.draft.get(storm_key(asked.incident.cluster), StormState)
    return Refusal(Reason.STORM) if state and asked.now_ms < state.until_ms else None


def everything_broken(asked: Asked) -> Refusal | None:
    """Where all is broken at once it is more likely that our own view is."""
    known = {service.name for service in asked.policy.services}
    if len(known) < asked.policy.limits.crowd:
        return None
    broken = asked.draft.open_services(asked.incident.cluster)
    return Refusal(Reason.EVERYTHING_BROKEN) if known <= broken else None
