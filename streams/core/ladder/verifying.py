"""After the action: ask the probes, wait for the alerts, and say whether it worked."""

from schemas.actions import ACTIONS
from schemas.remediation import (
    CommandKind,
    Outcome,
    OutcomeStatus,
)
from streams.core.changed import replace
from streams.core.draft import Draft
from streams.core.entries import IncidentState
from streams.core.incident import move, notice, rung_of, store
from streams.core.ladder import climb, endings, leases, look, orders, portions, verify, waiting
from streams.core.ladder.verify import Next
from streams.core.lifecycle import Event, Phase
from streams.core.playbook import Rung
from streams.core.rails import here
from streams.core.rails.asked import Asked
from streams.core.reasons import Reason


def go_on(draft: Draft, incident: IncidentState) -> None:
    """Wait, check, succeed or fail: whichever the rung's rule says is next."""
    rung = rung_of(draft, incident)
    if rung is None:
        waiting.escalate(draft, incident, Reason.POLICY_GONE)
        return
    plan = verify.plan(incident, rung.verify, draft.now_ms)
    match plan.next:
        case Next.WAIT:
            store(draft, replace(incident, due_at_ms=plan.at_ms))
        case Next.CHECK:
            _check(draft, incident, rung)
        case Next.SUCCEEDED:
            _verified(draft, incident)
        case Next.FAILED:
            _not_verified(draft, incident, rung)


def _check(draft: Draft, incident: IncidentState, rung: Rung) -> None:
    policy = draft.policy() or draft.policy(incident.policy)
    assert policy is not None
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


def hear(draft: Draft, incident: IncidentState, outcome: Outcome) -> None:
    if incident.phase is not Phase.VERIFYING or outcome.command_id != incident.command_id:
        return
    rung = rung_of(draft, incident)
    passed = _all_passed(rung, outcome)
    detail = "; ".join(f"{c.probe}: {c.detail}" for c in outcome.checks) or outcome.detail
    heard = move(
        draft,
        incident,
        Event.CHECKED,
        Reason.CHECK_PASSED if passed else Reason.CHECK_FAILED,
        due_at_ms=draft.now_ms,
        detail=detail,
        # The answer may be late: what it says is at least as new as the question, and no newer.
        passed_at_ms=incident.checked_at_ms if passed else None,
        command_id="",
    )
    if passed and not portions.by_portions(rung) and portions.more_to_do(heard, rung):
        climb.go_on(draft, heard, rung.pause_ms if rung else 0)
        return
    go_on(draft, heard)


def _all_passed(rung: Rung | None, outcome: Outcome) -> bool:
    """Every probe that was asked for has answered, and nothing has failed."""
    if rung is None or outcome.status is not OutcomeStatus.CHECKED:
        return False
    told = {check.probe for check in outcome.checks}
    asked = {probe.name for probe in rung.verify.probes}
    return told >= asked and all(c.passed for c in outcome.checks)


def _verified(draft: Draft, incident: IncidentState) -> None:
    incident = endings.turned_out(draft, incident, worked=True)
    took_ms = draft.now_ms - incident.opened_at_ms
    text = f"Fixed and verified after {took_ms / 1000:.1f} s, {incident.acts} action(s)."
    move(
        draft,
        incident,
        Event.VERIFIED,
        Reason.VERIFIED,
        due_at_ms=draft.now_ms + endings.close_after_ms(draft),
        emit=(notice(draft, incident, "resolved", text),),
        command_id="",
    )


def _not_verified(draft: Draft, incident: IncidentState, rung: Rung) -> None:
    if _has_prepared(incident, rung):
        climb.up(draft, incident, Reason.NOT_VERIFIED, "done, and its alerts still fire")
        return
    incident = endings.turned_out(draft, incident, worked=False)
    if not rung.undo or not incident.undo:
        climb.up(draft, incident, Reason.NOT_VERIFIED)
        return
    asked = look.asked_of(draft, incident)
    if not isinstance(asked, Asked):
        waiting.escalate(draft, incident, asked, "not verified, and not undone")
        return
    if refusal := here.undo_refusal(asked):
        waiting.escalate(draft, incident, refusal.reason, "not verified, and not undone")
        return
    policy = asked.policy
    order = orders.make(draft, policy, incident, rung, CommandKind.ROLLBACK)
    orders.claim_undo(draft, incident, order)
    leases.taken_over(draft, order)
    move(
        draft,
        incident,
        Event.UNDO,
        Reason.NOT_VERIFIED,
        due_at_ms=order.expires_at_ms + orders.OUTCOME_GRACE_MS,
        emit=(order,),
        command_id=order.command_id,
        undo_id=order.command_id,
    )


def _has_prepared(incident: IncidentState, rung: Rung) -> bool:
    """An empty node is no less empty because it is still broken: what its probes confirm is neither
    undone nor held against the playbook, and the next step builds on it."""
    action = ACTIONS.get(rung.action)
    return action is not None and action.prepares and incident.passed_at_ms is not None
