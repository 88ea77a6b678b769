"""Alerts that belong together become one incident: which one an alert joins, and what is told."""

from collections.abc import Mapping
from math import isfinite

from schemas.alerts import NO_DATA, Sighting
from schemas.ids import incident_id as new_incident_id
from schemas.incidents import TimelineEntry
from streams.core import routing
from streams.core.alerts import correlate, storm
from streams.core.changed import replace
from streams.core.draft import Draft
from streams.core.entries import SAMPLE_MAX, AlertState, CrowdState, GroupState, IncidentState
from streams.core.incident import CLEARS, introduced, note, store
from streams.core.keys import crowd_key, group_key, incident_key
from streams.core.ladder import endings, waiting, withdrawing
from streams.core.lifecycle import Phase
from streams.core.policy import Policy
from streams.core.reasons import Reason
from streams.core.seen import Seen

MEASURED_MAX = 32
NOTED_MAX = 16
"""How many joins of other groups an incident's timeline tells one by one."""


def alert_fired(
    draft: Draft,
    cluster: str,
    sighting: Sighting,
    policy: Policy | None,
    seen: Seen | None,
    was_of: str = "",
) -> GroupState:
    """Join the open incident of the alert's group or of what it correlates with, or open one; of
    the incident `was_of` it has been before."""
    values = values_of(sighting.labels, seen)
    key = group_key(cluster, values)
    group = draft.get(key, GroupState)
    if group is not None:
        _join(draft, group, sighting, seen, again=was_of == group.incident_id)
        return group
    if policy and seen and (found := correlate.find(draft, policy, cluster, sighting.labels, seen)):
        incident, reason = found
        group = GroupState(incident.incident_id, explained=reason is not Reason.SAME_KEY)
        draft.put(key, group)
        draft.grouped.setdefault(incident.incident_id, []).append(key)
        _join_from_elsewhere(draft, incident, group, sighting, seen, reason)
        return group
    return _open(draft, cluster, key, values, sighting, policy, seen)


def values_of(labels: Mapping[str, str], seen: Seen | None) -> Mapping[str, str]:
    """That a source does not know is never part of an incident of what others know."""
    if seen is None or not seen.routes:
        return labels
    whole = {**labels, **seen.added} if seen.added else labels
    values = routing.group_labels(seen.routes[0], whole)
    return {**values, NO_DATA: labels[NO_DATA]} if labels.get(NO_DATA) else values


def _open(
    draft: Draft,
    cluster: str,
    key: str,
    values: Mapping[str, str],
    sighting: Sighting,
    policy: Policy | None,
    seen: Seen | None,
) -> GroupState:
    incident = opened(draft, cluster, key, values, sighting, policy, seen)
    group = GroupState(incident.incident_id)
    draft.put(key, group)
    draft.grouped.setdefault(incident.incident_id, []).append(key)
    draft.put(
        crowd_key(incident.incident_id),
        CrowdState(firing=1, members=1, sample=(sighting.fingerprint,)),
    )
    draft.decided(
        cluster, incident.incident_id, "opened", Reason.ALERT_FIRING, incident.phase.value
    )
    store(draft, incident)
    draft.stands(incident)
    if policy:
        correlate.gather(draft, policy, incident)
        storm.count(draft, policy, cluster)
    return group


def opened(
    draft: Draft,
    cluster: str,
    key: str,
    values: Mapping[str, str],
    sighting: Sighting,
    policy: Policy | None,
    seen: Seen | None,
) -> IncidentState:
    fact = draft.fact
    origin = str(fact.record.origin or f"tape/{fact.partition}/{fact.offset}")
    labels = {**sighting.labels, **seen.added} if seen else sighting.labels
    name = labels.get("alertname", "alert")
    of_node, on_node = correlate.nodes_of(policy, seen, labels) if policy and seen else ("", "")
    wait_ms = seen.routes[0].group_wait_ms if seen and seen.routes else 0
    return IncidentState(
        incident_id=new_incident_id(cluster, key, origin),
        cluster=cluster,
        group_key=key,
        group=values,
        labels=labels,
        phase=Phase.OPEN,
        reason=Reason.ALERT_FIRING.value,
        title=sighting.annotations.get("summary") or name,
        severity=labels.get("severity", "none"),
        opened_at_ms=draft.now_ms,
        updated_at_ms=draft.now_ms,
        due_at_ms=draft.now_ms + wait_ms,
        step_since_ms=draft.now_ms,
        timeline=(
            TimelineEntry(draft.now_ms, fact.offset, "opened", Reason.ALERT_FIRING.value, name),
        ),
        source=sighting.source,
        service=seen.service.name if seen and seen.service else "",
        node=of_node,
        on_node=on_node,
        key=correlate.key_of(policy, labels) if policy else "",
        receivers=seen.receivers if seen else (),
        links={**(seen.links if seen else {}), **_links(sighting.annotations)},
    )


_LINKED = {"runbook_url": "runbook", "dashboard_url": "dashboard"}


def _links(annotations: Mapping[str, str]) -> dict[str, str]:
    return {name: annotations[url] for url, name in _LINKED.items() if annotations.get(url)}


def _join(
    draft: Draft, group: GroupState, sighting: Sighting, seen: Seen | None, *, again: bool
) -> None:
    members, came_back = _counted(draft, group, sighting, again=again)
    incident = draft.get(incident_key(group.incident_id), IncidentState)
    assert incident is not None
    policy = draft.policy()
    if policy and not incident.receivers:
        incident = introduced(policy, incident)
    strangers = _strangers(draft, incident, sighting, seen)
    if came_back or strangers or (not again and members & (members - 1) == 0):
        _tell_joined(draft, incident, members, strangers)


def _strangers(
    draft: Draft, incident: IncidentState, sighting: Sighting, seen: Seen | None
) -> tuple[str, ...]:
    """Who is to be told of this alert, by its route or its severity, and was not of those before
    it: a group may begin with a warning."""
    policy = draft.policy()
    if policy is None or seen is None:
        return ()
    severity = {**sighting.labels, **seen.added}.get("severity", "none")
    told = {*incident.receivers, *policy.receivers_of(incident.severity)}
    wanted = (*seen.receivers, *policy.receivers_of(severity))
    return tuple(name for name in dict.fromkeys(wanted) if name not in told)


def _counted(
    draft: Draft, group: GroupState, sighting: Sighting, *, again: bool = False
) -> tuple[int, bool]:
    """How many alerts the incident has had, each once, and whether none of them was firing."""
    key = crowd_key(group.incident_id)
    crowd = draft.get(key, CrowdState)
    assert crowd is not None
    sample = crowd.sample
    if len(sample) < SAMPLE_MAX and sighting.fingerprint not in sample:
        sample = (*sample, sighting.fingerprint)
    members = crowd.members + (not again)
    explained = crowd.explained + group.explained
    draft.put(key, CrowdState(crowd.firing + 1, members, explained, sample))
    return members, not crowd.firing


def _tell_joined(
    draft: Draft, incident: IncidentState, members: int, strangers: tuple[str, ...]
) -> None:
    """Of every joining alert the state knows; people are told each time their number doubles."""
    told = replace(incident, clear_since_ms=None, receivers=(*incident.receivers, *strangers))
    firing_again = _worth_telling(draft, told, at_once=bool(strangers))
    if incident.phase is Phase.RESOLVED:
        endings.refired(draft, firing_again)
        if policy := draft.policy():
            correlate.gather(draft, policy, firing_again)
        return
    store(draft, firing_again)
    what, phase = f"joined: {members}", incident.phase
    draft.decided(incident.cluster, incident.incident_id, what, Reason.ALERT_JOINED, phase)


def _join_from_elsewhere(
    draft: Draft,
    incident: IncidentState,
    group: GroupState,
    sighting: Sighting,
    seen: Seen,
    reason: Reason,
) -> None:
    """The first alert of another group: who is told of that group is told of the incident."""
    members, _ = _counted(draft, group, sighting)
    strangers = _strangers(draft, incident, sighting, seen)
    told = replace(incident, clear_since_ms=None, receivers=(*incident.receivers, *strangers))
    joined = _worth_telling(draft, told, at_once=bool(strangers))
    name = sighting.labels.get("alertname", "alert")
    draft.decided(
        incident.cluster, incident.incident_id, f"joined: {members}", reason, incident.phase
    )
    groups = len(draft.groups(incident.incident_id))
    if groups <= NOTED_MAX or groups & (groups - 1) == 0:
        joined = note(draft, joined, "joined", reason, f"{name} of {sighting.source}")
    store(draft, joined)


def _worth_telling(
    draft: Draft, incident: IncidentState, *, at_once: bool = False
) -> IncidentState:
    """Whoever has the incident is told of more alerts after the group's interval, and not before
    the next reminder otherwise; at once where somebody has it who did not know of it."""
    policy = draft.policy()
    if incident.phase is not Phase.ESCALATED or policy is None or incident.due_at_ms is None:
        return incident
    interval_ms = waiting.route_of(policy, incident).group_interval_ms
    again_ms = draft.now_ms if at_once else incident.told_at_ms + interval_ms
    return replace(incident, due_at_ms=min(incident.due_at_ms, max(again_ms, draft.now_ms)))


def measured(draft: Draft, alert: str, rule: str, value: float) -> None:
    """What a detection of ours measured, for the conditions of its incident."""
    known = draft.get(alert, AlertState)
    incident = draft.get(incident_key(known.incident_id), IncidentState) if known else None
    if incident is None or not isfinite(value) or incident.measured.get(rule) == value:
        return
    if rule in incident.measured or len(incident.measured) < MEASURED_MAX:
        store(draft, replace(incident, measured={**incident.measured, rule: value}))


def alert_ended(draft: Draft, alert: AlertState, reason: Reason) -> None:
    incident = draft.get(incident_key(alert.incident_id), IncidentState)
    if incident is None:
        return
    key = crowd_key(alert.incident_id)
    crowd = draft.get(key, CrowdState)
    assert crowd is not None
    assert crowd.firing > 0, f"{incident.incident_id} loses more alerts than it had"
    left = replace(crowd, firing=crowd.firing - 1, explained=crowd.explained - alert.explained)
    draft.put(key, left)
    if crowd.firing == 1:
        _clear(draft, replace(incident, clear_since_ms=draft.now_ms), reason)


def _clear(draft: Draft, incident: IncidentState, reason: Reason) -> None:
    """The last alert has ended."""
    if incident.phase in CLEARS:
        endings.cleared(draft, incident, reason)
    elif incident.phase is Phase.VERIFYING:
        store(draft, replace(incident, due_at_ms=draft.now_ms))
    elif incident.phase is Phase.COMMANDED:
        withdrawing.withdraw(draft, incident, reason)
    else:
        store(draft, incident)
