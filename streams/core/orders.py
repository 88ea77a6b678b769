"""Commands: made from an incident and its rung, and what they hold until they end."""

from dataclasses import replace

from schemas.ids import command_id
from schemas.remediation import Command, CommandKind
from streams.core.draft import Draft
from streams.core.policy import Policy, Rung
from streams.core.rails import HOUR_MS
from streams.core.state import (
    Acted,
    Evidence,
    IncidentState,
    TargetState,
    scope_key,
    target_key,
)

OUTCOME_GRACE_MS = 30_000
"""After a command's expiry: how much longer its outcome is waited for."""
ACTED_MAX = 20

_NO_EVIDENCE = Evidence(0, -1, "", 0, "")


def make(
    draft: Draft, policy: Policy, incident: IncidentState, rung: Rung, kind: CommandKind
) -> Command:
    assert incident.target is not None
    nth = {CommandKind.LOOK: incident.looks, CommandKind.VERIFY: incident.checks}.get(kind, 0)
    evidence = incident.evidence or _NO_EVIDENCE
    parameters = incident.undo if kind is CommandKind.ROLLBACK else rung.parameters
    if kind is CommandKind.VERIFY:
        parameters = {"probes": ",".join(rung.verify.probes)}
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
        undoes=incident.act_id if kind is CommandKind.ROLLBACK else "",
        correlation_id=incident.incident_id,
    )


def claim(draft: Draft, incident: IncidentState, rung: Rung, act: Command) -> None:
    """Spend the budget and lock the target. A command that is lost still spends its place."""
    scope = draft.scope(act.cluster)
    recent = tuple(at for at in scope.acted_at_ms if at > draft.now_ms - HOUR_MS)
    draft.put(
        scope_key(act.cluster),
        replace(
            scope,
            acted_at_ms=(*recent, draft.now_ms),
            in_flight=(*scope.in_flight, incident.incident_id),
        ),
    )
    key = target_key(act.target)
    held = draft.get(key, TargetState) or TargetState()
    acted = (*held.acted, Acted(draft.now_ms, rung.action, incident.incident_id))
    draft.put(key, TargetState(locked_by=act.command_id, acted=acted[-ACTED_MAX:]))


def land(draft: Draft, incident: IncidentState) -> None:
    """The ACT is no longer under way, whatever came of it."""
    scope = draft.scope(incident.cluster)
    left = tuple(i for i in scope.in_flight if i != incident.incident_id)
    if left != scope.in_flight:
        draft.put(scope_key(incident.cluster), replace(scope, in_flight=left))


def release(draft: Draft, incident: IncidentState, command: str) -> None:
    """Unlock the target, if it is this command that holds it."""
    if incident.target is None:
        return
    key = target_key(incident.target)
    held = draft.get(key, TargetState)
    if held and held.locked_by and held.locked_by == command:
        draft.put(key, replace(held, locked_by=""))


def release_of(draft: Draft, incident: IncidentState) -> None:
    """An incident that is closed holds nothing: not even after an outcome that never came."""
    land(draft, incident)
    release(draft, incident, incident.act_id)
