"""Asking people: for what exactly, and how many of them."""

from schemas.actions import ACTIONS
from schemas.ids import digest
from schemas.remediation import Observation
from streams.core.changed import replace
from streams.core.entries import Evidence, IncidentState
from streams.core.incident import move, notice
from streams.core.ladder import facts
from streams.core.lifecycle import Event
from streams.core.playbook import Mode, Rung
from streams.core.rails import target as target_rails
from streams.core.rails.asked import Asked, Refusal
from streams.core.reasons import Reason

STATEFUL = frozenset({"StatefulSet", "PersistentVolumeClaim"})
TWO = 2


def proposal_of(incident: IncidentState, asked: Asked, uid: str) -> str:
    """The hash of exactly what is done to what: a yes to it is a yes to nothing else."""
    pairs = (part for pair in sorted(asked.rung.parameters.items()) for part in pair)
    return digest(
        "proposal",
        incident.incident_id,
        incident.ladder,
        incident.step,
        incident.attempt,
        asked.rung.action,
        str(asked.target),
        uid,
        *pairs,
    )


def persons_needed(asked: Asked, seen: Observation, mode: Mode) -> int | Refusal:
    """How many must say yes; 0: nobody is asked."""
    rule, action = asked.rung.approval, ACTIONS.get(asked.rung.action)
    grave = asked.target.kind in STATEFUL or action is None or action.destructive
    if grave or target_rails.over_share(asked, seen):
        return max(TWO, rule.persons)
    if rule.when is not None and not rule.always:
        holds = facts.holds(asked.draft, asked.policy, asked.incident, rule.when)
        if isinstance(holds, str):
            return Refusal(Reason.CONDITION_FAILED, holds)
        if holds:
            return rule.persons
    return rule.persons if rule.always or mode is Mode.APPROVE else 0


def is_given(incident: IncidentState, asked: Asked, seen: Observation, persons: int) -> bool:
    """As many as are needed now said yes to this, the target has not moved since, and it is not too
    long ago."""
    evidence = incident.evidence
    moved = evidence is None or evidence.generation != seen.generation
    expired = asked.now_ms >= incident.approved_at_ms + asked.rung.approval.expiry_ms
    same = incident.approved == proposal_of(incident, asked, seen.uid)
    return same and not moved and not expired and persons <= incident.persons


def propose(
    incident: IncidentState, asked: Asked, seen: Observation, persons: int, why: Reason
) -> None:
    """Ask. With another look that finds the same, an approval of it lets the action go."""
    draft, rung = asked.draft, asked.rung
    evidence = Evidence(draft.now_ms, draft.fact.offset, seen.uid, seen.generation, seen.marker)
    voided = bool(incident.approved)
    asking = replace(incident, proposal=proposal_of(incident, asked, seen.uid), evidence=evidence)
    what = asked_for(asked)
    text = f"May I {what}? ({why.value})"
    told = notice(draft, asking, "approval", text, rung.approval.expiry_ms)
    move(
        draft,
        asking,
        Event.PROPOSED,
        Reason.APPROVAL_VOID if voided else why,
        due_at_ms=draft.now_ms + rung.approval.expiry_ms,
        detail=what,
        emit=(told,),
        approvals=(),
        approved="",
        persons=persons,
        command_id="",
        held_since_ms=None,
    )


def asked_for(asked: Asked) -> str:
    """Whoever is asked must read how much, and not only what."""
    given = asked.rung.parameters
    pairs = ", ".join(f"{name}={given[name]}" for name in sorted(given))
    action = f"{asked.rung.action} ({pairs})" if pairs else asked.rung.action
    return f"{action} {asked.target}{for_a_time(asked.rung)}"


def for_a_time(rung: Rung) -> str:
    return f", for {rung.lasts_ms // 1000} s" if rung.lasts_ms is not None else ""
