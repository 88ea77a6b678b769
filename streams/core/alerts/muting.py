"""Why nobody should be told of an incident, and nothing be done about it, for the time being.

It is suppressed when every one of its alerts is; the first that is not speaks for all.
"""

from streams.core import intervals
from streams.core.alerts import flap
from streams.core.draft import Draft
from streams.core.entries import AlertState, IncidentState
from streams.core.firing import inhibitors
from streams.core.keys import cluster_of, key_part
from streams.core.policy import Policy
from streams.core.reasons import Reason
from streams.core.routing import Route
from streams.core.standing import SilenceState

ALL = key_part("*")


def of(draft: Draft, policy: Policy, incident: IncidentState) -> Reason | None:
    if draft.now_ms < incident.snoozed_until_ms:
        return Reason.SNOOZED
    routes = policy.sees(incident.labels).routes
    if routes and all(is_muted(policy, route, draft.now_ms) for route in routes):
        return Reason.MUTED_TIME
    return _of_all_alerts(draft, policy, incident)


def is_muted(policy: Policy, route: Route, now_ms: int) -> bool:
    return bool((route.mute or route.active) and muting_intervals(policy, route, now_ms))


def muting_intervals(policy: Policy, route: Route, now_ms: int) -> tuple[str, ...]:
    """As Alertmanager: a route is muted by the mute intervals that hold, and by its active ones
    where none of them does."""

    def holding(names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(n for n in names if intervals.contains(policy.intervals[n], now_ms))

    return (*holding(route.mute), *(() if holding(route.active) else route.active))


def muted_receivers(policy: Policy, incident: IncidentState, now_ms: int) -> frozenset[str]:
    """Receivers that only muted routes would tell: neither another route nor their service does."""
    seen = policy.sees(incident.labels)
    muted = {r.receiver for r in seen.routes if is_muted(policy, r, now_ms)}
    loud = {r.receiver for r in seen.routes if not is_muted(policy, r, now_ms)}
    asked = seen.service.receivers if seen.service else ()
    return frozenset(muted - loud - set(asked))


def _of_all_alerts(draft: Draft, policy: Policy, incident: IncidentState) -> Reason | None:
    silences = _silences(draft, incident.cluster)
    found: set[Reason] = set()
    for key, alert in draft.members(incident.incident_id):
        reason = _of_alert(draft, policy, silences, key, alert)
        if reason is None:
            return None
        found.add(reason)
    return min(found, default=None)


def _of_alert(
    draft: Draft, policy: Policy, silences: list[SilenceState], key: str, alert: AlertState
) -> Reason | None:
    seen = policy.sees(alert.labels)
    labels = {**alert.labels, **seen.added} if seen.added else alert.labels
    for silence in silences:
        matches = draft.policies.matchers(silence.matchers)
        if matches is not None and matches(labels):
            return Reason.MAINTENANCE if silence.maintenance else Reason.SILENCED
    if any(inhibitors(policy, key, labels, seen, lambda asked: draft.answers(policy, asked))):
        return Reason.INHIBITED
    if flap.is_flapping(alert, policy.limits, draft.now_ms):
        return Reason.FLAPPING
    return None


def _silences(draft: Draft, cluster: str) -> list[SilenceState]:
    """Those in force, of the cluster and of all clusters."""
    found: list[SilenceState] = []
    for key, entry in draft.of_kind("silence"):
        assert isinstance(entry, SilenceState)
        mine = cluster_of(key) in (key_part(cluster), ALL)
        if mine and entry.starts_at_ms <= draft.now_ms < entry.ends_at_ms:
            found.append(entry)
    return found
