"""Cordon: no new pods on a node. And uncordon: it takes them again.

What runs there stays. Undoing a cordon leaves alone whoever else has cordoned the node since.
"""

from remediators.actions.parameters import bad, undeclared
from remediators.actions.plan import Plan, Row, Scene
from remediators.core.hands import FIELD_MANAGER, writers_of
from remediators.core.patch import add, must_be, remove
from remediators.core.refusal import Refusal
from schemas.actions import CORDON, UNCORDON
from schemas.remediation import OutcomeReason

CORDONED = ("spec", "unschedulable")
UNDO = {"unschedulable": "true"}
"""What must be there for it to be undone."""


def cordoned(scene: Scene) -> bool:
    return bool(scene.seen.body["spec"].get("unschedulable"))


def plan(scene: Scene) -> Plan | Refusal:
    if refusal := undeclared(CORDON, scene.command.parameters):
        return refusal
    if cordoned(scene):
        return Refusal(OutcomeReason.NOTHING_TO_DO, "it is cordoned already")
    return Plan((add(True, *CORDONED),), UNDO, (must_be(None, *CORDONED),))


def rollback(scene: Scene) -> Plan | Refusal:
    if scene.command.parameters != UNDO:
        return bad("undoing a cordon needs unschedulable, and nothing else")
    return cordoned_by_others(scene) or lifted(scene)


def cordoned_by_others(scene: Scene) -> Refusal | None:
    """Uncordoned and cordoned again by somebody: neither our marker nor the value tells of that."""
    writers = writers_of(scene.seen.body, CORDONED[-1])
    if not writers or FIELD_MANAGER in writers:
        return None
    return Refusal(OutcomeReason.STALE, f"{', '.join(sorted(writers))} has cordoned it since")


def uncordon(scene: Scene) -> Plan | Refusal:
    return undeclared(UNCORDON, scene.command.parameters) or lifted(scene)


def lifted(scene: Scene) -> Plan | Refusal:
    if not cordoned(scene):
        return Refusal(OutcomeReason.NOTHING_TO_DO, "it is not cordoned")
    return Plan((remove(*CORDONED),), tests=(must_be(True, *CORDONED),))


ROW = Row(CORDON, plan, rollback)
UNCORDON_ROW = Row(UNCORDON, uncordon)
