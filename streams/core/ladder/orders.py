"""Commands: made from an incident and its rung, and what they hold until they end."""

import json

from schemas.ids import command_id
from schemas.remediation import Command, CommandKind, Target
from streams.core.changed import replace
from streams.core.draft import Draft
from streams.core.entries import Evidence, IncidentState
from streams.core.keys import scope_key, service_key, target_key
from streams.core.playbook import Probe, Rung
from streams.core.policy import Policy
from streams.core.rails.budget import HOUR_MS
from streams.core.standing import ACTED_MAX, Acted, ServiceState, TargetState

OUTCOME_GRACE_MS = 30_000
"""After a command's expiry: how much longer its outcome is waited for."""

_NO_EVIDENCE = Evidence(0, -1, "", 0, "")


def make(
    draft: Draft, policy: Policy, incident: IncidentState, rung: Rung, kind: CommandKind
) -> Command:
    assert incident.target is not None
    nth = {CommandKind.LOOK: incident.looks, CommandKind.VERIFY: incident.checks}.get(kind, 0)
    undoing = kind is CommandKind.ROLLBACK
    evidence = (incident.undo_evidence if undoing else None) or incident.evidence or _NO_EVIDENCE
    parameters = incident.undo if undoing else rung.parameters
    if kind is CommandKind.VERIFY:
        parameters = {"probes": _questions(rung.verify.probes)}
    return Command(
        command_id=command_id(
            incident.incident_id, incident.ladder, incident.step, incident.attempt, kind, nth
        ),
        cluster=incident.cluster,
        incident_id=incident.incident_id,
        kind=kind,
        action=rung.action,
        target=incident.target,
        parameters=parameters,
        step=incident.step,
        attempt=incident.attempt,
        issued_at_ms=draft.now_ms,
        expires_at_ms=draft.now_ms + policy.limits.command_ttl_ms,
        evidence_partition=draft.fact.partition,
        evidence_offset=evidence.offset,
        uid=evidence.uid,
        generation=evidence.generation,
        marker=evidence.marker,
        undoes=(incident.undo_of or incident.act_id) if undoing else "",
        correlation_id=incident.incident_id,
    )


def _questions(probes: tuple[Probe, ...]) -> str:
    """By name where the name says it all, else in full."""
    if all(p.name == p.kind and not p.parameters for p in probes):
        return ",".join(p.name for p in probes)
    told = [{"probe": p.kind, "name": p.name, **p.parameters} for p in probes]
    return json.dumps(told, sort_keys=True, separators=(",", ":"))


def claim(draft: Draft, incident: IncidentState, rung: Rung, act: Command) -> None:
    """Spend the budget and lock the target. A command that is lost still spends its place."""
    spend(draft, act.cluster)
    under_way(draft, act, incident.service, incident.incident_id)
    key = target_key(act.target)
    held = draft.get(key, TargetState) or TargetState()
    done = Acted(draft.now_ms, rung.action, incident.incident_id, incident.portion)
    draft.put(key, replace(held, acted=_latest((*held.acted, done))))


def spend(draft: Draft, cluster: str) -> None:
    scope = draft.scope(cluster)
    recent = tuple(at for at in scope.acted_at_ms if at > draft.now_ms - HOUR_MS)
    draft.put(scope_key(cluster), replace(scope, acted_at_ms=(*recent, draft.now_ms)))


def under_way(draft: Draft, order: Command, service: str, by: str) -> None:
    """An effect takes a place on its cluster, and one at its service that others must keep away
    from; and it locks its target."""
    scope = draft.scope(order.cluster)
    draft.put(scope_key(order.cluster), replace(scope, in_flight=(*scope.in_flight, by)))
    if service:
        at = service_key(order.cluster, service)
        busy = draft.get(at, ServiceState) or ServiceState()
        draft.put(at, ServiceState((*busy.in_flight, by), draft.now_ms, order.incident_id))
    key = target_key(order.target)
    held = draft.get(key, TargetState) or TargetState()
    draft.put(key, replace(held, locked_by=order.command_id))


def over(draft: Draft, cluster: str, service: str, by: str) -> bool:
    """What was under way no longer is, whatever came of it. False where that was known before."""
    scope = draft.scope(cluster)
    left = tuple(name for name in scope.in_flight if name != by)
    if left == scope.in_flight:
        return False
    draft.put(scope_key(cluster), replace(scope, in_flight=left))
    at = service_key(cluster, service)
    busy = draft.get(at, ServiceState)
    if busy and by in busy.in_flight:
        left = tuple(name for name in busy.in_flight if name != by)
        draft.put(at, replace(busy, in_flight=left))
    return True


def unlock(draft: Draft, target: Target, by: str) -> None:
    """Where it is still this command that locks it."""
    key = target_key(target)
    held = draft.get(key, TargetState)
    if held and by and held.locked_by == by:
        draft.put(key, replace(held, locked_by=""))


def _latest(acted: tuple[Acted, ...]) -> tuple[Acted, ...]:
    """The last `ACTED_MAX` of each action, as many as a policy may count; further portions of an
    attempt are none, and push none out."""
    kinds = [(a.action, a.portion > 0) for a in acted]
    return tuple(a for n, a in enumerate(acted) if kinds[n + 1 :].count(kinds[n]) < ACTED_MAX)


def claim_undo(draft: Draft, incident: IncidentState, undo: Command) -> None:
    """A ROLLBACK has an effect as an ACT has: it takes a place and locks the target again. Only
    of the rates it spends nothing, which must not keep us from undoing."""
    under_way(draft, undo, incident.service, incident.incident_id)


def land(draft: Draft, incident: IncidentState) -> bool:
    return over(draft, incident.cluster, incident.service, incident.incident_id)


def holds(draft: Draft, incident: IncidentState) -> bool:
    """Whether what the incident sent last still locks its target."""
    sent = incident.undo_id or incident.act_id
    if incident.target is None or not sent:
        return False
    held = draft.get(target_key(incident.target), TargetState)
    return held is not None and held.locked_by == sent


def release(draft: Draft, incident: IncidentState) -> None:
    """Unlock the target, if it is this incident that holds it."""
    if incident.target is not None:
        unlock(draft, incident.target, incident.undo_id or incident.act_id)


def release_of(draft: Draft, incident: IncidentState) -> None:
    """An incident that is closed holds nothing: not even after an outcome that never came."""
    land(draft, incident)
    release(draft, incident)
