"""What a story expects, and how that differs from what was decided."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from schemas.actions import ACTIONS, ESCALATE
from schemas.incidents import Incident
from schemas.notices import Notice
from schemas.remediation import Command, CommandKind, Withdrawal
from streams.core.decide import Out
from streams.core.lifecycle import Phase
from streams.core.playbook import MODES
from streams.core.reasons import Reason
from streams.desk.stage import Stage, of, said, verdicts
from streams.policy.selectors import LABELS
from streams.reading.shapes import (
    FLAG,
    TEXT,
    WORDS,
    Found,
    Key,
    Keys,
    Shape,
    checked,
    either,
    list_of,
    made,
    one_of,
    record,
    whole,
)

Asked = Mapping[str, Any]
"""The keys that were written down, with what they must be."""
QUIET = frozenset({Phase.RESOLVED.value, Phase.CLOSED.value})


def _written(what: str, keys: Mapping[str, tuple[Shape[Any], str]]) -> Shape[Asked]:
    """A mapping of which only what is written down is asked."""
    optional: Keys = {name: Key(shape, about, None) for name, (shape, about) in keys.items()}
    return record(what, optional, _given)


def _given(found: Found) -> Asked:
    return {name: value for name, value in found.all().items() if name in found}


def _words(words: Any) -> Shape[str]:
    return one_of({str(word): "" for word in words})


PHASE = _words(Phase)
INCIDENT: Shape[Asked] = either(
    made(PHASE, lambda state: {"state": state}),
    _written(
        "an incident",
        {
            "of": (LABELS, "which: the newest one whose labels are these"),
            "state": (PHASE, "its phase"),
            "reason": (_words(Reason), "why it is in it"),
            "playbook": (TEXT, 'its name; "" for none'),
            "mode": (_words(MODES), "how far it may go by itself"),
            "step": (whole(), "which step, from 1"),
            "target": (WORDS, "the name of what is acted on"),
            "service": (TEXT, "of the catalogue"),
            "severity": (WORDS, "its severity"),
            "receivers": (list_of(WORDS), "who is told of it"),
            "alerts": (whole(0), "how many it has had"),
            "change_related": (FLAG, "somebody deployed shortly before"),
        },
    ),
)
KIND = _words(CommandKind)
COMMAND: Shape[Asked] = either(
    made(KIND, lambda kind: {"kind": kind}),
    _written(
        "a command",
        {
            "kind": (KIND, "look, act, verify or rollback"),
            "action": (_words(a for a in ACTIONS if a != ESCALATE), "what it does"),
            "target": (WORDS, "the name of what it does it to"),
            "namespace": (WORDS, "where that is"),
            "parameters": (LABELS, "all of them"),
        },
    ),
)
NOTICE: Shape[Asked] = either(
    made(WORDS, lambda kind: {"kind": kind}),
    _written(
        "a notice",
        {
            "kind": (WORDS, "escalated, approval, resolved, …"),
            "receivers": (list_of(WORDS), "who is told"),
            "text": (WORDS, "part of what is said"),
        },
    ),
)


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

    yield from _each("commands", asked, [(c, got(c)) for c in of(news, Command)])


def _notices(asked: tuple[Asked, ...], stage: Stage, news: list[Out]) -> Iterator[str]:
    def got(notice: Notice) -> Asked:
        text = _Containing(notice.text)
        return {"kind": notice.kind, "receivers": notice.receivers, "text": text}

    yield from _each("notices", asked, [(n, got(n)) for n in of(news, Notice)])


class _Containing(str):
    """Equal to every text that is part of it."""

    __hash__ = str.__hash__

    def __eq__(self, part: object) -> bool:
        return isinstance(part, str) and part in str(self)


def _each(what: str, asked: tuple[Asked, ...], got: list[tuple[Out, Asked]]) -> Iterator[str]:
    """As many as were asked for, in any order: what is due at once is in the order of ids."""
    left = list(got)
    for wanted in sorted(asked, key=len, reverse=True):
        fitting = (row for row in left if all(row[1][k] == v for k, v in wanted.items()))
        if row := next(fitting, None):
            left.remove(row)
    if len(got) == len(asked) and not left:
        return
    expected = "; ".join(" ".join(f"{k}={_shown(v)}" for k, v in a.items()) for a in asked)
    there = "; ".join(said(out) for out, _ in got)
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
    "reasons": Expectation("each is among the new ones", list_of(_words(Reason), 1), _reasons),
    "nothing": Expectation("true: no command and no notice is new", FLAG, _nothing),
}


def _not_both(reading: Any, node: Any, asked: Asked) -> None:
    if asked.get("nothing") and asked.keys() & {"commands", "notices"}:
        reading.fault(node, "`nothing` says it all: leave out `commands` and `notices`")
    if not asked:
        reading.fault(node, f"expected one of {', '.join(EXPECTATIONS)}")


EXPECT = checked(
    _written("what is expected", {k: (e.shape, e.about) for k, e in EXPECTATIONS.items()}),
    _not_both,
)


def differences(asked: Asked, stage: Stage, news: list[Out]) -> list[str]:
    return [
        why for key, value in asked.items() for why in EXPECTATIONS[key].differ(value, stage, news)
    ]
