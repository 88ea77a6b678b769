"""What another policy would change, as a person would say it: what is new, gone, and different."""

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import asdict, fields, is_dataclass
from enum import Enum
from typing import Any

from streams.core import routing
from streams.core.matching import Matchers
from streams.core.playbook import Condition, Playbook, Rung
from streams.core.policy import Policy
from streams.policy.limits import LIMITS, field_of
from streams.reading.nodes import spoken

NAMED = {
    "service": "services",
    "brake": "brakes",
    "watchdog": "watchdogs",
    "freeze": "freezes",
}
"""Lists of the policy whose items have names."""
LISTED = {
    "namespace": "namespaces",
    "receiver": "receivers",
    "never": "never",
    "inhibition rule": "inhibit",
    "enrichment": "enrichments",
}
"""Lists whose items are what they say."""
KEYED = {"severity": "severities", "source": "sources", "time interval": "intervals"}


def changes(old: Policy | None, new: Policy) -> tuple[str, ...]:
    """A line each: `+` what is new, `-` what is gone, `~` what differs."""
    if old is None:
        return tuple(f"+ playbook {_titled(book)}" for book in new.playbooks)
    return tuple(_all(old, new))


def _all(old: Policy, new: Policy) -> Iterator[str]:
    yield from _playbooks(old, new)
    yield from _limits(old, new)
    yield from _routes(old, new)
    for word, field in NAMED.items():
        yield from _keyed(word, _by_name(old, field), _by_name(new, field))
    for word, field in KEYED.items():
        yield from _keyed(word, getattr(old, field) or {}, getattr(new, field) or {})
    for word, field in LISTED.items():
        yield from _listed(word, getattr(old, field), getattr(new, field))
    yield from _different("correlation", old.correlation, new.correlation)


# Playbooks, whose order counts.


def _playbooks(old: Policy, new: Policy) -> Iterator[str]:
    before, after = _by_name(old, "playbooks"), _by_name(new, "playbooks")
    for name, book in after.items():
        if name not in before:
            yield f"+ playbook {_titled(book)}"
    for name, book in before.items():
        if name not in after:
            yield f"- playbook {_titled(book)}"
    for name in [name for name in after if name in before]:
        yield from _playbook(before[name], after[name])
    kept = [name for name in after if name in before]
    if kept != [name for name in before if name in after]:
        yield f"~ the order of playbooks: {', '.join(after)}"


def _playbook(old: Playbook, new: Playbook) -> Iterator[str]:
    where = f"playbook {new.name}"
    if _steps(old) != _steps(new):
        yield f"~ {where}: steps {_steps(old)}, now {_steps(new)}"
    else:
        for number, (was, now) in enumerate(zip(old.rungs, new.rungs, strict=True), 1):
            yield from _different(f"{where}: step {number} {now.action}", was, now)
    for field in ("mode", "trusted", "matches", "target", "prefer_rollback"):
        yield from _different(where, getattr(old, field), getattr(new, field), field)


def _titled(book: Playbook) -> str:
    return f"{book.name} ({book.mode}): {_steps(book)}"


def _steps(book: Playbook) -> str:
    return " → ".join(map(_step, book.rungs))


def _step(rung: Rung) -> str:
    given = ", ".join(f"{name}={value}" for name, value in rung.parameters.items())
    return f"{rung.action}({given})" if given else rung.action


# Limits and routes.


def _limits(old: Policy, new: Policy) -> Iterator[str]:
    was, now = asdict(old.limits), asdict(new.limits)
    for key in LIMITS:
        field = field_of(key)
        yield from _different(f"limit {key}", was[field], now[field], field, named=False)


def _routes(old: Policy, new: Policy) -> Iterator[str]:
    """Of each its own words: what it inherits from above is told where it was written."""
    before = {route.path: route for route in routing.walk(old.route)}
    after = {route.path: route for route in routing.walk(new.route)}
    for path, route in after.items():
        if path not in before:
            yield f"+ {path}: {route.matches} to {route.receiver}"
    for path, route in before.items():
        if path not in after:
            yield f"- {path}: {route.matches} to {route.receiver}"
    for path in [path for path in after if path in before]:
        for field in fields(after[path]):
            if field.name not in ("routes", "path"):
                was, now = (getattr(r[path], field.name) for r in (before, after))
                yield from _different(path, was, now, field.name)


# Everything else.


def _by_name(policy: Policy, field: str) -> dict[str, Any]:
    return {item.name: item for item in getattr(policy, field)}


def _keyed(word: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"+ {word} {name}" for name in new if name not in old)
    yield from (f"- {word} {name}" for name in old if name not in new)
    for name in new:
        if name in old:
            yield from _different(f"{word} {name}", old[name], new[name])


def _listed(word: str, old: Iterable[Any], new: Iterable[Any]) -> Iterator[str]:
    was, now = (dict.fromkeys(map(_said, items)) for items in (old, new))
    yield from (f"+ {word} {item}" for item in now if item not in was)
    yield from (f"- {word} {item}" for item in was if item not in now)


def _different(
    where: str, old: Any, new: Any, field: str = "", *, named: bool = True
) -> Iterator[str]:
    """Field by field, down to where the two part."""
    if old == new:
        return
    if is_dataclass(old) and is_dataclass(new) and not isinstance(new, Matchers | Condition):
        for below in fields(new):
            was, now = getattr(old, below.name), getattr(new, below.name)
            yield from _different(where, was, now, below.name)
        return
    name = f" {_WORDS.get(field, field.removesuffix('_ms'))}" if field and named else ""
    colon = ":" if name and ": " not in where else ""
    yield f"~ {where}{colon}{name} {_said(old, field)} → {_said(new, field)}".replace("  ", " ")


_WORDS = {"matches": "match", "continues": "continue"}
"""As the policy's text has them."""


def _said(value: Any, field: str = "") -> str:
    match value:
        case None | "" | ():
            return "nothing"
        case bool():
            return "true" if value else "false"
        case int() if field.endswith("_ms"):
            return spoken(value)
        case Enum():
            return str(value.value)
        case Matchers():
            return str(value)
        case Condition():
            return value.text
        case Mapping():
            return "{" + ", ".join(f"{name}: {_said(v)}" for name, v in value.items()) + "}"
        case Set():
            return ", ".join(sorted(value)) or "nothing"
        case tuple():
            return ", ".join(map(_said, value))
    if is_dataclass(value):
        told = ((f.name, getattr(value, f.name)) for f in fields(value) if f.compare)
        return " ".join(f"{_WORDS.get(name, name)} {_said(v, name)}" for name, v in told if v)
    return str(value)
