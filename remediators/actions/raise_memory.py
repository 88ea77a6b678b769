"""Raise memory: a container's limit goes up by some percent, and its request with it where the two
are equal; never beyond the playbook's maximum.

Every pod is replaced for it. What a vertical autoscaler sets is left to it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from remediators.actions.held import held
from remediators.actions.parameters import bad, undeclared
from remediators.actions.plan import Plan, Right, Row, Scene
from remediators.core.autoscalers import vertical
from remediators.core.parameters import whole
from remediators.core.patch import Operation, add
from remediators.core.quantities import Quantity, grown, quantity
from remediators.core.query import Query
from remediators.core.refusal import Refusal
from remediators.core.seen import Json, Seen
from schemas.actions import RAISE_MEMORY
from schemas.kinds import VERTICAL_AUTOSCALER
from schemas.remediation import Command, OutcomeReason

PERCENT = 25
PERCENT_MAX = 100
_CONTAINERS = ("spec", "template", "spec", "containers")


@dataclass(frozen=True, slots=True)
class Container:
    name: str
    place: int
    limit: Quantity
    request: Quantity | None
    """None where it is not written down."""

    def set(self, part: str, text: str) -> Operation:
        return add(text, *_CONTAINERS, str(self.place), "resources", part, "memory")


def plan(scene: Scene) -> Plan | Refusal:
    given = read(RAISE_MEMORY, scene.command.parameters)
    if isinstance(given, Refusal):
        return given
    percent, most = given
    if refusal := held(scene.workload) or _in_charge(scene):
        return refusal
    found = _container(scene, scene.command.parameters.get("container"))
    if isinstance(found, Refusal):
        return found
    if found.limit.value >= most.value:
        words = f"its limit is {found.limit.text}, and may be {most.text} at most"
        return Refusal(OutcomeReason.NOTHING_TO_DO, words)
    wanted = cut(grown(found.limit, percent), most).text
    undo = {"container": found.name, "memory": wanted, "previous": found.limit.text}
    if found.request is None or found.request.value != found.limit.value:
        return Plan((found.set("limits", wanted),), undo)
    both = (found.set("limits", wanted), found.set("requests", wanted))
    return Plan(both, {**undo, "request": found.request.text})


def rollback(scene: Scene) -> Plan | Refusal:
    """Its parameters are the undo of the ACT: the container, our limit, and what there was."""
    undo = scene.command.parameters
    if undo.keys() - {"request"} != {"container", "memory", "previous"}:
        return bad("undoing a raise_memory needs container, memory and previous, at most request")
    ours, before = quantity(undo["memory"]), quantity(undo["previous"])
    if ours is None or before is None or not 0 < before.value < ours.value:
        return bad("previous is not what a raise_memory would have replaced")
    request = quantity(undo.get("request", undo["previous"]))
    if request is None or request.value != before.value:
        return bad("request is not what a raise_memory would have replaced")
    if refusal := held(scene.workload):
        return refusal
    found = _container(scene, undo["container"])
    if isinstance(found, Refusal):
        return found
    raised = found.request if "request" in undo else ours
    if found.limit.value != ours.value or raised is None or raised.value != ours.value:
        return Refusal(OutcomeReason.STALE, f"{found.name} is not as the raise has left it")
    back = (found.set("limits", undo["previous"]),)
    return Plan((*back, found.set("requests", undo["request"])) if "request" in undo else back)


def cut(wanted: Quantity, most: Quantity) -> Quantity:
    """At the maximum, as the playbook has written that."""
    return wanted if wanted.value < most.value else most


def read(action: str, parameters: Mapping[str, str]) -> tuple[int, Quantity] | Refusal:
    """The percentage, and the maximum."""
    if refusal := undeclared(action, parameters):
        return refusal
    percent, most = whole(parameters.get("percent", str(PERCENT))), quantity(parameters["max"])
    if percent is None or not 0 < percent <= PERCENT_MAX:
        return bad(f"percent is not between 1 and {PERCENT_MAX}")
    if most is None or not most.value:
        return bad("max is no quantity of anything")
    return percent, most


def _container(scene: Scene, name: str | None) -> Container | Refusal:
    """The one of that name, or the first."""
    containers = scene.workload.template["spec"]["containers"]
    places = [n for n, each in enumerate(containers) if name in (None, each["name"])]
    if not places:
        return Refusal(OutcomeReason.INVALID, f"it has no container {name}")
    found = containers[places[0]]
    resources = found.get("resources") or {}
    texts = {p: (resources.get(p) or {}).get("memory") for p in ("limits", "requests")}
    limit, request = (quantity(text) if text else None for text in texts.values())
    if limit is None or not limit.value:
        words = f"{found['name']} has no memory limit to raise: {texts['limits']}"
        return Refusal(OutcomeReason.NOTHING_TO_DO, words)
    return Container(found["name"], places[0], limit, request)


def without(template: Json) -> dict[str, Any]:
    """The same, however much memory its containers may have."""
    containers = [
        {**each, "resources": _without_memory(each.get("resources") or {})}
        for each in template["spec"]["containers"]
    ]
    return {**template, "spec": {**template["spec"], "containers": containers}}


def _without_memory(resources: Json) -> dict[str, Any]:
    """That there is some still counts."""
    return {
        part: {k: "" if k == "memory" else v for k, v in amounts.items()} if amounts else amounts
        for part, amounts in resources.items()
    }


def no_less(now: Json, than: Json) -> bool:
    """Of two templates that differ in memory alone."""
    return all(a >= b for a, b in zip(_memory(now), _memory(than), strict=True))


def _memory(template: Json) -> list[Fraction]:
    resources = [each.get("resources") or {} for each in template["spec"]["containers"]]
    texts = [(r.get(p) or {}).get("memory", "") for r in resources for p in ("limits", "requests")]
    return [found.value if (found := quantity(text)) else Fraction(0) for text in texts]


def _in_charge(scene: Scene) -> Refusal | None:
    (autoscalers,) = scene.found
    others = vertical(scene.command.target, autoscalers)
    if not others:
        return None
    return Refusal(OutcomeReason.OWNED_ELSEWHERE, f"{', '.join(others)} sets its memory")


def autoscalers(_command: Command, seen: Seen) -> tuple[Query, ...]:
    return (Query(VERTICAL_AUTOSCALER, seen.target.namespace),)


ROW = Row(
    RAISE_MEMORY, plan, rollback, reads=autoscalers, rights=(Right("list", VERTICAL_AUTOSCALER),)
)
