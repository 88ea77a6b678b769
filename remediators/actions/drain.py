"""Drain: a node is emptied, one call for each command.

The first command cordons the node, each further one evicts one pod, and where none is left there is
nothing to do. So the core looks and asks its rails again before each of them, and whoever takes
over finds on record how far it has come.
"""

from collections.abc import Sequence

from remediators.actions.cordon import CORDONED, UNDO, cordoned, cordoned_by_others
from remediators.actions.eviction_order import next_of
from remediators.actions.parameters import bad, undeclared
from remediators.actions.plan import Plan, Removal, Right, Row, Scene
from remediators.core.patch import add, must_be, remove
from remediators.core.pods import (
    leaving,
    not_ours_to_take,
    over_budgeted,
    ready,
    titled,
    to_be_drained,
)
from remediators.core.query import Query
from remediators.core.refusal import Refusal
from remediators.core.request import EVICT
from remediators.core.seen import Json, Seen
from schemas.actions import DRAIN
from schemas.kinds import BUDGET, NODE, POD, STATEFUL_SET
from schemas.remediation import Command, OutcomeReason, Target

DELETE = "delete"
DRAINING = "mendlog.io/draining"
"""On the node: the incident for which it was cordoned."""


def plan(scene: Scene) -> Plan | Removal | Refusal:
    given = scene.command.parameters
    if refusal := undeclared(DRAIN, given):
        return refusal
    if given.get("local_data", DELETE) != DELETE:
        return bad(f"local_data is {DELETE}, or left out")
    pods, _, nodes, _ = scene.found
    left = tuple(pod for pod in pods if to_be_drained(pod))
    if refusal := _unfit(scene, left) or _nowhere_to_go(scene, nodes):
        return refusal
    return _evicted(scene, left) if cordoned(scene) else _cordoned(scene)


def _unfit(scene: Scene, left: Sequence[Json]) -> Refusal | None:
    """Asked before the node is cordoned, of all its pods: it is emptied as a whole, or not."""
    _, budgets, _, _ = scene.found
    staying = [pod for pod in left if not leaving(pod)]
    for pod in sorted(staying, key=titled):
        if refusal := not_ours_to_take(pod) or over_budgeted(pod, budgets):
            return refusal
        if "local_data" not in scene.command.parameters and _keeps_data(pod):
            words = f"the pod {titled(pod)} keeps data in an emptyDir, which would be lost"
            return Refusal(OutcomeReason.INVALID, f"{words}: `local_data: {DELETE}` allows that")
    return None


def _keeps_data(pod: Json) -> bool:
    return any("emptyDir" in volume for volume in pod["spec"].get("volumes") or ())


def _nowhere_to_go(scene: Scene, nodes: Sequence[Json]) -> Refusal | None:
    name = scene.seen.target.name
    others = (node for node in nodes if node["metadata"]["name"] != name)
    if any(ready(node) and not node["spec"].get("unschedulable") for node in others):
        return None
    return Refusal(OutcomeReason.INVALID, "no other node is ready to take its pods")


def _cordoned(scene: Scene) -> Plan | Refusal:
    incident = scene.command.incident_id
    if scene.seen.annotations.get(DRAINING) == incident:
        words = "somebody has uncordoned it since we began to drain it: left to them"
        return Refusal(OutcomeReason.INVALID, words)
    noted = add(incident, "metadata", "annotations", DRAINING)
    return Plan((add(True, *CORDONED), noted), UNDO, (must_be(None, *CORDONED),))


def _evicted(scene: Scene, left: Sequence[Json]) -> Removal | Refusal:
    pods, budgets, _, sets = scene.found
    chosen = next_of(left, budgets, sets, node_ready=ready(scene.seen.body))
    if chosen is not None:
        meta = chosen["metadata"]
        target = Target(scene.seen.target.cluster, meta["namespace"], POD, meta["name"])
        return Removal(target, meta["uid"], EVICT)
    if all(leaving(pod) for pod in left):
        return Refusal(OutcomeReason.NOTHING_TO_DO, _done(left, pods))
    waiting = next(titled(pod) for pod in left if not leaving(pod))
    words = f"{waiting} waits until the rest of its StatefulSet is ready"
    return Refusal(OutcomeReason.THROTTLED, words)


def _done(left: Sequence[Json], pods: Sequence[Json]) -> str:
    staying = len(pods) - len(left)
    return f"drained: {len(left)} pods are on their way out, {staying} belong to the node"


def rollback(scene: Scene) -> Plan | Refusal:
    """The node takes pods again. Those that have left stay where they are."""
    if scene.command.parameters != UNDO:
        return bad("undoing a drain needs unschedulable, and nothing else")
    if not cordoned(scene):
        return Refusal(OutcomeReason.NOTHING_TO_DO, "it is not cordoned")
    if refusal := cordoned_by_others(scene):
        return refusal
    note = (remove("metadata", "annotations", DRAINING),)
    changes = (remove(*CORDONED), *(note if DRAINING in scene.seen.annotations else ()))
    return Plan(changes, tests=(must_be(True, *CORDONED),))


def _reads(command: Command, _seen: Seen) -> tuple[Query, ...]:
    here = f"spec.nodeName={command.target.name}"
    return (Query(POD, fields=here), Query(BUDGET), Query(NODE), Query(STATEFUL_SET))


RIGHTS = (
    *(Right("list", kind) for kind in (POD, BUDGET, NODE, STATEFUL_SET)),
    Right("create", POD, "eviction"),
)
ROW = Row(DRAIN, plan, rollback, _reads, RIGHTS)
