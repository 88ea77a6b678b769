"""Driving an incident up its ladder: look, act, verify; then the next rung, or a human.

Every function takes the incident as it stands and leaves it in its next phase with its next
deadline; the transition itself is `incident.move`.
"""

from dataclasses import replace

from schemas.remediation import CommandKind, Observation
from streams.core import orders, rails
from streams.core.draft import Draft
from streams.core.incident import move, notice, store, view
from streams.core.lifecycle import Event, Phase
from streams.core.policy import Playbook, Policy, Rung, target_of
from streams.core.reasons import PASSING, Reason
from streams.core.state import Evidence, IncidentState, incident_key

HOLD_RETRY_MS = 5_000
RETRY_MS = 1_000
PATIENCE_WITHOUT_POLICY_MS = 600_000
REMIND_WITHOUT_POLICY_MS = 3_600_000
CLOSE_WITHOUT_POLICY_MS = 600_000


def close_after_ms(draft: Draft) -> int:
    policy = draft.policy()
    return policy.limits.close_after_ms if policy else CLOSE_WITHOUT_POLICY_MS


def advance(draft: Draft, incident: IncidentState) -> None:
    """An open incident whose time has come: take the next rung, if everything allows it."""
    if incident.clear_since_ms is not None:
        cleared(draft, incident, Reason.ALERTS_CLEAR)
        return
    policy = draft.policy()
    if policy is None:
        hold(draft, incident, Reason.NO_POLICY)
        return
    runs_under = draft.policy(incident.policy) or policy
    playbook = _playbook(runs_under, incident)
    if playbook is None:
        escalate(draft, incident, Reason.NO_PLAYBOOK)
        return
    incident = replace(
        incident,
        playbook=playbook.name,
        ladder=playbook.digest,
        policy=runs_under.digest,
    )
    rung = playbook.rungs[incident.step] if incident.step < len(playbook.rungs) else None
    if rung is None or rung.hands_over:
        escalate(draft, incident, Reason.LADDER_SPENT)
        return
    _step_on(draft, policy, playbook, rung, incident)


def _step_on(
    draft: Draft, policy: Policy, playbook: Playbook, rung: Rung, incident: IncidentState
) -> None:
    target = target_of(playbook.target, incident.cluster, incident.labels)
    if target is None:
        escalate(draft, incident, Reason.NO_TARGET)
        return
    ready_at_ms = incident.step_since_ms + rung.dwell_ms
    if draft.now_ms < ready_at_ms:
        store(draft, replace(incident, due_at_ms=ready_at_ms))
        return
    refusal = rails.before_look(draft, policy, incident, rung, target)
    if refusal is None and target != incident.target and orders.holds(draft, incident):
        refusal = Reason.TARGET_LOCKED
    if refusal:
        refuse(draft, incident, refusal)
        return
    _look(draft, policy, rung, replace(incident, target=target))


def _look(draft: Draft, policy: Policy, rung: Rung, incident: IncidentState) -> None:
    look = orders.make(draft, policy, incident, rung, CommandKind.LOOK)
    move(
        draft,
        incident,
        Event.READY,
        Reason.DWELL_OVER,
        due_at_ms=look.expires_at_ms,
        detail=f"step {incident.step + 1}: {rung.action}",
        emit=(look,),
        looks=incident.looks + 1,
        command_id=look.command_id,
        evidence=None,
    )


def observed(draft: Draft, incident: IncidentState, seen: Observation) -> None:
    """The answer to the look: act on it, or refuse."""
    policy, rung = draft.policy(), rung_of(draft, incident)
    if policy is None:
        refuse(draft, incident, Reason.NO_POLICY)
        return
    if rung is None:
        escalate(draft, incident, Reason.POLICY_GONE)
        return
    assert incident.target is not None
    refusal = rails.before_look(draft, policy, incident, rung, incident.target)
    refusal = refusal or rails.on_observation(draft, policy, rung, seen)
    if refusal:
        refuse(draft, incident, refusal)
        return
    evidence = Evidence(draft.now_ms, draft.fact.offset, seen.uid, seen.generation, seen.marker)
    _act(draft, policy, rung, replace(incident, evidence=evidence))


def _act(draft: Draft, policy: Policy, rung: Rung, incident: IncidentState) -> None:
    act = orders.make(draft, policy, incident, rung, CommandKind.ACT)
    orders.claim(draft, incident, rung, act)
    told = notice(draft, incident, "acting", f"{rung.action} on {act.target}")
    move(
        draft,
        incident,
        Event.OBSERVED,
        Reason.RAILS_PASSED,
        due_at_ms=act.expires_at_ms + orders.OUTCOME_GRACE_MS,
        detail=f"{rung.action} {act.target}",
        emit=(act, told),
        attempts=incident.attempts + 1,
        command_id=act.command_id,
        act_id=act.command_id,
        undo_id="",
        held_since_ms=None,
        acted_at_ms=None,
        checked_at_ms=None,
        passed_at_ms=None,
        undo={},
    )


def refuse(draft: Draft, incident: IncidentState, reason: Reason) -> None:
    """Hold where time may lift the reason, and hand over where it will not."""
    if reason in PASSING:
        hold(draft, incident, reason)
    else:
        escalate(draft, incident, reason)


def hold(draft: Draft, incident: IncidentState, reason: Reason) -> None:
    policy = draft.policy()
    patience_ms = policy.limits.patience_ms if policy else PATIENCE_WITHOUT_POLICY_MS
    since_ms = incident.held_since_ms if incident.held_since_ms is not None else draft.now_ms
    if draft.now_ms - since_ms >= patience_ms:
        escalate(draft, incident, reason)
        return
    retry_at_ms = min(draft.now_ms + HOLD_RETRY_MS, since_ms + patience_ms)
    if incident.phase is Phase.OPEN and incident.reason == reason.value:
        # The same reason again is not news: no verdict, no line on the timeline.
        store(draft, replace(incident, due_at_ms=retry_at_ms))
        return
    move(
        draft,
        incident,
        Event.HELD,
        reason,
        due_at_ms=retry_at_ms,
        held_since_ms=since_ms,
        command_id="",
    )


def escalate(draft: Draft, incident: IncidentState, reason: Reason, detail: str = "") -> None:
    """A human takes over; the reminder repeats until the alerts clear."""
    told = notice(draft, incident, "escalated", _words(incident, reason, detail))
    move(
        draft,
        incident,
        Event.REFUSED,
        reason,
        due_at_ms=draft.now_ms + _remind_ms(draft),
        detail=detail,
        emit=(told,),
        held_since_ms=None,
    )


def remind(draft: Draft, incident: IncidentState) -> None:
    if incident.clear_since_ms is not None:
        cleared(draft, incident, Reason.ALERTS_CLEAR)
        return
    told = notice(draft, incident, "reminder", f"Still open, and still yours: {incident.reason}.")
    move(
        draft,
        incident,
        Event.HELD,
        Reason.STILL_WITH_A_HUMAN,
        due_at_ms=draft.now_ms + _remind_ms(draft),
        emit=(told,),
    )


def _remind_ms(draft: Draft) -> int:
    policy = draft.policy()
    return policy.limits.remind_ms if policy else REMIND_WITHOUT_POLICY_MS


def _words(incident: IncidentState, reason: Reason, detail: str) -> str:
    where = f" on {incident.target}" if incident.target else ""
    tried = f" after {incident.attempts} attempts" if incident.attempts else ""
    return f"Over to you{tried}: {reason.value}{where}. {detail}".strip()


def climb(draft: Draft, incident: IncidentState, reason: Reason, detail: str = "") -> None:
    """The next rung. Here, and only here, an open incident takes over a newer policy."""
    policy = draft.policy()
    digest = policy.digest if policy else incident.policy
    if digest != incident.policy:
        draft.decided(incident.cluster, incident.incident_id, "policy_changed", Reason.NEW_POLICY)
    move(
        draft,
        incident,
        Event.CLIMB,
        reason,
        due_at_ms=draft.now_ms,
        detail=detail,
        policy=digest,
        step=incident.step + 1,
        attempt=0,
        step_since_ms=draft.now_ms,
        command_id="",
        evidence=None,
    )


def again(
    draft: Draft,
    incident: IncidentState,
    reason: Reason,
    detail: str,
    pause_ms: int = RETRY_MS,
) -> None:
    """The same rung once more, on a fresh look: the attempt ended without an effect."""
    move(
        draft,
        incident,
        Event.RETRY,
        reason,
        due_at_ms=draft.now_ms + pause_ms,
        detail=detail,
        attempt=incident.attempt + 1,
        command_id="",
        evidence=None,
    )


def refired(draft: Draft, incident: IncidentState) -> None:
    """The alerts are back before the incident was closed. What was done did not last: climb."""
    acted = incident.attempts > 0
    move(
        draft,
        incident,
        Event.REFIRED,
        Reason.REFIRED,
        due_at_ms=draft.now_ms,
        step=incident.step + 1 if acted else incident.step,
        attempt=0 if acted else incident.attempt,
        step_since_ms=draft.now_ms,
        held_since_ms=None,
        command_id="",
    )


def cleared(draft: Draft, incident: IncidentState, reason: Reason) -> None:
    """The alerts cleared and nothing of ours is under way."""
    told = notice(draft, incident, "resolved", "Its alerts have cleared.")
    move(
        draft,
        incident,
        Event.CLEARED,
        reason,
        due_at_ms=draft.now_ms + close_after_ms(draft),
        emit=(told,),
        command_id="",
        held_since_ms=None,
    )


def close(draft: Draft, incident: IncidentState) -> None:
    """Quiet for long enough: the last word on the topic, then the entries end."""
    closed = move(draft, incident, Event.QUIET, Reason.QUIET, due_at_ms=None)
    orders.release_of(draft, closed)
    draft.last_words.append(view(draft, closed))
    draft.put(incident_key(closed.incident_id), None)
    draft.put(closed.group_key, None)


def rung_of(draft: Draft, incident: IncidentState) -> Rung | None:
    """The rung that an incident under way is on, by the policy that it runs under; None where
    that policy was pushed out by newer ones, or this release cannot read it."""
    policy = draft.policy(incident.policy)
    playbook = policy.playbook_named(incident.playbook) if policy else None
    return playbook.rungs[incident.step] if playbook else None


def _playbook(policy: Policy, incident: IncidentState) -> Playbook | None:
    if incident.policy:
        return policy.playbook_named(incident.playbook)
    return policy.playbook_for(incident.labels)
