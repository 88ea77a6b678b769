"""Expand volume: a claim asks for more by some percent, never beyond the playbook's maximum.

No volume ever shrinks again. A claim has no generation, so the patch tests the size that it
replaces.
"""

from dataclasses import dataclass

from remediators.actions.plan import Plan, Right, Row, Scene
from remediators.actions.raise_memory import cut, read
from remediators.core.claims import REQUEST, asked_for, bound, capacity, resizing
from remediators.core.patch import add, must_be
from remediators.core.quantities import Quantity, grown
from remediators.core.query import Query
from remediators.core.refusal import Refusal
from remediators.core.seen import Json, Seen
from schemas.actions import EXPAND_VOLUME
from schemas.kinds import STORAGE_CLASS
from schemas.remediation import Command, OutcomeReason


@dataclass(frozen=True, slots=True)
class Size:
    asked: str
    """As it is written, and tested for."""
    now: Quantity
    """What there is; a provisioner may have given more than was asked for."""


def plan(scene: Scene) -> Plan | Refusal:
    given = read(EXPAND_VOLUME, scene.command.parameters)
    if isinstance(given, Refusal):
        return given
    percent, most = given
    size = _size(scene.seen.body)
    if isinstance(size, Refusal):
        return size
    if not _expandable(scene):
        return Refusal(OutcomeReason.INVALID, "its storage class does not let volumes grow")
    if size.now.value >= most.value:
        words = f"it has {size.now.text}, and may have {most.text} at most"
        return Refusal(OutcomeReason.NOTHING_TO_DO, words)
    wanted = cut(grown(size.now, percent), most)
    return Plan((add(wanted.text, *REQUEST),), tests=(must_be(size.asked, *REQUEST),))


def _size(claim: Json) -> Size | Refusal:
    if not bound(claim):
        return Refusal(OutcomeReason.NOTHING_TO_DO, "it is not bound to a volume")
    if under_way := resizing(claim):
        words = f"a resize is under way, or has failed: {under_way}"
        return Refusal(OutcomeReason.NOTHING_TO_DO, words)
    asked = claim["spec"]["resources"]["requests"]["storage"]
    wanted, there = asked_for(claim), capacity(claim)
    if wanted is None or there is None:
        return Refusal(OutcomeReason.INVALID, f"its size cannot be told: asked for {asked}")
    if there.value < wanted.value:
        words = f"a resize is under way: it has {there.text} of {asked}"
        return Refusal(OutcomeReason.NOTHING_TO_DO, words)
    return Size(asked, there)


def _expandable(scene: Scene) -> bool:
    """A claim of no class has nobody who could make its volume grow."""
    return any(found.get("allowVolumeExpansion") for each in scene.found for found in each)


def storage_class(_command: Command, seen: Seen) -> tuple[Query, ...]:
    name = (seen.body.get("spec") or {}).get("storageClassName")
    return (Query(STORAGE_CLASS, name=name),) if name else ()


ROW = Row(EXPAND_VOLUME, plan, reads=storage_class, rights=(Right("get", STORAGE_CLASS),))
