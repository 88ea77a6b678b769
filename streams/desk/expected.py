"""What a story expects, and how that differs from what was decided."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from schemas.incidents import Incident
from schemas.notices import Notice
from schemas.remediation import Command, Withdrawal
from schemas.tape import Detection
from streams.core.decide import Out
from streams.core.lifecycle import Phase
from streams.core.reasons import Reason
from streams.desk.asked import COMMAND, DETECTION, INCIDENT, NOTICE, Asked, words, written
from streams.desk.detecting import said_of, why
from streams.desk.stage import Stage, of, said, verdicts
from streams.reading.nodes import spoken
from streams.reading.shapes import FLAG, Shape, checked, list_of, whole

QUIET = frozenset({Phase.RESOLVED.value, Phase.CLOSED.value})


@dataclass(frozen=True, slots=True)
class Expectation:
    about: str
    shape: Shape[Any]
    differ: Callable[[Any, Stage, list[Out]], Iterator[str]]
    """In words what was expected and what there is; of what is new since the moment before."""


# How each differs.


def _incident(asked: Asked, stage: Stage, news: list[Out]) -> Iterator[str]:
    wanted = asked.get("of", {})
    found = [i for i in stage.incidents.values() if wanted.items() <= i.labels.items()]
    if not found:
        which = f" with {dict(wanted)}" if wanted else ""
        yield f"incident: there is none{which}"
        return
    got = _of_incident(found[-1])
    for name, value in asked.items():
        if name != "of" and value != got[name]:
            yield f"incident: {name}: expected {_shown(value)}, got {_shown(got[name])}"


def _of_incident(incident: Incident) -> Asked:
    return {
        "state": incident.state,
        "reason": incident.reason,
        "playbook": incident.playbook,
        "mode": incident.mode,
        "step": incident.step + 1,
        "target": incident.target.name if incident.target else "",
        "service": incident.service,
        "severity": incident.severity,
        "receivers": incident.receivers,
        "alerts": incident.members,
        "change_related": incident.change_related,
    }


def _open(asked: int, stage: Stage, news: list[Out]) -> Iterator[str]:
    there = [i for i in stage.incidents.values() if i.state not in QUIET]
    if len(there) != asked:
        told = "; ".join(said(i) for i in there) or "none"
        yield f"open: expected {asked} incident(s), got {len(there)}: {told}"


def _commands(asked: tuple[Asked, ...], stage: Stage, news: list[Out]) -> Iterator[str]:
    def got(command: Command) -> Asked:
        return {
            "kind": command.kind.value,
            "action": command.action,
            "target": command.target.name,
            "namespace": command.target.namespace,
            "parameters": dict(command.parameters),
        }

    yield from _each("commands", asked, [(said(c), got(c)) for c in of(news, Command)])


def _notices(asked: tuple[Asked, ...], stage: Stage, news: list[Out]) -> Iterator[str]:
    def got(notice: Notice) -> Asked:
        text = _Containing(notice.text)
        return {"kind": notice.kind, "receivers": notice.receivers, "text": text}

    yield from _each("notices", asked, [(said(n), got(n)) for n in of(news, Notice)])


def _detections(asked: tuple[Asked, ...], stage: Stage, news: list[Out]) -> Iterator[str]:
    def got(detection: Detection) -> Asked:
        return {
            "rule": detection.rule,
            "labels": _Holding(detection.labels),
            "state": detection.status.value,
            "since": since(detection),
            "says": _Containing(why(detection)),
        }

    def since(detection: Detection) -> str:
        return spoken(detection.since_ms - stage.start_ms)

    told = [(f"{said_of(d)} (since {since(d)})", got(d)) for d in stage.detected]
    yield from _each("detections", asked, told)


class _Holding(dict[str, str]):
    """Equal to every mapping that is part of it."""

    def __eq__(self, part: object) -> bool:
        return isinstance(part, Mapping) and part.items() <= self.items()


class _Containing(str):
    """Equal to every text that is part of it."""

    __hash__ = str.__hash__

    def __eq__(self, part: object) -> bool:
        return isinstance(part, str) and part in str(self)


def _each(what: str, asked: tuple[Asked, ...], got: list[tuple[str, Asked]]) -> Iterator[str]:
    """As many as were asked for, in any order: what is due at once is in the order of ids. `got`
    is what there is, and how it is told."""
    left = list(got)
    for wanted in sorted(asked, key=len, reverse=True):
        fitting = (row for row in left if all(row[1][k] == v for k, v in wanted.items()))
        if row := next(fitting, None):
            left.remove(row)
    if len(got) == len(asked) and not left:
        return
    expected = "; ".join(" ".join(f"{k}={_shown(v)}" for k, v in a.items()) for a in asked)
    there = "; ".join(told for told, _ in got)
    yield f"{what}: expected {expected or 'none'}; got {there or 'none'}"


def _reasons(asked: tuple[str, ...], stage: Stage, news: list[Out]) -> Iterator[str]:
    given = list(dict.fromkeys(verdict.reason for verdict in verdicts(news)))
    for reason in asked:
        if reason not in given:
            yield f"reasons: expected {reason}; got {', '.join(given) or 'none'}"


def _nothing(asked: bool, stage: Stage, news: list[Out]) -> Iterator[str]:
    done = [said(out) for out in news if isinstance(out, Command | Withdrawal | Notice)]
    if asked and done:
        yield f"nothing is done or told: got {'; '.join(done)}"


def _shown(value: Any) -> str:
    return ", ".join(value) if isinstance(value, tuple) else str(value) or '""'


EXPECTATIONS: Mapping[str, Expectation] = {
    "incident": Expectation("an incident as it stands, or just its state", INCIDENT, _incident),
    "open": Expectation("how many incidents are neither resolved nor closed", whole(0), _open),
    "commands": Expectation("all that are new, in any order", list_of(COMMAND), _commands),
    "notices": Expectation("all that are new, in any order", list_of(NOTICE), _notices),
    "detections": Expectation(
        "all that samples gave since the moment before, in any order",
        list_of(DETECTION),
        _detections,
    ),
    "reasons": Expectation("each is among the new ones", list_of(words(Reason), 1), _reasons),
    "nothing": Expectation("true: no command and no notice is new", FLAG, _nothing),
}


def _not_both(reading: Any, node: Any, asked: Asked) -> None:
    if asked.get("nothing") and asked.keys() & {"commands", "notices"}:
        reading.fault(node, "`nothing` says it all: leave out `commands` and `notices`")
    if not asked:
        reading.fault(node, f"expected one of {', '.join(EXPECTATIONS)}")


EXPECT = checked(
    written("what is expected", {k: (e.shape, e.about) for k, e in EXPECTATIONS.items()}),
    _not_both,
)


def differences(asked: Asked, stage: Stage, news: list[Out]) -> list[str]:
    return [
        why for key, value in asked.items() for why in EXPECTATIONS[key].differ(value, stage, news)
    ]
