"""An incident that waits: for time, for what mutes it to end, or for a human."""

from schemas.notices import Notice
from streams.core.alerts import muting
from streams.core.changed import replace
from streams.core.draft import Draft
from streams.core.entries import IncidentState
from streams.core.incident import members_of, move, notice, store
from streams.core.ladder import autonomy, endings
from streams.core.lifecycle import Event, Phase
from streams.core.policy import Policy
from streams.core.rails import breaker
from streams.core.rails.asked import Refusal
from streams.core.reasons import PASSING, PATIENT, Reason
from streams.core.routing import Route

HOLD_RETRY_MS = 5_000
MUTED_RETRY_MS = 30_000
PATIENCE_WITHOUT_POLICY_MS = 600_000
REMIND_WITHOUT_POLICY_MS = 3_600_000


def route_of(policy: Policy, incident: IncidentState) -> Route:
    """The route whose group the incident is."""
    routes = policy.sees(incident.labels).routes
    return routes[0] if routes else policy.route


def refuse(draft: Draft, incident: IncidentState, refusal: Refusal) -> None:
    """Hold where time may lift the reason, and hand over where it will not."""
    if refusal.reason in PASSING:
        hold(draft, incident, refusal.reason, refusal.detail)
    else:
        escalate(draft, incident, refusal.reason, refusal.detail)


def hold(draft: Draft, incident: IncidentState, reason: Reason, detail: str = "") -> None:
    policy = draft.policy()
    patience_ms = policy.limits.patience_ms if policy else PATIENCE_WITHOUT_POLICY_MS
    since_ms = incident.held_since_ms if incident.held_since_ms is not None else draft.now_ms
    if reason in PATIENT:
        since_ms = draft.now_ms
    if draft.now_ms - since_ms >= patience_ms:
        escalate(draft, incident, reason, detail)
        return
    retry_at_ms = min(draft.now_ms + HOLD_RETRY_MS, since_ms + patience_ms)
    if incident.phase is Phase.OPEN and incident.reason == reason.value:
        # The same reason again is not news: no verdict, no line on the timeline.
        store(draft, replace(incident, due_at_ms=retry_at_ms, held_since_ms=since_ms))
        return
    move(
        draft,
        incident,
        Event.HELD,
        reason,
        due_at_ms=retry_at_ms,
        detail=detail,
        held_since_ms=since_ms,
        command_id="",
    )


def suppress(draft: Draft, incident: IncidentState, reason: Reason) -> None:
    """Nobody is told and nothing is done, for as long as it lasts: it has no patience to lose."""
    again_at_ms = draft.now_ms + MUTED_RETRY_MS
    if draft.now_ms < incident.snoozed_until_ms:
        again_at_ms = min(again_at_ms, incident.snoozed_until_ms)
    if incident.phase is Phase.SUPPRESSED and incident.reason == reason.value:
        store(draft, replace(incident, due_at_ms=again_at_ms))
        return
    emit: tuple[Notice, ...] = ()
    if reason is Reason.FLAPPING and not incident.ticketed:
        emit = (notice(draft, incident, "ticket", "It begins and ends again and again."),)
        incident = replace(incident, ticketed=True)
    move(
        draft,
        incident,
        Event.MUTED,
        reason,
        due_at_ms=again_at_ms,
        emit=emit,
        held_since_ms=None,
        command_id="",
    )


def snooze(draft: Draft, incident: IncidentState, until_ms: int, detail: str) -> None:
    """Left alone until then. Who has it already keeps it, and is reminded later."""
    snoozed = replace(incident, snoozed_until_ms=until_ms)
    event = Event.HELD if incident.phase is Phase.ESCALATED else Event.MUTED
    due_at_ms = until_ms if event is Event.HELD else min(until_ms, draft.now_ms + MUTED_RETRY_MS)
    move(
        draft,
        snoozed,
        event,
        Reason.SNOOZED,
        due_at_ms=due_at_ms,
        detail=detail,
        held_since_ms=None,
        command_id="",
    )


def escalate(draft: Draft, incident: IncidentState, reason: Reason, detail: str = "") -> None:
    """A human takes over; the reminder repeats until the alerts clear."""
    if incident.acts and reason in FAILURES and autonomy.demote(draft, incident):
        detail = f"{detail} (its playbook will ask before it acts again)".strip()
    breaker.gave_up(draft, incident)
    kind = "shadow" if reason is Reason.SHADOW else "escalated"
    told = notice(draft, incident, kind, _words(incident, reason, detail))
    move(
        draft,
        incident,
        Event.REFUSED,
        reason,
        due_at_ms=draft.now_ms + _remind_ms(draft, incident),
        detail=detail,
        emit=(told,),
        held_since_ms=None,
    )


FAILURES = frozenset(
    {
        Reason.LADDER_SPENT,
        Reason.ROLLBACK_FAILED,
        Reason.OUTCOME_UNKNOWN,
        Reason.NO_OUTCOME,
        Reason.ATTEMPTS_SPENT,
    }
)
"""What a playbook loses its autonomy for, where it had acted."""


def remind(draft: Draft, incident: IncidentState) -> None:
    if incident.clear_since_ms is not None:
        endings.cleared(draft, incident, Reason.ALERTS_CLEAR)
        return
    policy = draft.policy()
    muted = muting.of(draft, policy, incident) if policy else None
    if muted:
        store(draft, replace(incident, due_at_ms=draft.now_ms + MUTED_RETRY_MS))
        return
    more = members_of(draft, incident) - incident.told_members
    text = f"{more} more alert(s). " if more > 0 else ""
    told = notice(
        draft, incident, "reminder", f"{text}Still open, and still yours: {incident.reason}."
    )
    move(
        draft,
        incident,
        Event.HELD,
        Reason.MORE_ALERTS if more > 0 else Reason.STILL_WITH_A_HUMAN,
        due_at_ms=draft.now_ms + _remind_ms(draft, incident),
        emit=(told,),
    )


def _remind_ms(draft: Draft, incident: IncidentState) -> int:
    policy = draft.policy()
    return route_of(policy, incident).repeat_interval_ms if policy else REMIND_WITHOUT_POLICY_MS


def _words(incident: IncidentState, reason: Reason, detail: str) -> str:
    where = f" on {incident.target}" if incident.target else ""
    tried = f" after {incident.attempts} attempts" if incident.attempts else ""
    return f"Over to you{tried}: {reason.value}{where}. {detail}".strip()
