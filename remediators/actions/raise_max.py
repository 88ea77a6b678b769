"""Raise max: let an autoscaler go further, never beyond the playbook's hard maximum.

It never lowers one, and leaves alone what something else than its maximum holds back. An autoscaler
has no generation, so the patch tests the number that it replaces.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from remediators.actions.parameters import bad, undeclared
from remediators.actions.plan import Plan, Row, Scene
from remediators.core.maximum import (
    ACTIVE,
    AT_ITS_MAXIMUM,
    LIMITED,
    MAXIMUM,
    conditions,
    in_use,
    maximum,
)
from remediators.core.parameters import whole
from remediators.core.patch import add, must_be
from remediators.core.refusal import Refusal
from schemas.actions import RAISE_MAX
from schemas.remediation import OutcomeReason


@dataclass(frozen=True, slots=True)
class Parameters:
    """Either `max_replicas` or `by`."""

    max: int
    max_replicas: int | None = None
    by: int = 0

    def wanted(self, now: int) -> int:
        wanted = now + self.by if self.max_replicas is None else self.max_replicas
        return min(wanted, self.max)


def plan(scene: Scene) -> Plan | Refusal:
    parameters = read(scene.command.parameters)
    if isinstance(parameters, Refusal):
        return parameters
    now = maximum(scene.seen.body)
    wanted = parameters.wanted(now)
    if wanted <= now:
        return Refusal(OutcomeReason.NOTHING_TO_DO, f"its maximum is {now} already")
    if why := _not_held_back(scene):
        return Refusal(OutcomeReason.NOTHING_TO_DO, why)
    undo = {"max_replicas": str(wanted), "previous": str(now)}
    return Plan((add(wanted, *MAXIMUM),), undo, (must_be(now, *MAXIMUM),))


def rollback(scene: Scene) -> Plan | Refusal:
    """Its parameters are the undo of the ACT: our number, and the one that there was."""
    given = scene.command.parameters
    ours, before = whole(given.get("max_replicas", "")), whole(given.get("previous", ""))
    if given.keys() != {"max_replicas", "previous"} or ours is None or before is None:
        return bad("undoing a raise_max needs max_replicas and previous, and nothing else")
    if not 0 < before < ours:
        return bad("previous is not what a raise_max would have replaced")
    now, least = maximum(scene.seen.body), scene.seen.body["spec"].get("minReplicas", 1)
    if now != ours:
        return Refusal(OutcomeReason.STALE, f"its maximum is {now}, not {ours} as it was left")
    if before < least:
        return Refusal(OutcomeReason.STALE, f"its minimum is {least} by now, more than {before}")
    if (used := in_use(scene.seen.body)) > before:
        why = f"{used} replicas are in use, and {before} would be left"
        return Refusal(OutcomeReason.TOO_FEW_HEALTHY, why)
    return Plan((add(before, *MAXIMUM),), tests=(must_be(ours, *MAXIMUM),))


def _not_held_back(scene: Scene) -> str:
    """By its own account. One that has given none yet is raised."""
    told = conditions(scene.seen.body)
    active, limited = told.get(ACTIVE, {}), told.get(LIMITED, {})
    if active.get("status") == "False":
        return f"it cannot scale at all: {active.get('reason', '')}"
    if limited and (limited["status"], limited.get("reason")) != ("True", AT_ITS_MAXIMUM):
        return f"it is not its maximum that holds it back: {limited.get('reason', '')}"
    return ""


def read(parameters: Mapping[str, str]) -> Parameters | Refusal:
    if refusal := undeclared(RAISE_MAX, parameters):
        return refusal
    values = {n: value for n, text in parameters.items() if (value := whole(text)) is not None}
    given = Parameters(**values)
    if min(values.values()) < 1:
        return bad("numbers of raise_max are 1 and more")
    if given.max_replicas is not None and given.max_replicas > given.max:
        return bad(f"max_replicas {given.max_replicas} is more than max {given.max}")
    return given


ROW = Row(RAISE_MAX, plan, rollback)
