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
from streams.core.state import SAMPLE_MAX, AlertState, GroupState, IncidentState, incident_key


def alert_fired(draft: Draft, cluster: str, sighting: Sighting) -> str:
    """Join the open incident of the alert's group, or open one. Returns the incident's id."""
    policy = draft.policy()
    values = _group_values(policy, sighting.labels)
    key = f"group/{cluster}/" + ",".join(f"{k}={v}" for k, v in sorted(values.items()))
    known = draft.get(key, GroupState)
    incident = draft.get(incident_key(known.incident_id), IncidentState) if known else None
    if incident is None:
        return _open(draft, cluster, key, values, sighting, policy)
    _join(draft, incident, sighting)
    return incident.incident_id


def _group_values(policy: Policy | None, labels: Mapping[str, str]) -> Mapping[str, str]:
    if policy is None:
        return labels
    return {name: labels.get(name, "") for name in policy.grouping.by}


def _open(
    draft: Draft,
    cluster: str,
    group_key: str,
    values: Mapping[str, str],
    sighting: Sighting,
    policy: Policy | None,
) -> str:
    fact = draft.fact
    origin = str(fact.record.origin or f"tape/{fact.partition}/{fact.offset}")
    wait_ms = policy.grouping.wait_ms if policy else 0
    labels = sighting.labels
    incident = IncidentState(
        incident_id=new_incident_id(cluster, group_key, origin),
        cluster=cluster,
        group_key=group_key,
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
        firing=1,
        members=1,
        sample=(sighting.fingerprint,),
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
    draft.put(group_key, GroupState(incident.incident_id))
    draft.decided(
        cluster, incident.incident_id, "opened", Reason.ALERT_FIRING, incident.phase.value
    )
    store(draft, incident)
    return incident.incident_id


def _join(draft: Draft, incident: IncidentState, sighting: Sighting) -> None:
    sample = incident.sample
    if len(sample) < SAMPLE_MAX and sighting.fingerprint not in sample:
        sample = (*sample, sighting.fingerprint)
    joined = replace(
        incident,
        firing=incident.firing + 1,
        members=incident.members + 1,
        clear_since_ms=None,
        sample=sample,
    )
    if incident.phase is Phase.RESOLVED:
        ladder.refired(draft, joined)
        return
    store(draft, joined)
    if (incident.incident_id, "joined") not in draft.said:
        draft.said.add((incident.incident_id, "joined"))
        draft.decided(
            incident.cluster,
            incident.incident_id,
            "joined",
            Reason.ALERT_JOINED,
            incident.phase.value,
        )


def alert_ended(draft: Draft, alert: AlertState, reason: Reason) -> None:
    incident = draft.get(incident_key(alert.incident_id), IncidentState)
    if incident is None:
        return
    left = replace(incident, firing=incident.firing - 1)
    assert left.firing >= 0, f"{incident.incident_id} has lost more alerts than it had"
    if left.firing:
        store(draft, left)
        return
    left = replace(left, clear_since_ms=draft.now_ms)
    if left.phase in CLEARS:
        ladder.cleared(draft, left, reason)
    elif left.phase is Phase.VERIFYING:
        store(draft, replace(left, due_at_ms=draft.now_ms))
    else:
        store(draft, left)
