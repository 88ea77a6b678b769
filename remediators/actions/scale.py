"""Scale: change the number of replicas, never to none and never beyond the playbook's maximum.

The workload itself is patched, not its `/scale`, which could not carry the marker. What an
autoscaler scales is left to it: it would take the change back.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from remediators.actions.parameters import bad, undeclared
from remediators.actions.plan import Plan, Right, Row, Scene
from remediators.core.autoscalers import horizontal
from remediators.core.parameters import whole
from remediators.core.patch import add
from remediators.core.query import Query
from remediators.core.refusal import Refusal
from remediators.core.seen import Seen
from schemas.actions import SCALE
from schemas.kinds import AUTOSCALER
from schemas.remediation import Command, OutcomeReason

REPLICAS_MIN = 1


@dataclass(frozen=True, slots=True)
class Parameters:
    """One of `replicas`, `by` and `percent`."""

    max: int
    min: int = REPLICAS_MIN
    replicas: int | None = None
    by: int | None = None
    percent: int = 0

    def wanted(self, now: int) -> int:
        """A step is cut at both ends; it never turns into one the other way."""
        if self.replicas is not None:
            return self.replicas
        step = _share(self.percent, now) if self.by is None else self.by
        if step > 0:
            return max(now, min(now + step, self.max))
        return min(now, max(now + step, self.min))


def _share(percent: int, now: int) -> int:
    """Rounded away from zero: a step of some percent is one pod at least."""
    pods = -(-abs(percent) * now // 100)
    return pods if percent > 0 else -pods


def plan(scene: Scene) -> Plan | Refusal:
    parameters = read(scene.command.parameters)
    if isinstance(parameters, Refusal):
        return parameters
    now = scene.workload.replicas_wanted
    if now == 0 and parameters.percent:
        return Refusal(OutcomeReason.NOTHING_TO_DO, "it wants no pods, and so no percent of them")
    return _to(parameters.wanted(now), parameters.min, scene)


def rollback(scene: Scene) -> Plan | Refusal:
    """Its parameters are the undo of the ACT: the number of replicas that there was."""
    replicas = whole(scene.command.parameters.get("replicas", ""))
    if replicas is None or set(scene.command.parameters) != {"replicas"}:
        return bad("undoing a scale needs replicas, and nothing else")
    return _to(replicas, REPLICAS_MIN, scene)


def _to(replicas: int, least: int, scene: Scene) -> Plan | Refusal:
    now = scene.workload.replicas_wanted
    if others := _others(scene):
        return Refusal(OutcomeReason.OWNED_ELSEWHERE, f"{', '.join(others)} scales it")
    if replicas == now:
        return Refusal(OutcomeReason.NOTHING_TO_DO, f"it has {now} replicas already")
    if replicas < least:
        return Refusal(OutcomeReason.BELOW_MINIMUM, f"{replicas} replicas are too few")
    return Plan((add(replicas, "spec", "replicas"),), {"replicas": str(now)})


def _others(scene: Scene) -> tuple[str, ...]:
    (autoscalers,) = scene.found
    return horizontal(scene.command.target, autoscalers)


def read(parameters: Mapping[str, str]) -> Parameters | Refusal:
    if refusal := undeclared(SCALE, parameters):
        return refusal
    values = {
        name: value for name, text in parameters.items() if (value := whole(text)) is not None
    }
    given = Parameters(**values)
    if given.min < REPLICAS_MIN or given.min > given.max:
        return bad(f"min {given.min} is not between {REPLICAS_MIN} and max {given.max}")
    if 0 in (values.get("by"), values.get("percent")):
        return bad("a step of 0")
    if given.replicas is not None and given.replicas > given.max:
        return bad(f"replicas {given.replicas} is more than max {given.max}")
    return given


def autoscalers(_command: Command, seen: Seen) -> tuple[Query, ...]:
    return (Query(AUTOSCALER, seen.target.namespace),)


ROW = Row(SCALE, plan, rollback, reads=autoscalers, rights=(Right("list", AUTOSCALER),))
