"""Commands: made from an incident and its rung, and what they hold until they end."""

import json
from dataclasses import replace

from schemas.ids import command_id
from schemas.remediation import Command, CommandKind
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
    scope = draft.scope(act.cluster)
    in_flight = (*scope.in_flight, incident.incident_id)
    draft.put(scope_key(act.cluster), replace(scope, in_flight=in_flight))
    key = target_key(act.target)
    held = draft.get(key, TargetState) or TargetState()
    done = Acted(draft.now_ms, rung.action, incident.incident_id, incident.portion)
    draft.put(key, TargetState(locked_by=act.command_id, acted=_latest((*held.acted, done))))
    _busy(draft, incident)


def spend(draft: Draft, cluster: str) -> None:
    scope = draft.scope(cluster)
    recent = tuple(at for at in scope.acted_at_ms if at > draft.now_ms - HOUR_MS)
    draft.put(scope_key(cluster), replace(scope, acted_at_ms=(*recent, draft.now_ms)))


def _busy(draft: Draft, incident: IncidentState) -> None:
    """The service has one more action under way, and one that others must keep away from."""
    if incident.service:
        key = service_key(incident.cluster, incident.service)
        held = draft.get(key, ServiceState) or ServiceState()
        in_flight = (*held.in_flight, incident.incident_id)
        draft.put(key, ServiceState(in_flight, draft.now_ms, incident.incident_id))


def _idle(draft: Draft, incident: IncidentState) -> None:
    key = service_key(incident.cluster, incident.service)
    held = draft.get(key, ServiceState)
    if held and incident.incident_id in held.in_flight:
        left = tuple(i for i in held.in_flight if i != incident.incident_id)
        draft.put(key, replace(held, in_flight=left))


def _latest(acted: tuple[Acted, ...]) -> tuple[Acted, ...]:
    """The last `ACTED_MAX` of each action, as many as a policy may count; further portions of an
    attempt are none, and push none out."""
    kinds = [(a.action, a.portion > 0) for a in acted]
    return tuple(a for n, a in enumerate(acted) if kinds[n + 1 :].count(kinds[n]) < ACTED_MAX)


def claim_undo(draft: Draft, incident: IncidentState, undo: Command) -> None:
    """A ROLLBACK has an effect as an ACT has: it takes a place and locks the target again. Only
    of the rates it spends nothing, which must not keep us from undoing."""
    scope = draft.scope(undo.cluster)
    in_flight = (*scope.in_flight, incident.incident_id)
    draft.put(scope_key(undo.cluster), replace(scope, in_flight=in_flight))
    key = target_key(undo.target)
    held = draft.get(key, TargetState) or TargetState()
    draft.put(key, replace(held, locked_by=undo.command_id))
    _busy(draft, incident)


def land(draft: Draft, incident: IncidentState) -> bool:
    """What was under way no longer is, whatever came of it. False where it had landed before."""
    scope = draft.scope(incident.cluster)
    left = tuple(i for i in scope.in_flight if i != incident.incident_id)
    if left == scope.in_flight:
        return False
    draft.put(scope_key(incident.cluster), replace(scope, in_flight=left))
    _idle(draft, incident)
    return True


def holds(draft: Draft, incident: IncidentState) -> bool:
    """Whether what the incident sent last still locks its target."""
    sent = incident.undo_id or incident.act_id
    if incident.target is None or not sent:
        return False
    held = draft.get(target_key(incident.target), TargetState)
    return held is not None and held.locked_by == sent


def release(draft: Draft, incident: IncidentState) -> None:
    """Unlock the target, if it is this incident that holds it."""
    if incident.target is None or not holds(draft, incident):
        return
    key = target_key(incident.target)
    held = draft.get(key, TargetState)
    if held:
        draft.put(key, replace(held, locked_by=""))


def release_of(draft: Draft, incident: IncidentState) -> None:
    """An incident that is closed holds nothing: not even after an outcome that never came."""
    land(draft, incident)
    release(draft, incident)
