"""A rung in hand: look at the target, ask everybody who must be asked, and act on what was seen."""

from schemas.remediation import CommandKind, Observation
from streams.core.alerts import muting
from streams.core.changed import replace
from streams.core.draft import Draft
from streams.core.entries import Evidence, IncidentState
from streams.core.incident import move, notice
from streams.core.ladder import approval, autonomy, orders, portions, waiting
from streams.core.lifecycle import Event
from streams.core.playbook import Mode
from streams.core.rails import breaker, here
from streams.core.rails import target as target_rails
from streams.core.rails.asked import Asked, Refusal
from streams.core.reasons import Reason

WOULD_CHARS_MAX = 300


def asked_of(draft: Draft, incident: IncidentState) -> Asked | Reason:
    """What the rails are asked of the rung that an incident is on; or why they cannot be."""
    policy = draft.policy()
    if policy is None:
        return Reason.NO_POLICY
    runs_under = draft.policy(incident.policy)
    playbook = runs_under.playbook_named(incident.playbook) if runs_under else None
    if playbook is None:
        return Reason.POLICY_GONE
    assert incident.target is not None
    rung = playbook.rungs[incident.step]
    return Asked(draft, policy, incident, playbook, rung, incident.target)


def take(asked: Asked, incident: IncidentState, event: Event, reason: Reason) -> None:
    draft, rung = asked.draft, asked.rung
    if draft.partition.beside:
        _would_look(asked, incident)
        return
    look = orders.make(draft, asked.policy, incident, rung, CommandKind.LOOK)
    move(
        draft,
        incident,
        event,
        reason,
        due_at_ms=look.expires_at_ms,
        detail=f"step {incident.step + 1}: {rung.action}",
        emit=(look,),
        looks=incident.looks + 1,
        looked_at_ms=draft.now_ms,
        command_id=look.command_id,
    )


def _would_look(asked: Asked, incident: IncidentState) -> None:
    """A candidate's run ends here; the rates are spent as if it had acted."""
    orders.spend(asked.draft, incident.cluster)
    would = f"would {approval.asked_for(asked)}"[:WOULD_CHARS_MAX]
    asked.draft.decided(
        incident.cluster, incident.incident_id, would, Reason.CANDIDATE_WOULD, incident.phase
    )
    waiting.escalate(asked.draft, incident, Reason.CANDIDATE_WOULD, would)


def look_again(draft: Draft, incident: IncidentState, by: str) -> None:
    """Everybody has said yes. What they said it to must still be what is there."""
    asked = asked_of(draft, incident)
    if isinstance(asked, Reason):
        waiting.refuse(draft, incident, Refusal(asked))
        return
    approved = replace(incident, approved=incident.proposal, approved_at_ms=draft.now_ms)
    take(asked, approved, Event.APPROVED, Reason.APPROVED)


def observed(draft: Draft, incident: IncidentState, seen: Observation) -> None:
    """The answer to the look: act on it, ask for approval, or refuse."""
    asked = asked_of(draft, incident)
    if isinstance(asked, Reason):
        waiting.refuse(draft, incident, Refusal(asked))
        return
    if muted := muting.of(draft, asked.policy, incident):
        waiting.hold(draft, incident, muted)
        return
    refusal = here.refusal(asked) or target_rails.refusal(asked, seen)
    if refusal:
        waiting.refuse(draft, incident, refusal)
        return
    in_force = asked.policy.playbook_named(asked.playbook.name)
    mode, why = autonomy.mode_of(draft, incident.cluster, asked.playbook, asked.rung, in_force)
    incident = replace(incident, mode=mode.value)
    if mode in (Mode.OFF, Mode.DRY_RUN, Mode.SHADOW):
        _only_say(incident, asked, seen, mode)
        return
    persons = approval.persons_needed(asked, seen, mode)
    if isinstance(persons, Refusal):
        waiting.refuse(draft, incident, persons)
    elif persons and not _is_given(incident, asked, seen, persons):
        approval.propose(incident, asked, seen, persons, why)
    else:
        evidence = Evidence(draft.now_ms, draft.fact.offset, seen.uid, seen.generation, seen.marker)
        granted = replace(incident, granted=persons, granted_uid=seen.uid)
        _act(asked, replace(granted, evidence=evidence))


def _is_given(incident: IncidentState, asked: Asked, seen: Observation, persons: int) -> bool:
    return portions.is_granted(incident, asked.rung, seen, persons) or approval.is_given(
        incident, asked, seen, persons
    )


_SAID = {
    Mode.OFF: Reason.PLAYBOOK_OFF,
    Mode.DRY_RUN: Reason.DRY_RUN,
    Mode.SHADOW: Reason.SHADOW,
}


def _only_say(incident: IncidentState, asked: Asked, seen: Observation, mode: Mode) -> None:
    """What would be done now, and a human; whether they agree is this playbook's evidence."""
    proposal = approval.proposal_of(incident, asked, seen.uid) if mode is Mode.SHADOW else ""
    would = f"would {approval.asked_for(asked)}"
    waiting.escalate(asked.draft, replace(incident, proposal=proposal), _SAID[mode], would)


def _act(asked: Asked, incident: IncidentState) -> None:
    draft, rung = asked.draft, asked.rung
    act = orders.make(draft, asked.policy, incident, rung, CommandKind.ACT)
    orders.claim(draft, incident, rung, act)
    breaker.claim(draft, incident)
    lasts = approval.for_a_time(rung)
    told = notice(draft, incident, "acting", f"{rung.action} on {act.target}{lasts}")
    move(
        draft,
        incident,
        Event.OBSERVED,
        Reason.RAILS_PASSED,
        due_at_ms=act.expires_at_ms + orders.OUTCOME_GRACE_MS,
        detail=f"{rung.action} {act.target}{lasts}",
        emit=(act, told),
        attempts=incident.attempts + (incident.portion == 0),
        command_id=act.command_id,
        act_id=act.command_id,
        undo_id="",
        held_since_ms=None,
        acted_at_ms=None,
        checked_at_ms=None,
        passed_at_ms=None,
        undo=incident.undo if portions.goes_on(incident, rung) else {},
        proposal="",
        approved="",
    )
