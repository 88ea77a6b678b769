"""Replace a node that is drained: its machine is ended, and whoever keeps machines makes another.

The node is named by the cluster, its machine by `spec.providerID`: the last part of that is the id.
"""

import re

from remediators.actions.cordon import cordoned
from remediators.actions.parameters import undeclared
from remediators.actions.plan import Removal, Right, Row, Scene
from remediators.core.pods import left_on, ready, titled
from remediators.core.query import Query
from remediators.core.refusal import Refusal
from remediators.core.seen import Json, Seen
from schemas.actions import REPLACE_NODE
from schemas.kinds import INSTANCE, NODE, POD
from schemas.remediation import Command, OutcomeReason, Target

COMING_OR_GOING = frozenset({"pending", "stopping", "shutting-down"})
ENDED = frozenset({"shutting-down", "terminated"})
_PROVIDER_ID = re.compile("[a-z0-9]+://(?:/?[A-Za-z0-9._-]+/)?([A-Za-z0-9-]{1,63})")


def plan(scene: Scene) -> Removal | Refusal:
    if refusal := undeclared(REPLACE_NODE, scene.command.parameters):
        return refusal
    pods, nodes, machines = scene.found
    if words := _not_drained(scene, pods) or _others_away(scene, nodes):
        return Refusal(OutcomeReason.INVALID, words)
    named = _PROVIDER_ID.fullmatch(scene.seen.body["spec"].get("providerID", ""))
    if named is None:
        return Refusal(OutcomeReason.INVALID, "it does not say which machine it is (providerID)")
    return _ended(scene, named[1], machines)


def _not_drained(scene: Scene, pods: tuple[Json, ...]) -> str:
    if not cordoned(scene):
        return "it is not cordoned: drain it first"
    left = sorted(titled(pod) for pod in left_on(scene.seen.body, pods))
    return f"{len(left)} pods are left, such as {left[0]}: drain it first" if left else ""


def _others_away(scene: Scene, nodes: tuple[Json, ...]) -> str:
    """One at a time in a cluster, by what the cluster itself shows; two that are about to be
    replaced are both cordoned, so each keeps the other from it."""
    others = [node for node in nodes if node["metadata"]["name"] != scene.seen.target.name]
    away = [n for n in others if not ready(n) or n["spec"].get("unschedulable")]
    names = sorted(node["metadata"]["name"] for node in away)
    if not others:
        return "it is the only node"
    return f"{names[0]} does not take pods either: one node at a time" if names else ""


def _ended(scene: Scene, name: str, machines: tuple[Json, ...]) -> Removal | Refusal:
    states = {m["metadata"]["name"]: m["status"]["state"] for m in machines}
    if name not in states:
        words = f"{name} is no machine of this cluster, by its provider"
        return Refusal(OutcomeReason.INVALID, words)
    if states[name] in ENDED:
        return Refusal(OutcomeReason.NOTHING_TO_DO, f"its machine {name} is {states[name]}")
    moving = sorted(n for n, s in states.items() if n != name and s in COMING_OR_GOING)
    if moving:
        words = f"{moving[0]} is {states[moving[0]]}: one machine at a time"
        return Refusal(OutcomeReason.INVALID, words)
    uid = next(m["metadata"]["uid"] for m in machines if m["metadata"]["name"] == name)
    return Removal(Target(scene.seen.target.cluster, "", INSTANCE, name), uid)


def _reads(command: Command, _seen: Seen) -> tuple[Query, ...]:
    here = f"spec.nodeName={command.target.name}"
    return (Query(POD, fields=here), Query(NODE), Query(INSTANCE))


RIGHTS = (Right("list", POD), Right("list", NODE))
ROW = Row(REPLACE_NODE, plan, reads=_reads, rights=RIGHTS, marks=False)
