"""Up the ladder: which rung is next for an incident, and whether its time has come.

Every function takes the incident as it stands and leaves it in its next phase with its next
deadline; the transition itself is `incident.move`.
"""

from schemas.actions import ROLL_BACK
from schemas.alerts import NO_DATA
from schemas.notices import Notice
from streams.core.alerts import muting
from streams.core.changed import replace
from streams.core.draft import Draft
from streams.core.entries import IncidentState
from streams.core.incident import introduced, move, notice, store
from streams.core.keys import change_key
from streams.core.ladder import endings, facts, look, orders, waiting
from streams.core.lifecycle import Event, Phase
from streams.core.playbook import Mode, Playbook, Rung, target_of
from streams.core.policy import Policy
from streams.core.rails import here
from streams.core.rails.asked import Asked, Refusal
from streams.core.reasons import Reason
from streams.core.standing import ChangeState

RETRY_MS = 1_000
NOTHING_CHANGED = "You are told, and nothing is changed by this step."


def advance(draft: Draft, incident: IncidentState) -> None:
    """An open or suppressed incident whose time has come: take the next rung, if everything
    allows it."""
    if incident.clear_since_ms is not None:
        endings.cleared(draft, incident, Reason.ALERTS_CLEAR)
        return
    policy = draft.policy()
    if policy is None:
        waiting.hold(draft, incident, Reason.NO_POLICY)
        return
    if not incident.receivers:
        incident = introduced(policy, incident)
    if muted := muting.of(draft, policy, incident):
        waiting.suppress(draft, incident, muted)
        return
    if incident.phase is Phase.SUPPRESSED:
        move(draft, incident, Event.UNMUTED, Reason.NOT_MUTED, due_at_ms=draft.now_ms)
        return
    runs_under = draft.policy(incident.policy) or policy
    playbook = _playbook(runs_under, incident)
    if refusal := unfit(policy, incident, playbook):
        waiting.escalate(draft, incident, refusal)
        return
    assert playbook is not None
    if not incident.policy:
        incident = _begun(draft, policy, playbook, incident)
    # Also where the policy that it began under is no longer kept.
    incident = replace(incident, policy=runs_under.digest, ladder=playbook.digest)
    _next_rung(draft, policy, playbook, incident)


def unfit(policy: Policy, incident: IncidentState, playbook: Playbook | None) -> Reason | None:
    """Why this incident is for people, whatever the rails would say."""
    if policy.sees(incident.labels).never:
        return Reason.NEVER_AUTOMATED
    if incident.labels.get(NO_DATA) and not (playbook and NO_DATA in playbook.matches.names):
        return Reason.NO_DATA
    if playbook is None:
        return Reason.NO_PLAYBOOK
    return Reason.PLAYBOOK_OFF if playbook.mode is Mode.OFF else None


def _playbook(policy: Policy, incident: IncidentState) -> Playbook | None:
    if incident.policy:
        return policy.playbook_named(incident.playbook)
    return policy.sees(incident.labels).playbook


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
    draft: Draft,
    incident: IncidentState,
    reason: Reason,
    detail: str,
    step: int,
    emit: tuple[Notice, ...] = (),
) -> IncidentState:
    return move(
        draft,
        incident,
        Event.SKIPPED,
        reason,
        due_at_ms=draft.now_ms,
        detail=detail,
        emit=emit,
        step=step,
        attempt=0,
        portion=0,
        step_since_ms=draft.now_ms,
    )


def _next_rung(draft: Draft, policy: Policy, playbook: Playbook, incident: IncidentState) -> None:
    rung = playbook.rungs[incident.step] if incident.step < len(playbook.rungs) else None
    if rung is None or rung.hands_over:
        idle = not incident.acts and any(each.acts for each in playbook.rungs)
        tried = "no step of it was fit to be taken" if idle else ""
        waiting.escalate(draft, incident, Reason.LADDER_SPENT, tried)
        return
    target = target_of(playbook.target, incident.cluster, incident.labels)
    if target is None and not rung.only_tells:
        waiting.escalate(draft, incident, Reason.NO_TARGET)
        return
    ready_at_ms = incident.step_since_ms + rung.dwell_ms
    if draft.now_ms < ready_at_ms:
        store(draft, replace(incident, due_at_ms=ready_at_ms))
        return
    if rung.when is not None:
        holds = facts.holds(draft, policy, incident, rung.when)
        if isinstance(holds, str):
            waiting.escalate(draft, incident, Reason.CONDITION_FAILED, f"{rung.when.text}: {holds}")
            return
        if not holds:
            text, following = rung.when.text, incident.step + 1
            passed = _skipped(draft, incident, Reason.CONDITION_FALSE, text, following)
            _next_rung(draft, policy, playbook, passed)
            return
    if rung.only_tells:
        _next_rung(draft, policy, playbook, _told(draft, incident, rung))
        return
    assert target is not None
    asked = Asked(draft, policy, incident, playbook, rung, target)
    refusal = here.refusal(asked)
    if refusal is None and target != incident.target and orders.holds(draft, incident):
        refusal = Refusal(Reason.TARGET_LOCKED)
    if refusal:
        waiting.refuse(draft, incident, refusal)
        return
    look.take(asked, replace(incident, target=target), Event.READY, Reason.DWELL_OVER)


def _told(draft: Draft, incident: IncidentState, rung: Rung) -> IncidentState:
    """No cluster is asked, no rail, and no budget is spent. An answer is not waited for."""
    told = notice(draft, incident, "told", rung.parameters.get("text", NOTHING_CHANGED))
    return _skipped(draft, incident, Reason.TOLD, "", incident.step + 1, (told,))


def up(draft: Draft, incident: IncidentState, reason: Reason, detail: str = "") -> None:
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
) -> None:
    """The same rung once more, on a fresh look: the attempt ended without an effect. That of a
    further portion counts as an attempt of its own, or it could be tried for ever."""
    tried = replace(incident, attempts=incident.attempts + (incident.portion > 0))
    _repeat(draft, tried, reason, detail, pause_ms, incident.portion)


def go_on(draft: Draft, incident: IncidentState, pause_ms: int) -> None:
    """The next portion of a gradual step."""
    detail = f"portion {incident.portion + 2}"
    _repeat(draft, incident, Reason.NEXT_PORTION, detail, pause_ms, incident.portion + 1)


def _repeat(
    draft: Draft,
    incident: IncidentState,
    reason: Reason,
    detail: str,
    pause_ms: int,
    portion: int,
) -> None:
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
