"""So many incidents at once that each of them says little: one incident tells of them all, and
nothing is done until it is over."""

from schemas.ids import incident_id as new_incident_id
from streams.core.changed import replace
from streams.core.draft import Draft
from streams.core.entries import GroupState, IncidentState
from streams.core.incident import note, store
from streams.core.keys import group_key, incident_key, storm_key
from streams.core.ladder import endings, waiting
from streams.core.lifecycle import Phase
from streams.core.limits import Limits
from streams.core.policy import Policy
from streams.core.reasons import Reason
from streams.core.standing import StormState

SLOTS = 20
"""How finely the storm window is counted."""


def count(draft: Draft, policy: Policy, cluster: str) -> None:
    """An incident has opened. Enough of them begin a storm, and each more prolongs it."""
    limits, key = policy.limits, storm_key(cluster)
    state = draft.get(key, StormState) or StormState()
    state = replace(state, slots=_counted(state.slots, limits, draft.now_ms))
    draft.put(key, state)
    if _is_storm(draft, policy, cluster, state):
        share = f"or {limits.storm_share_percent} % of services"
        _rages(draft, policy, cluster, state, f"over {limits.storm_incidents} at once, {share}")


def crowded(draft: Draft, policy: Policy | None, cluster: str, left_out: int) -> None:
    """More alerts fire than are followed one by one: it is a storm for as long as such come."""
    draft.decided(cluster, "", f"left_out: {left_out}", Reason.TOO_MANY_ALERTS)
    if policy is None:
        return
    state = draft.get(storm_key(cluster), StormState) or StormState()
    told = "more alerts than are followed one by one: see what fires at its source"
    state = _rages(draft, policy, cluster, state, told)
    incident = draft.get(incident_key(state.incident_id), IncidentState)
    if incident and not state.crowded:
        draft.put(storm_key(cluster), replace(state, crowded=True))
        store(draft, note(draft, incident, "crowded", Reason.TOO_MANY_ALERTS, told))


def _rages(
    draft: Draft, policy: Policy, cluster: str, state: StormState, detail: str
) -> StormState:
    """From now on until it has been quiet for the cooldown; people are told once."""
    began = not state.until_ms
    state = replace(state, until_ms=draft.now_ms + policy.limits.storm_cooldown_ms)
    if began:
        state = replace(state, incident_id=_open(draft, policy, cluster, detail))
    draft.put(storm_key(cluster), state)
    return state


def _counted(
    slots: tuple[tuple[int, int], ...], limits: Limits, now_ms: int
) -> tuple[tuple[int, int], ...]:
    width_ms = max(1, limits.storm_window_ms // SLOTS)
    begin_ms = now_ms - now_ms % width_ms
    kept = tuple(s for s in slots if s[0] > now_ms - limits.storm_window_ms)
    if kept and kept[-1][0] == begin_ms:
        return (*kept[:-1], (begin_ms, kept[-1][1] + 1))
    return (*kept, (begin_ms, 1))


def _is_storm(draft: Draft, policy: Policy, cluster: str, state: StormState) -> bool:
    limits, services = policy.limits, len(policy.services)
    if sum(n for _, n in state.slots) > limits.storm_incidents:
        return True
    if services < limits.crowd:
        return False
    return len(draft.open_services(cluster)) * 100 > limits.storm_share_percent * services


def _open(draft: Draft, policy: Policy, cluster: str, detail: str) -> str:
    """It has no alerts of its own, and goes to people at once."""
    fact = draft.fact
    key = group_key(cluster, {}) + "storm"  # No group of alerts has a key without "=".
    origin = str(fact.record.origin or f"tape/{fact.partition}/{fact.offset}")
    incident = IncidentState(
        incident_id=new_incident_id(cluster, key, origin),
        cluster=cluster,
        group_key=key,
        group={},
        labels={"alertname": "MendlogStorm", "severity": "critical"},
        phase=Phase.OPEN,
        reason=Reason.STORM.value,
        title=f"Storm: many incidents at once on {cluster}",
        severity="critical",
        opened_at_ms=draft.now_ms,
        updated_at_ms=draft.now_ms,
        due_at_ms=None,
        receivers=(policy.route.receiver,),
    )
    draft.put(key, GroupState(incident.incident_id))
    draft.grouped.setdefault(incident.incident_id, []).append(key)
    draft.decided(cluster, incident.incident_id, "opened", Reason.STORM, incident.phase.value)
    opened = note(draft, incident, "opened", Reason.STORM)
    waiting.escalate(draft, store(draft, opened), Reason.STORM, detail)
    return incident.incident_id


def over(draft: Draft, key: str) -> None:
    """Quiet for as long as the cooldown: what waited goes on."""
    state = draft.get(key, StormState)
    assert state is not None
    if not state.until_ms:
        draft.put(key, None)
        return
    calm = replace(state, until_ms=0, incident_id="", crowded=False)
    forgotten = calm.deadline_ms is None or calm.deadline_ms <= draft.now_ms
    draft.put(key, None if forgotten else calm)
    incident = draft.get(incident_key(state.incident_id), IncidentState)
    if incident and incident.phase is Phase.ESCALATED:
        clear = replace(incident, clear_since_ms=draft.now_ms)
        endings.cleared(draft, clear, Reason.STORM_OVER)
