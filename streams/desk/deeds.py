"""What may happen in a story: alerts, the executor's answers, and what people order.

One table says how each is written and how it is put on the tape.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from yaml.nodes import Node, ScalarNode, SequenceNode

from schemas.alerts import AlertStatus
from schemas.controls import ALL_CLUSTERS, ControlKind
from schemas.parameters import NUMBER_FORM
from schemas.remediation import CommandKind, Observation, OutcomeReason, OutcomeStatus
from schemas.tape import Detection
from streams.desk.series import MEASURED
from streams.desk.stage import NotNow, Stage
from streams.policy.matchers import parse_all
from streams.policy.selectors import LABELS
from streams.reading.nodes import Reading
from streams.reading.shapes import (
    FLAG,
    TEXT,
    WORDS,
    Key,
    Shape,
    checked,
    duration,
    either,
    list_of,
    made,
    one_of,
    record,
    whole,
)

Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Deed:
    verb: str
    value: Any
    target: str = ""
    """The name of the workload whose command is answered, where several are."""

    def __str__(self) -> str:
        return f"{self.verb} {_said(self.value)}".strip()


@dataclass(frozen=True, slots=True)
class Verb:
    about: str
    shape: Shape[Any]
    play: Callable[[Stage, Deed], object]


def play(stage: Stage, deed: Deed) -> None:
    """Raises NotNow where it cannot happen."""
    VERBS[deed.verb].play(stage, deed)


# Shapes.

ALERT: Shape[dict[str, str]] = either(made(WORDS, lambda name: {"alertname": name}), LABELS)
_SEVERAL = list_of(ALERT, least=1)


def _read_alerts(reading: Reading, node: Node) -> tuple[Labels, ...]:
    if isinstance(node, SequenceNode):
        return _SEVERAL.read(reading, node)
    return (ALERT.read(reading, node),)


ALERTS = Shape(_read_alerts, {"oneOf": [ALERT.schema, _SEVERAL.schema]})


def _read_number(reading: Reading, node: Node) -> float:
    if isinstance(node, ScalarNode) and not node.style and re.fullmatch(NUMBER_FORM, node.value):
        return float(node.value)
    reading.fault(node, "expected a number")
    return 0.0


NUMBER = Shape(_read_number, {"type": "number"})
_OF_TYPE: Mapping[object, Shape[Any]] = {
    bool: FLAG,
    int: whole(0),
    str: TEXT,
    int | None: whole(0),
}
_GIVEN = {"command_id", "cluster", "incident_id", "at_ms", "executor"}
SEEN: Shape[dict[str, Any]] = record(
    "an observation",
    {
        field.name: Key(_OF_TYPE[field.type], "", None)
        for field in fields(Observation)
        if field.type in _OF_TYPE and field.name not in _GIVEN
    },
    lambda found: {name: value for name, value in found.all().items() if name in found},
)
_BY = {
    "by": Key(WORDS, "who", "ann"),
    "verified": Key(FLAG, "the broker knows who that is", False),
}
PERSON: Shape[dict[str, Any]] = either(
    made(WORDS, lambda name: {"by": name, "verified": False}),
    record("who", _BY, lambda found: found.all()),
)
_FOR = {"for": Key(duration(), "how long from now"), **_BY}
_ID = {"id": Key(WORDS, "by which it is ended", "one")}
SPELL = record("a span of time", _FOR, lambda found: found.all())
FREEZE = record("a freeze", {**_FOR, **_ID}, lambda found: found.all())


def _readable(reading: Reading, node: Node, text: str) -> None:
    try:
        parse_all(text)
    except ValueError as fault:
        reading.fault(node, str(fault))


SILENCE = record(
    "a silence",
    {"matchers": Key(list_of(checked(TEXT, _readable), 1), "which alerts"), **_FOR, **_ID},
    lambda found: found.all(),
)
DEPLOYED: Shape[dict[str, Any]] = either(
    made(WORDS, lambda name: {"name": name, "namespace": ""}),
    record(
        "a deployment",
        {"name": Key(WORDS, "of what"), "namespace": Key(WORDS, "else the story's", "")},
        lambda found: found.all(),
    ),
)
DETECTED = record(
    "a detection",
    {
        "rule": Key(WORDS, "its name"),
        "value": Key(NUMBER, "what was measured"),
        "threshold": Key(NUMBER, "what it was judged by", 0.0),
        "labels": Key(LABELS, "beside the story's", {}),
        "ended": Key(FLAG, "it ceases to hold", False),
    },
    lambda found: found.all(),
)
REASON = one_of({reason.value: "" for reason in OutcomeReason if reason.value})
CHECKED = {"passed": True, "failed": False, "untold": None}
WHERE = one_of({"cluster": "on the story's cluster", "everywhere": "on all clusters"})
ID = made(WORDS, lambda name: {"id": name})


# Alerts.


def _sees(status: AlertStatus) -> Callable[[Stage, Deed], object]:
    return lambda stage, deed: stage.sees(*(stage.alert(given, status) for given in deed.value))


def _detects(stage: Stage, deed: Deed) -> None:
    given = deed.value
    status = AlertStatus.RESOLVED if given["ended"] else AlertStatus.FIRING
    labels = stage.alert({"alertname": given["rule"], **given["labels"]}, status).labels
    rule, value, threshold = given["rule"], given["value"], given["threshold"]
    stage.hears(Detection(rule, status, labels, {}, stage.now_ms, value, threshold, 60_000))


# The executor.


def _observed(stage: Stage, deed: Deed) -> None:
    look = stage.awaited(CommandKind.LOOK, target=deed.target)
    stage.answered_finally(look)
    stage.observed(look, **deed.value)


def _did(status: OutcomeStatus) -> Callable[[Stage, Deed], None]:
    """`applied: restart` says what was done, so that a story cannot mean another step."""

    def answer(stage: Stage, deed: Deed) -> None:
        act = stage.awaited(CommandKind.ACT, CommandKind.ROLLBACK, target=deed.target)
        done = "undo" if act.kind is CommandKind.ROLLBACK else act.action
        if deed.value != done:
            raise NotNow(f"what awaits an answer is {done}, not {deed.value}")
        if status.terminal:
            stage.answered_finally(act)
        stage.answered(act, status)

    return answer


def _did_not(status: OutcomeStatus) -> Callable[[Stage, Deed], None]:
    def answer(stage: Stage, deed: Deed) -> None:
        kinds = (CommandKind.ACT, CommandKind.ROLLBACK, CommandKind.LOOK, CommandKind.VERIFY)
        command = stage.awaited(*kinds, target=deed.target)
        stage.answered_finally(command)
        stage.answered(command, status, OutcomeReason(deed.value))

    return answer


def _checked(stage: Stage, deed: Deed) -> None:
    verify = stage.awaited(CommandKind.VERIFY, target=deed.target)
    stage.answered_finally(verify)
    stage.checked(verify, CHECKED[deed.value])


# People.


def _consents(kind: ControlKind) -> Callable[[Stage, Deed], None]:
    def order(stage: Stage, deed: Deed) -> None:
        asking = stage.proposal()
        parameters = {"incident": asking.incident_id, "proposal": asking.proposal}
        stage.ordered(kind, deed.value["by"], parameters, verified=deed.value["verified"])

    return order


def _for_a_time(kind: ControlKind) -> Callable[[Stage, Deed], None]:
    def order(stage: Stage, deed: Deed) -> None:
        given = deed.value
        parameters = {"id": given["id"]} if "id" in given else {}
        if "matchers" in given:
            parameters["matchers"] = json.dumps(given["matchers"])
        if kind is ControlKind.SNOOZE:
            parameters["incident"] = stage.newest().incident_id
        ends_at_ms = stage.now_ms + given["for"]
        stage.ordered(kind, given["by"], parameters, ends_at_ms=ends_at_ms)

    return order


def _orders(kind: ControlKind) -> Callable[[Stage, Deed], object]:
    return lambda stage, deed: stage.ordered(kind, "ann", deed.value)


def _switch(kind: ControlKind) -> Callable[[Stage, Deed], object]:
    def order(stage: Stage, deed: Deed) -> None:
        stage.ordered(kind, "ann", {}, cluster=ALL_CLUSTERS if deed.value == "everywhere" else None)

    return order


def _deployed(stage: Stage, deed: Deed) -> None:
    namespace = deed.value["namespace"] or stage.labels.get("namespace", "")
    given = {"namespace": namespace, "kind": "Deployment", "name": deed.value["name"]}
    stage.ordered(ControlKind.CHANGE, "ann", given)


VERBS: Mapping[str, Verb] = {
    "fires": Verb(
        "an alert begins: its name, its labels, or several", ALERTS, _sees(AlertStatus.FIRING)
    ),
    "clears": Verb("an alert ends", ALERTS, _sees(AlertStatus.RESOLVED)),
    "detects": Verb("a detection of Mendlog's own", DETECTED, _detects),
    "measures": Verb(
        "samples for the detections: series, from now on",
        MEASURED,
        lambda stage, deed: stage.measures(deed.value),
    ),
    "observed": Verb(
        "the executor has looked: a healthy target of three replicas, but for this", SEEN, _observed
    ),
    "intent": Verb("it is about to do it", WORDS, _did(OutcomeStatus.INTENT)),
    "applied": Verb("it has done it: the action, or `undo`", WORDS, _did(OutcomeStatus.APPLIED)),
    "rejected": Verb("it refused, and why", REASON, _did_not(OutcomeStatus.REJECTED)),
    "failed": Verb("it did not happen, and why", REASON, _did_not(OutcomeStatus.FAILED)),
    "unknown": Verb("nobody knows whether it happened", REASON, _did_not(OutcomeStatus.UNKNOWN)),
    "checked": Verb(
        "what every probe of a check says", one_of(dict.fromkeys(CHECKED, "")), _checked
    ),
    "approves": Verb("somebody says yes to what is asked", PERSON, _consents(ControlKind.APPROVE)),
    "rejects": Verb("somebody says no", PERSON, _consents(ControlKind.REJECT)),
    "snoozes": Verb("the newest incident is left alone", SPELL, _for_a_time(ControlKind.SNOOZE)),
    "freezes": Verb("no actions", FREEZE, _for_a_time(ControlKind.FREEZE)),
    "unfreezes": Verb("a freeze ends: its id", ID, _orders(ControlKind.UNFREEZE)),
    "silences": Verb("alerts that match do not count", SILENCE, _for_a_time(ControlKind.SILENCE)),
    "maintains": Verb("as `silences`, announced", SILENCE, _for_a_time(ControlKind.MAINTENANCE)),
    "expires": Verb("a silence ends: its id", ID, _orders(ControlKind.EXPIRE)),
    "kills": Verb("the kill switch", WHERE, _switch(ControlKind.KILL)),
    "revives": Verb("the kill switch is off", WHERE, _switch(ControlKind.UNKILL)),
    "deployed": Verb("somebody deployed", DEPLOYED, _deployed),
    "trusts": Verb(
        "a playbook that failed may act again",
        made(WORDS, lambda name: {"playbook": name}),
        _orders(ControlKind.TRUST),
    ),
}


def _said(value: Any) -> str:
    match value:
        case Mapping():
            pairs = [f"{k}={_said(v)}" for k, v in value.items() if v not in ("", False)]
            return " ".join(pairs)
        case tuple():
            return "; ".join(map(_said, value))
    return str(value)
