"""Shift traffic: more or less of it to a canary, by the weight on its Ingress.

The weight is an annotation of ingress-nginx, from 0 to 100. Nobody but the controller reads it, so
one patch is all that it takes.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from remediators.actions.parameters import bad, undeclared
from remediators.actions.plan import Plan, Row, Scene
from remediators.core.parameters import whole
from remediators.core.patch import add, must_be, remove
from remediators.core.refusal import Refusal
from schemas.actions import SHIFT_TRAFFIC
from schemas.remediation import OutcomeReason

CANARY = "nginx.ingress.kubernetes.io/canary"
WEIGHT = "nginx.ingress.kubernetes.io/canary-weight"
TOTAL = "nginx.ingress.kubernetes.io/canary-weight-total"
WHOLE = 100
"""All traffic. Another total would make a percentage of ours another one."""
_PATH = ("metadata", "annotations", WEIGHT)


@dataclass(frozen=True, slots=True)
class Parameters:
    """Either `to` or `by`."""

    max: int
    to: int | None = None
    by: int | None = None

    def wanted(self, now: int) -> int:
        """A step is cut at 0 and at the maximum; it never turns into one the other way."""
        if self.to is not None:
            return self.to
        assert self.by is not None
        return max(0, min(now + self.by, max(now, self.max)))


def plan(scene: Scene) -> Plan | Refusal:
    given = read(scene.command.parameters)
    if isinstance(given, Refusal):
        return given
    now = _weight(scene)
    if isinstance(now, Refusal):
        return now
    wanted = given.wanted(now or 0)
    if wanted == (now or 0):
        return Refusal(OutcomeReason.NOTHING_TO_DO, f"its weight is {wanted} already")
    undo = {"to": str(wanted)} | ({} if now is None else {"previous": str(now)})
    return Plan((add(str(wanted), *_PATH),), undo, (must_be(_as_written(scene), *_PATH),))


def rollback(scene: Scene) -> Plan | Refusal:
    """Its parameters are the undo of the ACT: the weight that it has set, and the one before, if
    there was one."""
    undo = {name: _percent(text) for name, text in scene.command.parameters.items()}
    if undo.keys() - {"previous"} != {"to"} or None in undo.values():
        return bad("undoing a shift of traffic needs to, and at most previous beside it")
    now = _weight(scene)
    if isinstance(now, Refusal):
        return now
    if now != undo["to"]:
        return Refusal(OutcomeReason.STALE, f"its weight is {now}, not as it was set")
    before = undo.get("previous")
    back = remove(*_PATH) if before is None else add(str(before), *_PATH)
    return Plan((back,), tests=(must_be(_as_written(scene), *_PATH),))


def read(parameters: Mapping[str, str]) -> Parameters | Refusal:
    if refusal := undeclared(SHIFT_TRAFFIC, parameters):
        return refusal
    values = {name: whole(text) for name, text in parameters.items()}
    most, to, by = values["max"], values.get("to"), values.get("by")
    assert most is not None
    if not 0 < most <= WHOLE:
        return bad(f"max {most} is not between 1 and {WHOLE}")
    if to is not None and not 0 <= to <= most:
        return bad(f"to {to} is not between 0 and max {most}")
    if by is not None and (by == 0 or abs(by) > WHOLE):
        return bad(f"by {by} is no step in percent")
    return Parameters(most, to, by)


def _weight(scene: Scene) -> int | Refusal | None:
    """None where it is not there, which means 0."""
    notes = scene.seen.annotations
    if notes.get(CANARY) != "true":
        return Refusal(OutcomeReason.INVALID, f'{CANARY} is not "true": it is no canary')
    if notes.get(TOTAL, str(WHOLE)) != str(WHOLE):
        return Refusal(OutcomeReason.INVALID, f"{TOTAL} is not {WHOLE}: set weights by hand")
    if WEIGHT not in notes:
        return None
    weight = _percent(notes[WEIGHT])
    if weight is None:
        return Refusal(OutcomeReason.INVALID, f"{WEIGHT} is no percentage")
    return weight


def _as_written(scene: Scene) -> str | None:
    return scene.seen.annotations.get(WEIGHT)


def _percent(text: str) -> int | None:
    value = whole(text)
    return value if value is not None and 0 <= value <= WHOLE else None


ROW = Row(SHIFT_TRAFFIC, plan, rollback)
