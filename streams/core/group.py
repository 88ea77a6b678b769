"""Alerts that belong together become one incident."""

from collections.abc import Mapping
from dataclasses import replace

from schemas.alerts import Sighting
from schemas.ids import incident_id as new_incident_id
from schemas.incidents import TimelineEntry
from streams.core import ladder
from streams.core.draft import Draft
from streams.core.incident import CLEARS, store
from streams.core.lifecycle import Phase
from streams.core.policy import Policy
from streams.core.reasons import Reason
from streams.core.state import (
    SAMPLE_MAX,
    AlertState,
    GroupState,
    IncidentState,
    group_key,
    incident_key,
)


def alert_fired(draft: Draft, cluster: str, sighting: Sighting) -> str:
    """Join the open incident of the alert's group, or open one. Returns the incident's id."""
    policy = draft.policy()
    values = _group_values(policy, sighting.labels)
    key = group_key(cluster, values)
    group = draft.get(key, GroupState)
    if group is None:
        return _open(draft, cluster, key, values, sighting, policy)
    _join(draft, key, group, sighting)
    return group.incident_id


def _group_values(policy: Policy | None, labels: Mapping[str, str]) -> Mapping[str, str]:
    if policy is None:
        return labels
    return {name: labels.get(name, "") for name in policy.grouping.by}


def _open(
    draft: Draft,
    cluster: str,
    key: str,
    values: Mapping[str, str],
    sighting: Sighting,
    policy: Policy | None,
) -> str:
    fact = draft.fact
    origin = str(fact.record.origin or f"tape/{fact.partition}/{fact.offset}")
    wait_ms = policy.grouping.wait_ms if policy else 0
    labels = sighting.labels
    incident = IncidentState(
        incident_id=new_incident_id(cluster, key, origin),
        cluster=cluster,
        group_key=key,
        group=values,
        labels=labels,
        phase=Phase.OPEN,
        reason=Reason.ALERT_FIRING.value,
        title=sighting.annotations.get("summary") or labels.get("alertname", "alert"),
        severity=labels.get("severity", "none"),
        opened_at_ms=draft.now_ms,
        updated_at_ms=draft.now_ms,
        due_at_ms=draft.now_ms + wait_ms,
        step_since_ms=draft.now_ms,
        timeline=(
            TimelineEntry(
                draft.now_ms,
                fact.offset,
                "opened",
                Reason.ALERT_FIRING.value,
                labels.get("alertname", ""),
            ),
        ),
    )
    draft.put(key, GroupState(incident.incident_id, 1, 1, (sighting.fingerprint,)))
    draft.decided(
        cluster, incident.incident_id, "opened", Reason.ALERT_FIRING, incident.phase.value
    )
    store(draft, incident)
    return incident.incident_id


def _join(draft: Draft, key: str, group: GroupState, sighting: Sighting) -> None:
    sample = group.sample
    if len(sample) < SAMPLE_MAX and sighting.fingerprint not in sample:
        sample = (*sample, sighting.fingerprint)
    members = group.members + 1
    draft.put(key, GroupState(group.incident_id, group.firing + 1, members, sample))
    doubled = members & (members - 1) == 0
    if doubled or not group.firing:
        _tell_joined(draft, group.incident_id, members)


def _tell_joined(draft: Draft, incident_id: str, members: int) -> None:
    """Of every joining alert the state knows; people are told each time their number doubles."""
    incident = draft.get(incident_key(incident_id), IncidentState)
    assert incident is not None
    firing_again = replace(incident, clear_since_ms=None)
    if incident.phase is Phase.RESOLVED:
        ladder.refired(draft, firing_again)
        return
    store(draft, firing_again)
    draft.decided(
        incident.cluster, incident_id, f"joined: {members}", Reason.ALERT_JOINED, incident.phase
    )


def alert_ended(draft: Draft, alert: AlertState, reason: Reason) -> None:
    incident = draft.get(incident_key(alert.incident_id), IncidentState)
    if incident is None:
        return
    group = draft.get(incident.group_key, GroupState)
    assert group is not None
    assert group.firing > 0, f"{incident.incident_id} loses more alerts than it had"
    draft.put(incident.group_key, replace(group, firing=group.firing - 1))
    if group.firing == 1:
        _clear(draft, replace(incident, clear_since_ms=draft.now_ms), reason)


def _clear(draft: Draft, incident: IncidentState, reason: Reason) -> None:
    """The last alert has ended."""
    if incident.phase in CLEARS:
        ladder.cleared(draft, incident, reason)
    elif incident.phase is Phase.VERIFYING:
        store(draft, replace(incident, due_at_ms=draft.now_ms))
    else:
        store(draft, incident)
