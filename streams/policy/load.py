"""A policy's text made into its value, or all that is wrong with it.

Every limit must be written down: one that is missing is an error, never "no limit".
"""

import re
from importlib.metadata import version
from pathlib import Path

from yaml.nodes import Node, ScalarNode

from schemas.actions import ACTIONS, ESCALATE, ParameterType
from schemas.ids import digest
from streams.core.matching import Matchers
from streams.core.policy import (
    Grouping,
    Limits,
    Playbook,
    Policy,
    Rung,
    TargetTemplate,
    Verification,
)
from streams.core.state import ACTED_MAX, TARGET_KEPT_MS
from streams.policy import matchers
from streams.reading.faults import Fault, FileError
from streams.reading.nodes import Reading, Section

FORMAT = 1
NEVER_NAMESPACES = frozenset({"kube-system", "kube-public", "kube-node-lease"})
PROBES = frozenset({"rollout"})
KINDS = frozenset({"Deployment"})
_NO_CHECKS = Verification(0, 0, 0, 0, ())


def digest_of(source: str) -> str:
    """Of the text and of what gives it meaning: another regex engine may match otherwise."""
    return digest("policy", FORMAT, version("google-re2"), source)


def load_file(path: Path) -> tuple[Policy, str]:
    """The policy and its text. Raises FileError, or OSError where the file cannot be read."""
    try:
        source = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as fault:
        raise FileError([Fault(str(path), 1, 1, f"not UTF-8: {fault.reason}")]) from None
    return compile_policy(source, str(path)), source


def compile_policy(source: str, file: str = "policy") -> Policy:
    reading = Reading(file)
    top = Section(reading, reading.root(source), "a policy")
    top.need("version", lambda n: _format(reading, n), FORMAT)
    policy = Policy(
        digest=digest_of(source),
        namespaces=top.need("namespaces", lambda n: _namespaces(reading, n), frozenset()),
        grouping=top.need("grouping", lambda n: _grouping(reading, n), Grouping((), 0)),
        limits=top.need("limits", lambda n: _limits(reading, n), _no_limits()),
        playbooks=top.need("playbooks", lambda n: _playbooks(reading, n), ()),
    )
    top.done("version, namespaces, grouping, limits, playbooks")
    reading.stop_at_faults()
    return policy


def _format(reading: Reading, node: Node) -> int:
    value = reading.whole(node)
    if value != FORMAT:
        reading.fault(node, f"this release reads version {FORMAT}, not {value}")
    return value


def _namespaces(reading: Reading, node: Node) -> frozenset[str]:
    """Where actions are allowed. An empty list allows none; there is no way to say "all"."""
    for item in reading.items(node):
        name = reading.text(item)
        if name in NEVER_NAMESPACES:
            reading.fault(item, f"Mendlog never acts in {name}")
        elif not name or "*" in name:
            reading.fault(item, "expected the name of one namespace")
    return frozenset(reading.texts(node))


def _grouping(reading: Reading, node: Node) -> Grouping:
    section = Section(reading, node, "grouping")
    grouping = Grouping(
        by=section.need("by", lambda n: reading.texts(n, least=1), ()),
        wait_ms=section.need("wait", lambda n: reading.duration_ms(n, least=0), 0),
    )
    section.done("by, wait")
    return grouping


_COUNTS = {
    "actions_per_minute": "actions_per_minute",
    "actions_per_hour": "actions_per_hour",
    "concurrent": "concurrent",
    "attempts_per_incident": "attempts_per_incident",
    "attempts_per_target": "attempts_per_target",
}
_SPANS = {
    "attempts_window": "attempts_window_ms",
    "cooldown": "cooldown_ms",
    "observation_age": "observation_age_ms",
    "command_ttl": "command_ttl_ms",
    "patience": "patience_ms",
    "remind": "remind_ms",
    "close_after": "close_after_ms",
}


def _no_limits() -> Limits:
    """Only ever seen together with a fault."""
    return Limits(**dict.fromkeys([*_COUNTS.values(), *_SPANS.values()], 0))


def _limits(reading: Reading, node: Node) -> Limits:
    section = Section(reading, node, "limits")
    counts = {field: section.need(key, reading.whole, 0) for key, field in _COUNTS.items()}
    spans = {field: section.need(key, reading.duration_ms, 0) for key, field in _SPANS.items()}
    section.done(", ".join([*_COUNTS, *_SPANS]))
    limits = Limits(**counts, **spans)
    _within_memory(reading, node, limits)
    return limits


def _within_memory(reading: Reading, node: Node, limits: Limits) -> None:
    """A limit that counts further than the core remembers would never stop anything."""
    if limits.attempts_per_target > ACTED_MAX:
        reading.fault(node, f"attempts_per_target: at most {ACTED_MAX} are remembered")
    for name, span_ms in (
        ("attempts_window", limits.attempts_window_ms),
        ("cooldown", limits.cooldown_ms),
    ):
        if span_ms > TARGET_KEPT_MS:
            reading.fault(node, f"{name}: a target's history is kept for 24h and no longer")


def _playbooks(reading: Reading, node: Node) -> tuple[Playbook, ...]:
    seen: set[str] = set()
    books = []
    for item in reading.items(node):
        book = _playbook(reading, item)
        if book.name in seen:
            reading.fault(item, f"a second playbook named {book.name!r}")
        seen.add(book.name)
        books.append(book)
    return tuple(books)


def _playbook(reading: Reading, node: Node) -> Playbook:
    section = Section(reading, node, "a playbook")
    name = section.need("name", reading.text, "")
    found = section.need("match", lambda n: matchers.read_list(reading, n, least=1), Matchers())
    target = section.need("target", lambda n: _target(reading, n), TargetTemplate("", "", ""))
    rungs = section.need("steps", lambda n: _rungs(reading, n), ())
    section.done("name, match, target, steps")
    ladder = digest(*(str(m) for m in found.all), repr(target), *(repr(r) for r in rungs))
    return Playbook(name, found, target, rungs, ladder)


def _target(reading: Reading, node: Node) -> TargetTemplate:
    section = Section(reading, node, "a target")
    kind = section.need("kind", lambda n: _one_of(reading, n, KINDS), "")
    template = TargetTemplate(
        kind=kind,
        namespace=section.need("namespace", lambda n: _slot(reading, n), ""),
        name=section.need("name", lambda n: _slot(reading, n), ""),
    )
    section.done("kind, namespace, name")
    return template


def _slot(reading: Reading, node: Node) -> str:
    text = reading.text(node)
    inner = text[1:-1] if text.startswith("{") and text.endswith("}") else text
    if not inner or any(c in inner for c in "{}* \t\n"):
        reading.fault(node, 'expected a name, or one label as "{label}"')
    return text


def _one_of(reading: Reading, node: Node, known: frozenset[str]) -> str:
    text = reading.text(node)
    if text and text not in known:
        reading.fault(node, f"unknown: {text!r}; known: {', '.join(sorted(known))}")
    return text


def _rungs(reading: Reading, node: Node) -> tuple[Rung, ...]:
    items = reading.items(node, least=1)
    rungs = tuple(_rung(reading, item) for item in items)
    if rungs and not rungs[-1].hands_over:
        reading.fault(items[-1], f"the last step must be `action: {ESCALATE}`: a human")
    for item, rung in zip(items[:-1], rungs[:-1], strict=True):
        if rung.hands_over:
            reading.fault(item, f"nothing can follow `action: {ESCALATE}`")
    return rungs


def _rung(reading: Reading, node: Node) -> Rung:
    section = Section(reading, node, "a step")
    known = frozenset({*ACTIONS, ESCALATE})
    action = section.need("action", lambda n: _one_of(reading, n, known), "")
    if action == ESCALATE:
        section.done("action")
        return Rung(action, {}, 0, _NO_CHECKS, undo=False)
    rung = Rung(
        action=action,
        parameters=_parameters(reading, section, node, action),
        dwell_ms=section.need("dwell", lambda n: reading.duration_ms(n, least=0), 0),
        verify=section.need("verify", lambda n: _verify(reading, n), _NO_CHECKS),
        undo=section.may("undo", lambda n: _undo(reading, n, action), False),
    )
    section.done("action, parameters, dwell, verify, undo")
    return rung


def _undo(reading: Reading, node: Node, action: str) -> bool:
    wanted = reading.flag(node)
    if wanted and action in ACTIONS and not ACTIONS[action].undoable:
        reading.fault(node, f"{action} cannot be undone")
    return wanted


def _parameters(reading: Reading, section: Section, node: Node, action: str) -> dict[str, str]:
    known = ACTIONS[action].parameters if action in ACTIONS else {}
    given: dict[str, str] = {}
    for key, value in section.may("parameters", lambda n: _entries(reading, n), []):
        name = key.value
        if name not in known:
            takes = ", ".join(known) or "none"
            reading.fault(key, f"{action} takes no parameter {name!r}; it takes {takes}")
        elif known[name].type is ParameterType.INT:
            given[name] = str(_signed(reading, value))
        else:
            given[name] = reading.text(value)
    for name, parameter in known.items():
        if parameter.required and name not in given:
            reading.fault(node, f"{action} needs the parameter {name!r}: {parameter.purpose}")
    one_of = ACTIONS[action].one_of if action in ACTIONS else ()
    if one_of and len(given.keys() & set(one_of)) != 1:
        reading.fault(node, f"{action} needs exactly one of {' and '.join(one_of)}")
    return given


def _entries(reading: Reading, node: Node) -> list[tuple[Node, Node]]:
    return list(Section(reading, node, "parameters").rest())


def _signed(reading: Reading, node: Node) -> int:
    plain = isinstance(node, ScalarNode) and node.style is None
    if not plain or not re.fullmatch(r"-?[0-9]{1,9}", node.value):
        reading.fault(node, "expected a whole number")
        return 0
    return int(node.value)


def _verify(reading: Reading, node: Node) -> Verification:
    section = Section(reading, node, "verify")
    rule = Verification(
        first_check_ms=section.need("first_check", lambda n: reading.duration_ms(n, least=0), 0),
        every_ms=section.need("every", lambda n: reading.duration_ms(n, least=100), 100),
        hold_ms=section.need("hold", lambda n: reading.duration_ms(n, least=0), 0),
        deadline_ms=section.need("deadline", reading.duration_ms, 1),
        probes=section.need("probes", lambda n: _probes(reading, n), ()),
    )
    if rule.deadline_ms <= rule.first_check_ms + rule.hold_ms:
        reading.fault(node, "the deadline must be later than first_check and hold together")
    section.done("first_check, every, hold, deadline, probes")
    return rule


def _probes(reading: Reading, node: Node) -> tuple[str, ...]:
    return tuple(_one_of(reading, item, PROBES) for item in reading.items(node, least=1))
