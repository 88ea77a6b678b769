"""Moving an incident from phase to phase, and telling of it."""

from typing import Any

from schemas.ids import notice_id
from schemas.incidents import Incident, TimelineEntry
from schemas.notices import Notice
from schemas.remediation import Command
from streams.core.alerts import muting
from streams.core.changed import replace
from streams.core.draft import Draft
from streams.core.entries import TIMELINE_MAX, CrowdState, IncidentState
from streams.core.keys import crowd_key, incident_key
from streams.core.lifecycle import Event, Phase, after
from streams.core.playbook import Rung
from streams.core.policy import Policy
from streams.core.reasons import Reason

NOTICE_TTL_MS = 3_600_000
DETAIL_CHARS_MAX = 500
"""Of what others say about an incident: its timeline is stored whole each time it changes."""
TEXT_CHARS_MAX = 2_000


def store(draft: Draft, incident: IncidentState) -> IncidentState:
    """Keep it, marked as changed now."""
    kept = replace(incident, updated_at_ms=draft.now_ms)
    draft.put(incident_key(kept.incident_id), kept)
    return kept


def move(
    draft: Draft,
    incident: IncidentState,
    event: Event,
    reason: Reason,
    *,
    due_at_ms: int | None,
    detail: str = "",
    emit: tuple[Command | Notice, ...] = (),
    **changes: Any,
) -> IncidentState:
    """One row of the transition table: the phase, the timeline, the verdict, what it emits."""
    phase = after(incident.phase, event)
    draft.emitted.extend(emit)
    ids = tuple(e.command_id if isinstance(e, Command) else e.notice_id for e in emit)
    draft.decided(incident.cluster, incident.incident_id, event, reason, phase, ids)
    told = any(isinstance(e, Notice) for e in emit)
    changed = replace(
        note(draft, incident, event.value, reason, detail),
        phase=phase,
        reason=reason.value,
        due_at_ms=due_at_ms,
        notices=incident.notices + sum(isinstance(e, Notice) for e in emit),
        told_at_ms=draft.now_ms if told else incident.told_at_ms,
        told_members=members_of(draft, incident) if told else incident.told_members,
        **changes,
    )
    return store(draft, changed)


def note(
    draft: Draft, incident: IncidentState, what: str, reason: Reason, detail: str = ""
) -> IncidentState:
    """A line on its timeline. How it began stays; of the rest the latest."""
    entry = TimelineEntry(
        draft.now_ms, draft.fact.offset, what, reason.value, detail[:DETAIL_CHARS_MAX]
    )
    kept = incident.timeline
    if len(kept) >= TIMELINE_MAX:
        kept = (kept[0], *kept[2:])
    return replace(incident, timeline=(*kept, entry))


def introduced(policy: Policy, incident: IncidentState) -> IncidentState:
    """One that is older than the first policy is told what others are told when they open."""
    seen = policy.sees(incident.labels)
    return replace(
        incident,
        service=seen.service.name if seen.service else "",
        receivers=seen.receivers,
        links={**seen.links, **incident.links},
    )


def members_of(draft: Draft, incident: IncidentState) -> int:
    crowd = draft.get(crowd_key(incident.incident_id), CrowdState)
    return crowd.members if crowd else 0


def notice(
    draft: Draft, incident: IncidentState, kind: str, text: str, ttl_ms: int = NOTICE_TTL_MS
) -> Notice:
    return Notice(
        notice_id=notice_id(incident.incident_id, kind, incident.notices),
        incident_id=incident.incident_id,
        cluster=incident.cluster,
        kind=kind,
        severity=incident.severity,
        title=incident.title,
        text=text[:TEXT_CHARS_MAX],
        at_ms=draft.now_ms,
        expires_at_ms=draft.now_ms + ttl_ms,
        correlation_id=incident.incident_id,
        receivers=_told(draft, incident),
        proposal=incident.proposal,
        labels=incident.labels,
        links=incident.links,
    )


def _told(draft: Draft, incident: IncidentState) -> tuple[str, ...]:
    """Those of its routes that are not muted now, and those that its severity asks for."""
    policy = draft.policy()
    if policy is None:
        return incident.receivers
    mine = muting.muted_receivers(policy, incident, draft.now_ms)
    told = (*incident.receivers, *policy.receivers_of(incident.severity))
    return tuple(name for name in dict.fromkeys(told) if name not in mine)


def view(draft: Draft, incident: IncidentState) -> Incident:
    """The incident as the `incidents` topic tells it."""
    crowd = draft.get(crowd_key(incident.incident_id), CrowdState) or CrowdState()
    rung = rung_of(draft, incident) if incident.target else None
    return Incident(
        incident_id=incident.incident_id,
        cluster=incident.cluster,
        tape_partition=draft.fact.partition,
        tape_offset=draft.fact.offset,
        state=incident.phase.value,
        title=incident.title,
        severity=incident.severity,
        group=incident.group,
        playbook=incident.playbook,
        policy=incident.policy,
        step=incident.step,
        attempt=incident.attempt,
        opened_at_ms=incident.opened_at_ms,
        updated_at_ms=incident.updated_at_ms,
        firing=crowd.sample,
        members=crowd.members,
        timeline=incident.timeline,
        labels=incident.labels,
        reason=incident.reason,
        service=incident.service,
        mode=incident.mode,
        receivers=incident.receivers,
        proposal=incident.proposal,
        approvals=tuple(a.name for a in incident.approvals),
        change_related=incident.change_related,
        due_at_ms=incident.due_at_ms,
        target=incident.target,
        action=rung.action if rung else "",
        parameters=rung.parameters if rung else {},
        persons=incident.persons if incident.proposal else 0,
        links=incident.links,
    )


def rung_of(draft: Draft, incident: IncidentState) -> Rung | None:
    """The rung that an incident is on, by the policy that it runs under; None where it has climbed
    past the last, or that policy was pushed out by newer ones, or this release cannot read it."""
    policy = draft.policy(incident.policy)
    playbook = policy.playbook_named(incident.playbook) if policy else None
    past = playbook is None or incident.step >= len(playbook.rungs)
    return None if playbook is None or past else playbook.rungs[incident.step]


CLEARS = frozenset(
    {Phase.OPEN, Phase.LOOKING, Phase.SUPPRESSED, Phase.AWAITING_APPROVAL, Phase.ESCALATED}
)
"""Phases that an incident leaves at once when its last alert clears."""
