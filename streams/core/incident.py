"""Moving an incident from phase to phase, and telling of it."""

from dataclasses import replace
from typing import Any

from schemas.ids import notice_id
from schemas.incidents import Incident, TimelineEntry
from schemas.notices import Notice
from schemas.remediation import Command
from streams.core.draft import Draft
from streams.core.lifecycle import Event, Phase, after
from streams.core.reasons import Reason
from streams.core.state import TIMELINE_MAX, GroupState, IncidentState, incident_key

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
    changed = replace(
        incident,
        phase=phase,
        reason=reason.value,
        due_at_ms=due_at_ms,
        notices=incident.notices + sum(isinstance(e, Notice) for e in emit),
        timeline=_noted(draft, incident, event, reason, detail),
        **changes,
    )
    return store(draft, changed)


def _noted(
    draft: Draft, incident: IncidentState, event: Event, reason: Reason, detail: str
) -> tuple[TimelineEntry, ...]:
    entry = TimelineEntry(
        draft.now_ms, draft.fact.offset, event.value, reason.value, detail[:DETAIL_CHARS_MAX]
    )
    kept = incident.timeline
    if len(kept) >= TIMELINE_MAX:
        # How it began stays; of the rest the latest.
        kept = (kept[0], *kept[2:])
    return (*kept, entry)


def notice(draft: Draft, incident: IncidentState, kind: str, text: str) -> Notice:
    return Notice(
        notice_id=notice_id(incident.incident_id, kind, incident.notices),
        incident_id=incident.incident_id,
        cluster=incident.cluster,
        kind=kind,
        severity=incident.severity,
        title=incident.title,
        text=text[:TEXT_CHARS_MAX],
        at_ms=draft.now_ms,
        expires_at_ms=draft.now_ms + NOTICE_TTL_MS,
        correlation_id=incident.incident_id,
    )


def view(draft: Draft, incident: IncidentState) -> Incident:
    """The incident as the `incidents` topic tells it."""
    group = draft.get(incident.group_key, GroupState) or GroupState(incident.incident_id)
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
        firing=group.sample,
        members=group.members,
        timeline=incident.timeline,
    )


CLEARS = frozenset({Phase.OPEN, Phase.LOOKING, Phase.ESCALATED})
"""Phases that an incident leaves at once when its last alert clears."""
