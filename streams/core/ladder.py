"""Driving an incident up its ladder: look, act, verify; then the next rung, or a human.

Every function takes the incident as it stands and leaves it in its next phase with its next
deadline; the transition itself is `incident.move`.
"""

from dataclasses import replace

from schemas.actions import ROLL_BACK
from schemas.notices import Notice
from schemas.remediation import CommandKind, Observation
from streams.core import approval, autonomy, facts, muting, orders
from streams.core.draft import Draft
from streams.core.entries import (
    ChangeState,
    Evidence,
    IncidentState,
    change_key,
    crowd_key,
    incident_key,
)
from streams.core.incident import members_of, move, notice, store, view
from streams.core.lifecycle import Event, Phase
from streams.core.policy import Mode, Playbook, Policy, Rung, target_of
from streams.core.rails import breaker, here
from streams.core.rails import target as target_rails
from streams.core.rails.asked import Asked, Refusal
from streams.core.reasons import PASSING, PATIENT, Reason
from streams.core.routing import Route

HOLD_RETRY_MS = 5_000
WOULD_CHARS_MAX = 300
RETRY_MS = 1_000
MUTED_RETRY_MS = 30_000
PATIENCE_WITHOUT_POLICY_MS = 600_000
REMIND_WITHOUT_POLICY_MS = 3_600_000
CLOSE_WITHOUT_POLICY_MS = 600_000


def close_after_ms(draft: Draft) -> int:
    policy = draft.policy()
    return policy.limits.close_after_ms if policy else CLOSE_WITHOUT_POLICY_MS


def route_of(policy: Policy, incident: IncidentState) -> Route:
    """The route whose group the incident is."""
    routes = policy.sees(incident.labels).routes
    return routes[0] if routes else policy.route


def advance(draft: Draft, incident: IncidentState) -> None:
    """An open or suppressed incident whose time has come: take the next rung, if everything
    allows it."""
    if incident.clear_since_ms is not None:
        cleared(draft, incident, Reason.ALERTS_CLEAR)
        return
    policy = draft.policy()
    if policy is None:
        hold(draft, incident, Reason.NO_POLICY)
        return
    if muted := muting.of(draft, policy, incident):
        suppress(draft, incident, muted)
        return
    if incident.phase is Phase.SUPPRESSED:
        move(draft, incident, Event.UNMUTED, Reason.NOT_MUTED, due_at_ms=draft.now_ms)
        return
    runs_under = draft.policy(incident.policy) or policy
    playbook = _playbook(runs_under, incident)
    if refusal := _unfit(policy, incident, playbook):
        escalate(draft, incident, refusal)
        return
    assert playbook is not None
    if not incident.policy:
        incident = _begun(draft, policy, playbook, incident)
    # Also where the policy that it began under is no longer kept.
    incident = replace(incident, policy=runs_under.digest, ladder=playbook.digest)
    _next_rung(draft, policy, playbook, incident)


def _unfit(policy: Policy, incident: IncidentState, playbook: Playbook | None) -> Reason | None:
    """Why this incident is for people, whatever the rails would say."""
    if policy.sees(incident.labels).never:
        return Reason.NEVER_AUTOMATED
    if playbook is None:
        return Reason.NO_PLAYBOOK
    return Reason.PLAYBOOK_OFF if playbook.mode is Mode.OFF else None


def _begun(
    draft: Draft, policy: Policy, playbook: Playbook, incident: IncidentState
) -> IncidentState:
    """The ladder that it climbs from now on; where a change came before it, from the rollback."""
    changed = _follows_change(draft, policy, playbook, incident)
    step = _rollback_of(playbook) if changed and playbook.prefer_rollback else 0
    incident = replace(
        incident,
        playbook=playbook.name,
        ladder=playbook.digest,
        policy=policy.digest,
        mode=playbook.mode.value,
        change_related=changed,
    )
    return _skipped(draft, incident, Reason.CHANGE_RELATED, "", step) if step else incident


def _follows_change(
    draft: Draft, policy: Policy, playbook: Playbook, incident: IncidentState
) -> bool:
    target = target_of(playbook.target, incident.cluster, incident.labels)
    change = draft.get(change_key(target), ChangeState) if target else None
    within_ms = policy.correlation.change_within_ms
    return change is not None and 0 <= incident.opened_at_ms - change.at_ms < within_ms


def _rollback_of(playbook: Playbook) -> int:
    actions = [rung.action for rung in playbook.rungs]
    return actions.index(ROLL_BACK) if ROLL_BACK in actions else 0


def _skipped(
    draft: Draft, incident: IncidentState, reason: Reason, detail: str, step: int
) -> IncidentState:
    return move(
        draft,
        incident,
        Event.SKIPPED,
        reason,
        due_at_ms=draft.now_ms,
        detail=detail,
        step=step,
        attempt=0,
        portion=0,
        step_since_ms=draft.now_ms,
    )


def _next_rung(draft: Draft, policy: Policy, playbook: Playbook, incident: IncidentState) -> None:
    rung = playbook.rungs[incident.step] if incident.step < len(playbook.rungs) else None
    if rung is None or rung.hands_over:
        escalate(draft, incident, Reason.LADDER_SPENT)
        return
    target = target_of(playbook.target, incident.cluster, incident.labels)
    if target is None:
        escalate(draft, incident, Reason.NO_TARGET)
        return
    ready_at_ms = incident.step_since_ms + rung.dwell_ms
    if draft.now_ms < ready_at_ms:
        store(draft, replace(incident, due_at_ms=ready_at_ms))
        return
    if rung.when is not None:
        holds = facts.holds(draft, policy, incident, rung.when)
        if isinstance(holds, str):
            escalate(draft, incident, Reason.CONDITION_FAILED, f"{rung.when.text}: {holds}")
            return
        if not holds:
            _skipped(draft, incident, Reason.CONDITION_FALSE, rung.when.text, incident.step + 1)
            return
    asked = Asked(draft, policy, incident, playbook, rung, target)
    refusal = here.refusal(asked)
    if refusal is None and target != incident.target and orders.holds(draft, incident):
        refusal = Refusal(Reason.TARGET_LOCKED)
    if refusal:
        refuse(draft, incident, refusal)
        return
    _look(asked, replace(incident, target=target), Event.READY, Reason.DWELL_OVER)


def _look(asked: Asked, incident: IncidentState, event: Event, reason: Reason) -> None:
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
    would = f"would {asked.rung.action} {asked.target}"[:WOULD_CHARS_MAX]
    asked.draft.decided(
        incident.cluster, incident.incident_id, would, Reason.CANDIDATE_WOULD, incident.phase
    )
    escalate(asked.draft, incident, Reason.CANDIDATE_WOULD, would)


def look_again(draft: Draft, incident: IncidentState, by: str) -> None:
    """Everybody has said yes. What they said it to must still be what is there."""
    asked = asked_of(draft, incident)
    if isinstance(asked, Reason):
        refuse(draft, incident, Refusal(asked))
        return
    approved = replace(incident, approved=incident.proposal, approved_at_ms=draft.now_ms)
    _look(asked, approved, Event.APPROVED, Reason.APPROVED)


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


def observed(draft: Draft, incident: IncidentState, seen: Observation) -> None:
    """The answer to the look: act on it, ask for approval, or refuse."""
    asked = asked_of(draft, incident)
    if isinstance(asked, Reason):
        refuse(draft, incident, Refusal(asked))
        return
    if muted := muting.of(draft, asked.policy, incident):
        hold(draft, incident, muted)
        return
    refusal = here.refusal(asked) or target_rails.refusal(asked, seen)
    if refusal:
        refuse(draft, incident, refusal)
        return
    mode, why = autonomy.mode_of(draft, incident.cluster, asked.playbook, asked.rung)
    incident = replace(incident, mode=mode.value)
    if mode in (Mode.OFF, Mode.DRY_RUN, Mode.SHADOW):
        _only_say(incident, asked, seen, mode)
        return
    persons = approval.persons_needed(asked, seen, mode)
    if isinstance(persons, Refusal):
        refuse(draft, incident, persons)
    elif persons and not approval.is_given(incident, asked, seen):
        approval.propose(incident, asked, seen, persons, why)
    else:
        evidence = Evidence(draft.now_ms, draft.fact.offset, seen.uid, seen.generation, seen.marker)
        _act(asked, replace(incident, evidence=evidence))


_SAID = {
    Mode.OFF: Reason.PLAYBOOK_OFF,
    Mode.DRY_RUN: Reason.DRY_RUN,
    Mode.SHADOW: Reason.SHADOW,
}


def _only_say(incident: IncidentState, asked: Asked, seen: Observation, mode: Mode) -> None:
    """What would be done now, and a human; whether they agree is this playbook's evidence."""
    proposal = approval.proposal_of(incident, asked, seen.uid) if mode is Mode.SHADOW else ""
    would = f"would {asked.rung.action} {asked.target}"
    escalate(asked.draft, replace(incident, proposal=proposal), _SAID[mode], would)


def _act(asked: Asked, incident: IncidentState) -> None:
    draft, rung = asked.draft, asked.rung
    act = orders.make(draft, asked.policy, incident, rung, CommandKind.ACT)
    orders.claim(draft, incident, rung, act)
    breaker.claim(draft, incident)
    told = notice(draft, incident, "acting", f"{rung.action} on {act.target}")
    move(
        draft,
        incident,
        Event.OBSERVED,
        Reason.RAILS_PASSED,
        due_at_ms=act.expires_at_ms + orders.OUTCOME_GRACE_MS,
        detail=f"{rung.action} {act.target}",
        emit=(act, told),
        attempts=incident.attempts + (incident.portion == 0),
        command_id=act.command_id,
        act_id=act.command_id,
        undo_id="",
        held_since_ms=None,
        acted_at_ms=None,
        checked_at_ms=None,
        passed_at_ms=None,
        undo={},
        proposal="",
        approved="",
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
    if reason is Reason.FLAPPING:
        emit = (notice(draft, incident, "ticket", "It begins and ends again and again."),)
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
        store(draft, replace(incident, due_at_ms=retry_at_ms))
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


def escalate(draft: Draft, incident: IncidentState, reason: Reason, detail: str = "") -> None:
    """A human takes over; the reminder repeats until the alerts clear."""
    if incident.attempts and reason in FAILURES and autonomy.demote(draft, incident):
        detail = f"{detail} (its playbook will ask before it acts again)".strip()
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
        cleared(draft, incident, Reason.ALERTS_CLEAR)
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
        portion=0,
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
    portion: int = 0,
) -> None:
    """The same rung once more, on a fresh look: the attempt ended without an effect, or was one
    portion of a gradual step."""
    move(
        draft,
        incident,
        Event.RETRY,
        reason,
        due_at_ms=draft.now_ms + pause_ms,
        detail=detail,
        attempt=incident.attempt + 1,
        portion=portion,
        command_id="",
        evidence=None,
    )


def refired(draft: Draft, incident: IncidentState) -> None:
    """The alerts are back before the incident was closed. What was done did not last: climb."""
    acted = incident.attempts > 0
    if acted and incident.reason == Reason.VERIFIED:
        incident = turned_out(draft, incident, worked=False)
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


def rung_of(draft: Draft, incident: IncidentState) -> Rung | None:
    """The rung that an incident under way is on, by the policy that it runs under; None where
    that policy was pushed out by newer ones, or this release cannot read it."""
    policy = draft.policy(incident.policy)
    playbook = policy.playbook_named(incident.playbook) if policy else None
    return playbook.rungs[incident.step] if playbook else None


def _playbook(policy: Policy, incident: IncidentState) -> Playbook | None:
    if incident.policy:
        return policy.playbook_named(incident.playbook)
    return policy.sees(incident.labels).playbook
