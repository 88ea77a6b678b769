"""What the executor's answers mean for the incident that waits for them."""

from dataclasses import replace

from schemas.remediation import (
    CommandKind,
    Observation,
    Outcome,
    OutcomeReason,
    OutcomeStatus,
)
from streams.core import ladder, orders, verify
from streams.core.draft import Draft
from streams.core.incident import move, notice, store
from streams.core.lifecycle import IN_FLIGHT, Event, Phase
from streams.core.reasons import Reason
from streams.core.state import IncidentState, incident_key
from streams.core.verify import Next

WITHOUT_EFFECT = frozenset(
    {OutcomeReason.STALE, OutcomeReason.EXPIRED, OutcomeReason.THROTTLED, OutcomeReason.API_DOWN}
)
"""Rejections and failures that say more about the moment than about the action: try again."""


def hear_observation(draft: Draft, seen: Observation) -> None:
    incident = draft.get(incident_key(seen.incident_id), IncidentState)
    if incident is None or incident.command_id != seen.command_id:
        return
    if incident.phase is Phase.LOOKING:
        ladder.observed(draft, incident, seen)


def hear(draft: Draft, outcome: Outcome) -> None:
    incident = draft.get(incident_key(outcome.incident_id), IncidentState)
    if incident is None:
        return
    match outcome.kind:
        case CommandKind.ACT:
            _act_outcome(draft, incident, outcome)
        case CommandKind.VERIFY:
            _checked(draft, incident, outcome)
        case CommandKind.ROLLBACK:
            _rolled_back(draft, incident, outcome)
        case CommandKind.LOOK:
            _look_failed(draft, incident, outcome)


def _act_outcome(draft: Draft, incident: IncidentState, outcome: Outcome) -> None:
    if outcome.command_id != incident.act_id:
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
    orders.land(draft, incident)
    if outcome.status is not OutcomeStatus.UNKNOWN:
        orders.release(draft, incident, outcome.command_id)
    if incident.phase in IN_FLIGHT:
        _act_ended(draft, incident, outcome)


def _act_ended(draft: Draft, incident: IncidentState, outcome: Outcome) -> None:
    detail = outcome.detail or outcome.reason
    match outcome.status:
        case OutcomeStatus.APPLIED:
            _applied(draft, incident, outcome)
        case OutcomeStatus.UNKNOWN:
            ladder.escalate(draft, incident, Reason.OUTCOME_UNKNOWN, detail)
        case _ if outcome.reason in WITHOUT_EFFECT:
            ladder.again(draft, incident, Reason.REJECTED, detail)
        case OutcomeStatus.REJECTED if outcome.reason == OutcomeReason.NOTHING_TO_DO:
            ladder.climb(draft, incident, Reason.REJECTED, detail)
        case OutcomeStatus.REJECTED:
            ladder.escalate(draft, incident, Reason.REJECTED, detail)
        case _:
            ladder.climb(draft, incident, Reason.FAILED, detail)


def _applied(draft: Draft, incident: IncidentState, outcome: Outcome) -> None:
    moved = move(
        draft,
        incident,
        Event.APPLIED,
        Reason.APPLIED,
        due_at_ms=draft.now_ms,
        detail=outcome.detail,
        acted_at_ms=draft.now_ms,
        undo=outcome.undo,
        command_id="",
    )
    verify_on(draft, moved)


def verify_on(draft: Draft, incident: IncidentState) -> None:
    """Wait, check, succeed or fail: whichever the rung's rule says is next."""
    rung = ladder.rung_of(draft, incident)
    plan = verify.plan(incident, rung.verify, draft.now_ms)
    match plan.next:
        case Next.WAIT:
            store(draft, replace(incident, due_at_ms=plan.at_ms))
        case Next.CHECK:
            _check(draft, incident)
        case Next.SUCCEEDED:
            _verified(draft, incident)
        case Next.FAILED:
            _not_verified(draft, incident)


def _check(draft: Draft, incident: IncidentState) -> None:
    policy = draft.policy() or draft.policy(incident.policy)
    assert policy is not None
    rung = ladder.rung_of(draft, incident)
    order = orders.make(draft, policy, incident, rung, CommandKind.VERIFY)
    asked = move(
        draft,
        incident,
        Event.CHECKED,
        Reason.CHECK_DUE,
        due_at_ms=None,
        emit=(order,),
        checks=incident.checks + 1,
        checked_at_ms=draft.now_ms,
        command_id=order.command_id,
    )
    plan = verify.plan(asked, rung.verify, draft.now_ms)
    store(draft, replace(asked, due_at_ms=plan.at_ms))


def _checked(draft: Draft, incident: IncidentState, outcome: Outcome) -> None:
    if incident.phase is not Phase.VERIFYING or outcome.command_id != incident.command_id:
        return
    passed = outcome.status is OutcomeStatus.CHECKED and all(c.passed for c in outcome.checks)
    detail = "; ".join(f"{c.probe}: {c.detail}" for c in outcome.checks) or outcome.detail
    heard = move(
        draft,
        incident,
        Event.CHECKED,
        Reason.CHECK_PASSED if passed else Reason.CHECK_FAILED,
        due_at_ms=draft.now_ms,
        detail=detail,
        passed_at_ms=draft.now_ms if passed else None,
        command_id="",
    )
    verify_on(draft, heard)


def _verified(draft: Draft, incident: IncidentState) -> None:
    took_ms = draft.now_ms - incident.opened_at_ms
    text = f"Fixed and verified after {took_ms / 1000:.1f} s, {incident.attempts} action(s)."
    move(
        draft,
        incident,
        Event.VERIFIED,
        Reason.VERIFIED,
        due_at_ms=draft.now_ms + ladder.close_after_ms(draft),
        emit=(notice(draft, incident, "resolved", text),),
        command_id="",
    )


def _not_verified(draft: Draft, incident: IncidentState) -> None:
    rung = ladder.rung_of(draft, incident)
    if not rung.undo or not incident.undo:
        ladder.climb(draft, incident, Reason.NOT_VERIFIED)
        return
    policy = draft.policy() or draft.policy(incident.policy)
    assert policy is not None
    order = orders.make(draft, policy, incident, rung, CommandKind.ROLLBACK)
    move(
        draft,
        incident,
        Event.UNDO,
        Reason.NOT_VERIFIED,
        due_at_ms=order.expires_at_ms + orders.OUTCOME_GRACE_MS,
        emit=(order,),
        command_id=order.command_id,
    )


def _rolled_back(draft: Draft, incident: IncidentState, outcome: Outcome) -> None:
    if incident.phase is not Phase.ROLLING_BACK or outcome.command_id != incident.command_id:
        return
    if not outcome.status.terminal:
        return
    detail = outcome.detail or outcome.reason
    if outcome.status is OutcomeStatus.APPLIED:
        ladder.climb(draft, incident, Reason.ROLLED_BACK, detail)
    else:
        ladder.escalate(draft, incident, Reason.ROLLBACK_FAILED, detail)


def _look_failed(draft: Draft, incident: IncidentState, outcome: Outcome) -> None:
    """A LOOK is answered by an Observation; an Outcome means that the executor could not look."""
    if incident.phase is Phase.LOOKING and outcome.command_id == incident.command_id:
        detail = outcome.detail or outcome.reason
        ladder.escalate(draft, incident, Reason.NO_OBSERVATION, detail)
