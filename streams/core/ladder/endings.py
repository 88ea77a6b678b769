"""How an incident ends, and what its end tells of what was done."""

from streams.core.changed import replace
from streams.core.draft import Draft
from streams.core.entries import IncidentState
from streams.core.incident import move, notice, view
from streams.core.keys import crowd_key, incident_key
from streams.core.ladder import orders
from streams.core.lifecycle import Event, Phase
from streams.core.rails import breaker
from streams.core.reasons import Reason

CLOSE_WITHOUT_POLICY_MS = 600_000


def close_after_ms(draft: Draft) -> int:
    policy = draft.policy()
    return policy.limits.close_after_ms if policy else CLOSE_WITHOUT_POLICY_MS


def cleared(
    draft: Draft,
    incident: IncidentState,
    reason: Reason,
    text: str = "Its alerts have cleared.",
    detail: str = "",
) -> None:
    """The alerts cleared and nothing of ours is under way. Whoever was told of it is told so; what
    was approved was approved for these alerts."""
    told = (notice(draft, incident, "resolved", text),)
    breaker.let_go(draft, incident)
    move(
        draft,
        incident,
        Event.CLEARED,
        reason,
        due_at_ms=draft.now_ms + close_after_ms(draft),
        detail=detail,
        emit=told if incident.told_at_ms and incident.phase is not Phase.SUPPRESSED else (),
        command_id="",
        approved="",
        held_since_ms=None,
    )


def refired(draft: Draft, incident: IncidentState) -> None:
    """The alerts are back before the incident was closed. What was done did not last: climb; of a
    step that was withdrawn nothing was done."""
    acted = incident.acts > 0 and incident.reason != Reason.CONDITION_CLEARED
    if acted and incident.reason == Reason.VERIFIED:
        incident = turned_out(draft, incident, worked=False)
    draft.stands(incident)
    move(
        draft,
        incident,
        Event.REFIRED,
        Reason.REFIRED,
        due_at_ms=draft.now_ms,
        step=incident.step + 1 if acted else incident.step,
        attempt=0 if acted else incident.attempt,
        portion=0,
        step_since_ms=draft.now_ms,
        held_since_ms=None,
        command_id="",
    )


def close(draft: Draft, incident: IncidentState) -> None:
    """Quiet for long enough: the last word on the topic, then the entries end."""
    closed = move(draft, incident, Event.QUIET, Reason.QUIET, due_at_ms=None)
    for key in draft.groups(closed.incident_id):
        draft.put(key, None)
    _end(draft, closed)


def merged(draft: Draft, incident: IncidentState, reason: Reason, into: str) -> None:
    """Another incident explains this one and has taken over its alerts and groups."""
    closed = move(
        draft, incident, Event.MERGED, reason, due_at_ms=None, detail=f"explained by {into}"
    )
    _end(draft, closed)


def _end(draft: Draft, closed: IncidentState) -> None:
    orders.release_of(draft, closed)
    breaker.let_go(draft, closed)
    draft.last_words.append(view(draft, closed))
    draft.put(incident_key(closed.incident_id), None)
    draft.put(crowd_key(closed.incident_id), None)


def turned_out(draft: Draft, incident: IncidentState, *, worked: bool) -> IncidentState:
    """How its action turned out, for the breaker; whoever it opens on is told."""
    policy = draft.policy()
    if policy is None or not breaker.record(draft, incident, policy.limits, worked=worked):
        return incident
    told = notice(draft, incident, "breaker", "What it does no longer helps: it is stopped.")
    draft.emitted.append(told)
    draft.decided(
        incident.cluster,
        incident.incident_id,
        "breaker",
        Reason.BREAKER_OPENED,
        incident.phase,
        (told.notice_id,),
    )
    return replace(incident, notices=incident.notices + 1)
