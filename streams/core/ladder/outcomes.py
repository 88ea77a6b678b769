"""What the executor's answers mean for the incident that waits for them."""

from schemas.remediation import CommandKind, Observation, Outcome, OutcomeReason, OutcomeStatus
from streams.core.changed import replace
from streams.core.draft import Draft
from streams.core.entries import IncidentState
from streams.core.incident import move, rung_of
from streams.core.keys import incident_key
from streams.core.ladder import (
    climb,
    endings,
    leases,
    look,
    orders,
    portions,
    verifying,
    waiting,
    withdrawing,
)
from streams.core.ladder.answers import (
    CERTAIN,
    SWITCHED_OFF,
    SWITCHED_OFF_PAUSE_MS,
    WITHOUT_EFFECT,
)
from streams.core.lifecycle import Event, Phase
from streams.core.rails import rights
from streams.core.reasons import Reason


def hear_observation(draft: Draft, seen: Observation) -> None:
    incident = draft.get(incident_key(seen.incident_id), IncidentState)
    if incident is None or incident.command_id != seen.command_id:
        return
    if incident.phase is Phase.LOOKING and incident.target == seen.target:
        look.observed(draft, incident, seen)


def hear(draft: Draft, outcome: Outcome) -> None:
    if leases.hear(draft, outcome):
        return
    incident = draft.get(incident_key(outcome.incident_id), IncidentState)
    if incident is None or incident.cluster != outcome.cluster:
        return
    match outcome.kind:
        case CommandKind.ACT:
            _act_outcome(draft, incident, outcome)
        case _ if not outcome.status.terminal:
            return
        case CommandKind.VERIFY:
            verifying.hear(draft, incident, outcome)
        case CommandKind.ROLLBACK:
            _rolled_back(draft, incident, outcome)
        case CommandKind.LOOK:
            _look_failed(draft, incident, outcome)


def _act_outcome(draft: Draft, incident: IncidentState, outcome: Outcome) -> None:
    if outcome.command_id != incident.act_id or incident.undo_id:
        return
    if outcome.status is OutcomeStatus.INTENT:
        if incident.phase is Phase.COMMANDED:
            move(
                draft,
                incident,
                Event.INTENT,
                Reason.INTENT_RECORDED,
                due_at_ms=incident.due_at_ms,
            )
        return
    if _lands(draft, incident, outcome) and incident.phase in (Phase.COMMANDED, Phase.ACTING):
        _act_ended(draft, incident, outcome)


def _lands(draft: Draft, incident: IncidentState, outcome: Outcome) -> bool:
    """The first terminal outcome counts; what the loser of a race says later does not. The target
    stays locked where nobody knows what happened to it."""
    first = orders.land(draft, incident)
    if first and outcome.status in CERTAIN:
        orders.release(draft, incident)
    return first


def _act_ended(draft: Draft, incident: IncidentState, outcome: Outcome) -> None:
    detail = outcome.detail or outcome.reason
    match outcome.status:
        case OutcomeStatus.APPLIED:
            _applied(draft, incident, outcome)
        case _ if outcome.status not in CERTAIN:
            waiting.escalate(draft, incident, Reason.OUTCOME_UNKNOWN, detail)
        case _ if outcome.reason in WITHOUT_EFFECT:
            climb.again(draft, incident, Reason.REJECTED, detail, _pause_ms(draft, incident))
        case _ if outcome.reason in SWITCHED_OFF:
            climb.again(draft, incident, Reason.REJECTED, detail, SWITCHED_OFF_PAUSE_MS)
        case _ if outcome.reason == OutcomeReason.FORBIDDEN:
            waiting.escalate(
                draft, incident, Reason.RIGHT_MISSING, rights.deny(draft, incident, detail)
            )
        case OutcomeStatus.REJECTED if _all_done(draft, incident, outcome):
            verifying.go_on(draft, _done(draft, incident, outcome))
        case OutcomeStatus.REJECTED if outcome.reason == OutcomeReason.CONDITION_CLEARED:
            withdrawing.ended(draft, incident, detail)
        case OutcomeStatus.REJECTED if outcome.reason == OutcomeReason.NOTHING_TO_DO:
            climb.up(draft, incident, Reason.REJECTED, detail)
        case OutcomeStatus.REJECTED:
            waiting.escalate(draft, incident, Reason.REJECTED, detail)
        case _:
            failed = endings.turned_out(draft, incident, worked=False)
            climb.up(draft, failed, Reason.FAILED, detail)


def _all_done(draft: Draft, incident: IncidentState, outcome: Outcome) -> bool:
    """Of a step that was taken by portions nothing is left to do, or nothing more is needed."""
    nothing = outcome.reason == OutcomeReason.NOTHING_TO_DO
    cleared = incident.clear_since_ms is not None
    nothing |= cleared and outcome.reason == OutcomeReason.CONDITION_CLEARED
    return nothing and portions.goes_on(incident, rung_of(draft, incident))


def _pause_ms(draft: Draft, incident: IncidentState) -> int:
    """Between portions the step says how long to wait, also where one could not be taken yet."""
    rung = rung_of(draft, incident)
    if rung is None or not portions.goes_on(incident, rung):
        return climb.RETRY_MS
    return max(climb.RETRY_MS, rung.pause_ms)


def _applied(draft: Draft, incident: IncidentState, outcome: Outcome) -> None:
    rung = rung_of(draft, incident)
    undo = portions.undo_after(incident, rung, outcome)
    moved = _done(draft, replace(incident, **undo), outcome)
    if rung and rung.lasts_ms is not None and moved.undo:
        moved = leases.begin(draft, moved, rung, rung.lasts_ms)
    if rung and portions.by_portions(rung) and portions.more_to_do(moved, rung):
        climb.go_on(draft, moved, rung.pause_ms)
    else:
        verifying.go_on(draft, moved)


def _done(draft: Draft, incident: IncidentState, outcome: Outcome) -> IncidentState:
    return move(
        draft,
        incident,
        Event.APPLIED,
        Reason.APPLIED,
        due_at_ms=draft.now_ms,
        detail=outcome.detail,
        acted_at_ms=draft.now_ms,
        command_id="",
    )


def _rolled_back(draft: Draft, incident: IncidentState, outcome: Outcome) -> None:
    if outcome.command_id != incident.undo_id:
        return
    if not _lands(draft, incident, outcome) or incident.phase is not Phase.ROLLING_BACK:
        return
    detail = outcome.detail or outcome.reason
    if outcome.status is OutcomeStatus.APPLIED:
        climb.up(draft, incident, Reason.ROLLED_BACK, detail)
        return
    if outcome.reason == OutcomeReason.FORBIDDEN and outcome.status in CERTAIN:
        detail = rights.deny(draft, incident, detail)
    waiting.escalate(draft, incident, Reason.ROLLBACK_FAILED, detail)


def _look_failed(draft: Draft, incident: IncidentState, outcome: Outcome) -> None:
    """A LOOK is answered by an Observation; an Outcome means that the executor could not look."""
    if incident.phase is Phase.LOOKING and outcome.command_id == incident.command_id:
        detail, why = outcome.detail or outcome.reason, Reason.NO_OBSERVATION
        if outcome.reason == OutcomeReason.FORBIDDEN:
            detail, why = rights.deny(draft, incident, detail), Reason.RIGHT_MISSING
        waiting.escalate(draft, incident, why, detail)
