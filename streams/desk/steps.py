"""What a policy says of each step of a ladder, before anything has happened."""

from collections.abc import Mapping
from dataclasses import dataclass

from schemas.remediation import Target
from streams.core import playbook as playbooks
from streams.core.draft import Draft
from streams.core.entries import IncidentState
from streams.core.ladder import autonomy, facts
from streams.core.playbook import Condition, Mode, Playbook, Rung
from streams.core.policy import Policy
from streams.core.rails import blind, scope, switches
from streams.core.rails.asked import Asked, Rail, Refusal
from streams.core.reasons import Reason

RAILS: tuple[Rail, ...] = (scope.namespace, scope.severity, switches.frozen, blind.brakes)
"""Those that alert, policy and moment decide; the others ask what has happened."""


@dataclass(frozen=True, slots=True)
class Step:
    action: str
    parameters: Mapping[str, str]
    mode: str
    approval: str
    """`never`, `always`, or `when` and a condition."""
    reason: str
    """Why it is refused or held; else why it has this mode."""
    detail: str
    when: str
    """The condition without which it is passed over; empty: none."""
    when_holds: bool | None
    """As the incident opens; None where there is none, or where it cannot be told yet."""
    dwell_ms: int


def target_of(playbook: Playbook | None, incident: IncidentState) -> Mapping[str, str] | None:
    target = _target(playbook, incident) if playbook else None
    if target is None:
        return None
    return {
        "kind": target.kind,
        "namespace": target.namespace,
        "name": target.name,
        "cluster": target.cluster,
    }


def steps_of(
    draft: Draft,
    policy: Policy,
    incident: IncidentState,
    playbook: Playbook,
    unfit: Reason | None,
) -> tuple[Step, ...]:
    """`unfit`: why no step is ever taken."""
    return tuple(
        _step(draft, policy, incident, playbook, rung, Refusal(unfit) if unfit else None)
        for rung in playbook.rungs
    )


def _step(
    draft: Draft,
    policy: Policy,
    incident: IncidentState,
    playbook: Playbook,
    rung: Rung,
    refusal: Refusal | None,
) -> Step:
    mode, why = autonomy.mode_of(draft, incident.cluster, playbook, rung)
    if rung.hands_over:
        refusal = Refusal(Reason.LADDER_SPENT)
    if not rung.only_tells:
        refusal = refusal or _refusal(draft, policy, incident, playbook, rung)
    return Step(
        action=rung.action,
        parameters=dict(rung.parameters),
        mode=mode.value,
        approval=_approval(rung, mode),
        reason=(refusal.reason if refusal else why).value,
        detail=refusal.detail if refusal else "",
        when=rung.when.text if rung.when else "",
        when_holds=_holds(draft, policy, incident, rung.when),
        dwell_ms=rung.dwell_ms,
    )


def _refusal(
    draft: Draft, policy: Policy, incident: IncidentState, playbook: Playbook, rung: Rung
) -> Refusal | None:
    target = _target(playbook, incident)
    if target is None:
        return Refusal(Reason.NO_TARGET, _missing(playbook, incident))
    asked = Asked(draft, policy, incident, playbook, rung, target)
    return next((found for rail in _rails(incident) if (found := rail(asked))), None)


def _rails(incident: IncidentState) -> tuple[Rail, ...]:
    """A source's scope is asked where it is known which source it is."""
    return (scope.source, *RAILS) if incident.source else RAILS


def _target(playbook: Playbook, incident: IncidentState) -> Target | None:
    return playbooks.target_of(playbook.target, incident.cluster, incident.labels)


def _missing(playbook: Playbook, incident: IncidentState) -> str:
    asked = (playbook.target.namespace, playbook.target.name)
    labels = [text[1:-1] for text in asked if text.startswith("{")]
    gone = [repr(label) for label in labels if not incident.labels.get(label)]
    return f"there is no {' and no '.join(gone)}"


def _approval(rung: Rung, mode: Mode) -> str:
    if not rung.acts or mode not in (Mode.APPROVE, Mode.AUTO):
        return "never"
    if rung.approval.always or mode is Mode.APPROVE:
        return "always"
    return f"when {rung.approval.when.text}" if rung.approval.when else "never"


def _holds(
    draft: Draft, policy: Policy, incident: IncidentState, condition: Condition | None
) -> bool | None:
    if condition is None:
        return None
    holds = facts.holds(draft, policy, incident, condition)
    return None if isinstance(holds, str) else holds
