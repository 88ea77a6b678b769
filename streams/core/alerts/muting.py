"""Why nobody should be told of an incident, and nothing be done about it, for the time being.

It is suppressed when every one of its alerts is; the first that is not speaks for all.
"""

from collections.abc import Mapping

from streams.core import intervals
from streams.core.alerts import flap
from streams.core.draft import Draft
from streams.core.entries import AlertState, IncidentState
from streams.core.firing import cluster_of, values_of
from streams.core.keys import key_part
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
    """As Alertmanager: in a mute interval, or outside of all active ones."""
    if any(intervals.contains(policy.intervals[name], now_ms) for name in route.mute):
        return True
    return bool(route.active) and not any(
        intervals.contains(policy.intervals[name], now_ms) for name in route.active
    )


def muted_receivers(policy: Policy, incident: IncidentState, now_ms: int) -> frozenset[str]:
    """Receivers that only muted routes would tell."""
    routes = policy.sees(incident.labels).routes
    muted = {r.receiver for r in routes if is_muted(policy, r, now_ms)}
    return frozenset(muted - {r.receiver for r in routes if not is_muted(policy, r, now_ms)})


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
    if any(_inhibited(draft, policy, key, labels, n, n in seen.sources) for n in seen.targets):
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


def _inhibited(
    draft: Draft, policy: Policy, key: str, labels: Mapping[str, str], rule: int, two_sided: bool
) -> bool:
    """An alert that is on both sides of a rule is not inhibited by another that is."""
    values = values_of(labels, policy.inhibit[rule].equal)
    asked = ("inhibit", rule, cluster_of(key), values)
    return any(
        source != key and not (two_sided and source_is_target)
        for source, source_is_target in draft.answers(policy, asked)
    )
