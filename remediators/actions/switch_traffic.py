"""Switch traffic: a Service sends all of it to another release, told apart by one of its labels.

Blue and green run side by side; the Service's selector says which of them is asked. Only pods that
meet all the rest of the selector come into question, and some of them must be ready.
"""

import re
from collections.abc import Mapping

from remediators.actions.parameters import bad, undeclared
from remediators.actions.plan import Plan, Right, Row, Scene
from remediators.core.parameters import whole
from remediators.core.patch import add, must_be
from remediators.core.query import Query
from remediators.core.refusal import Refusal
from remediators.core.seen import Json, Seen
from remediators.core.selectors import selector_text
from schemas.actions import SWITCH_TRAFFIC
from schemas.kinds import POD
from schemas.remediation import Command, CommandKind, OutcomeReason

_VALUE = re.compile(r"[0-9A-Za-z]([-0-9A-Za-z_.]{0,61}[0-9A-Za-z])?")
"""Of a label: it goes into a query as it is."""


def plan(scene: Scene) -> Plan | Refusal:
    given = scene.command.parameters
    if refusal := undeclared(SWITCH_TRAFFIC, given):
        return refusal
    least = whole(given.get("min", "1"))
    if least is None or least < 1:
        return bad("min is less than 1")
    return _to(scene, given["label"], given["to"], least)


def rollback(scene: Scene) -> Plan | Refusal:
    """Its parameters are the undo of the ACT: the label, our value, and the one that there was."""
    undo = scene.command.parameters
    if undo.keys() != {"label", "to", "previous"}:
        return bad("undoing a switch of traffic needs label, to and previous, and nothing else")
    if _selector(scene.seen).get(undo["label"]) != undo["to"]:
        return Refusal(OutcomeReason.STALE, f"it does not select {undo['label']} as it was set")
    return _to(scene, undo["label"], undo["previous"], 1)


def _to(scene: Scene, label: str, wanted: str, least: int) -> Plan | Refusal:
    selector = _selector(scene.seen)
    now = selector.get(label)
    if not _VALUE.fullmatch(wanted):
        return bad("that is no value of a label")
    if now is None:
        return Refusal(OutcomeReason.INVALID, f"its selector has no {label}")
    if len(selector) == 1:
        words = f"its selector has nothing beside {label}: any pod could be meant"
        return Refusal(OutcomeReason.INVALID, words)
    if now == wanted:
        return Refusal(OutcomeReason.NOTHING_TO_DO, f"it selects {label}={wanted} already")
    (pods,) = scene.found
    if (ready := sum(_ready(pod) for pod in pods)) < least:
        words = f"{ready} ready pods with {label}={wanted}, at least {least} wanted"
        return Refusal(OutcomeReason.BELOW_MINIMUM, words)
    undo = {"label": label, "to": wanted, "previous": now}
    tests = (must_be(dict(selector), "spec", "selector"),)
    return Plan((add(wanted, "spec", "selector", label),), undo, tests)


def pods_behind(command: Command, seen: Seen) -> tuple[Query, ...]:
    """Those that it would select. Where it cannot be planned, nobody is asked."""
    given = command.parameters
    undoing = command.kind is CommandKind.ROLLBACK
    label, wanted = given.get("label", ""), given.get("previous" if undoing else "to", "")
    selector = _selector(seen)
    if label not in selector or not _VALUE.fullmatch(wanted):
        return ()
    labels = selector_text({"matchLabels": {**selector, label: wanted}})
    return (Query(POD, command.target.namespace, labels=labels),)


def _selector(seen: Seen) -> Mapping[str, str]:
    found: Mapping[str, str] = seen.body["spec"].get("selector") or {}
    return found


def _ready(pod: Json) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or ()
    ready = any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)
    return ready and not pod["metadata"].get("deletionTimestamp")


ROW = Row(SWITCH_TRAFFIC, plan, rollback, reads=pods_behind, rights=(Right("list", POD),))
