"""Degrade: switch a workload to its degraded mode, by one environment variable of its first
container.

Which variable, only the executor's own settings say: a policy that could name it could set any.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from remediators.actions.parameters import bad, undeclared
from remediators.actions.plan import Plan, Row, Scene
from remediators.core.patch import Operation, add, remove
from remediators.core.refusal import Refusal
from remediators.core.seen import Json
from schemas.actions import DEGRADE
from schemas.remediation import OutcomeReason

DEGRADED = "true"
PREVIOUS_CHARS_MAX = 1_024
"""Of a value that is replaced: it must go into the undo, whole."""
_ENV = ("spec", "template", "spec", "containers", "0", "env")


def plan(scene: Scene) -> Plan | Refusal:
    given = scene.command.parameters
    if refusal := undeclared(DEGRADE, given):
        return refusal
    found = _found(scene)
    if isinstance(found, Refusal):
        return found
    wanted = given.get("value", DEGRADED)
    if found.value == wanted:
        return Refusal(OutcomeReason.NOTHING_TO_DO, f"{found.name} has that value already")
    undo = {"variable": found.name, "value": wanted}
    if found.value is not None:
        undo["previous"] = found.value
    return Plan((found.set(wanted),), undo)


def rollback(scene: Scene) -> Plan | Refusal:
    """Its parameters are the undo of the ACT: which variable has which value of ours, and the value
    that there was, if there was one."""
    undo = scene.command.parameters
    if undo.keys() - {"previous"} != {"variable", "value"}:
        return bad("undoing a degrade needs variable and value, and at most previous beside them")
    before = undo.get("previous")
    if before == undo["value"] or len(before or "") > PREVIOUS_CHARS_MAX:
        return bad("previous is not what a degrade would have replaced")
    if undo["variable"] != scene.kit.degraded_param:
        return bad(f"the variable of this executor is {scene.kit.degraded_param}")
    found = _found(scene)
    if isinstance(found, Refusal):
        return found
    if found.value != undo["value"]:
        return Refusal(OutcomeReason.STALE, f"{found.name} is not as the degrade has left it")
    return Plan((found.removed() if before is None else found.set(before),))


@dataclass(frozen=True, slots=True)
class Variable:
    name: str
    value: str | None
    """None where it is not there."""
    place: int
    """Among all of them; behind the last where it is not there."""
    of: int

    def set(self, value: str) -> Operation:
        entry = {"name": self.name, "value": value}
        if self.value is not None:
            return add(value, *_ENV, str(self.place), "value")
        return add(entry, *_ENV, "-") if self.of else add([entry], *_ENV)

    def removed(self) -> Operation:
        """The last one goes with its list: so the template is as before, and has its old pods."""
        return remove(*_ENV, str(self.place)) if self.of > 1 else remove(*_ENV)


def _found(scene: Scene) -> Variable | Refusal:
    """As it is now, if it may be changed."""
    name, env = scene.kit.degraded_param, _env(scene.workload.template)
    if scene.workload.rollout_paused:
        return Refusal(OutcomeReason.PAUSED, "its rollouts are paused (spec.paused)")
    places = [place for place, entry in enumerate(env) if entry["name"] == name]
    if not places:
        return Variable(name, None, len(env), len(env))
    entry = env[places[0]]
    value = entry.get("value") or ""
    if len(places) > 1:
        return Refusal(OutcomeReason.INVALID, f"{name} is there {len(places)} times")
    if entry.get("valueFrom"):
        return Refusal(OutcomeReason.INVALID, f"{name} has its value from elsewhere (valueFrom)")
    if len(value) > PREVIOUS_CHARS_MAX:
        return Refusal(OutcomeReason.INVALID, f"{name} has {len(value)} characters: too many")
    return Variable(name, value, places[0], len(env))


def _env(template: Json) -> Sequence[Json]:
    return template["spec"]["containers"][0].get("env") or ()


def without(template: Json, variable: str) -> dict[str, Any]:
    """The same, whether degraded or not. An emptied list is dropped, as the API does."""
    first, *others = template["spec"]["containers"]
    kept = [entry for entry in _env(template) if entry["name"] != variable]
    rest = {k: v for k, v in first.items() if k != "env"}
    containers = [{**rest, "env": kept} if kept else rest, *others]
    return {**template, "spec": {**template["spec"], "containers": containers}}


ROW = Row(DEGRADE, plan, rollback)
