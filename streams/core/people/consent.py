"""People's yes and no: whose counts, and what it sets free."""

from schemas.controls import Control
from streams.core.changed import replace
from streams.core.draft import Draft
from streams.core.entries import Approver, IncidentState
from streams.core.incident import move, note, rung_of, store
from streams.core.keys import incident_key, policy_key
from streams.core.ladder import autonomy, look, waiting
from streams.core.ladder.approval import TWO
from streams.core.lifecycle import Event, Phase
from streams.core.partition import PolicyText
from streams.core.playbook import Mode
from streams.core.reasons import Reason


def hear(draft: Draft, control: Control, *, yes: bool) -> Reason:
    """An approval or a rejection. Returns why, also where it changes nothing."""
    incident = draft.get(incident_key(control.parameters["incident"]), IncidentState)
    asked_for = incident.proposal if incident and incident.cluster == control.cluster else ""
    if incident is None or not asked_for or asked_for != control.parameters["proposal"]:
        return Reason.PROPOSAL_UNKNOWN
    if incident.phase is Phase.ESCALATED and incident.mode == Mode.SHADOW:
        return _judged(draft, incident, control, agreed=yes)
    rung = rung_of(draft, incident)
    if incident.phase is not Phase.AWAITING_APPROVAL or rung is None:
        return Reason.PROPOSAL_UNKNOWN
    if incident.due_at_ms is not None and draft.now_ms > incident.due_at_ms:
        return Reason.APPROVAL_EXPIRED  # Its deadline is worked off after this fact.
    if rung.approval.who and control.author not in rung.approval.who:
        return Reason.APPROVER_NOT_ALLOWED
    if not yes:
        _judge(draft, incident, agreed=False)
        detail = f"{control.author}: {control.reason}"
        waiting.escalate(draft, incident, Reason.REJECTED_BY_HUMAN, detail)
        return Reason.REJECTED_BY_HUMAN
    return _approve(draft, incident, control)


def _approve(draft: Draft, incident: IncidentState, control: Control) -> Reason:
    needed = incident.persons
    if refusal := _not_counting(draft, incident, control, needed):
        return refusal
    approvals = (*incident.approvals, Approver(control.author, control.verified))
    if len(approvals) < needed:
        move(
            draft,
            incident,
            Event.SECONDED,
            Reason.ONE_MORE_APPROVAL,
            due_at_ms=incident.due_at_ms,
            detail=control.author,
            approvals=approvals,
        )
        return Reason.ONE_MORE_APPROVAL
    _judge(draft, incident, agreed=True)
    look.look_again(draft, replace(incident, approvals=approvals), control.author)
    return Reason.APPROVED


def _not_counting(
    draft: Draft, incident: IncidentState, control: Control, needed: int
) -> Reason | None:
    """Where two are needed, they are two people that the broker knows, and neither of them wrote
    the policy that asks."""
    if any(a.name == control.author for a in incident.approvals):
        return Reason.APPROVED_TWICE
    if needed < TWO:
        return None
    if not control.verified:
        return Reason.APPROVER_NOT_VERIFIED
    text = draft.get(policy_key(incident.policy), PolicyText)
    return Reason.APPROVER_IS_AUTHOR if text and text.author == control.author else None


def _judged(draft: Draft, incident: IncidentState, control: Control, *, agreed: bool) -> Reason:
    """Of a shadow's proposal people only say what they think; once."""
    if incident.judged:
        return Reason.APPROVED_TWICE
    _judge(draft, incident, agreed=agreed)
    reason = Reason.AGREED if agreed else Reason.DISAGREED
    told = note(draft, replace(incident, judged=True), "judged", reason, control.author)
    store(draft, told)
    return reason


def _judge(draft: Draft, incident: IncidentState, *, agreed: bool) -> None:
    """Evidence of the ladder in force. What is said of an earlier one shows nothing of this one."""
    policy = draft.policy()
    playbook = policy.playbook_named(incident.playbook) if policy else None
    if policy and playbook and playbook.digest == incident.ladder:
        autonomy.judge(draft, incident, policy.limits, agreed=agreed)
