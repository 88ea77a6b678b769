"""Label and field selectors: the query language of lists and watches."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from deploy.sandbox.cluster.objects import Json, labels

Matcher = Callable[[Json], bool]
LabelTest = Callable[[Mapping[str, str]], bool]

SET_TERM = re.compile(r"^(?P<key>\S+)\s+(?P<operator>in|notin)\s*\((?P<values>[^()]*)\)$")
EQUALITY_TERM = re.compile(r"^(?P<key>[^\s=!]+)\s*(?P<operator>==|=|!=)\s*(?P<value>[^\s=!]*)$")
EXISTS_TERM = re.compile(r"^(?P<absent>!\s*)?(?P<key>[^\s=!()]+)$")
ALIASES = {"status.successful": "status.succeeded"}
ABSENT = {"spec.unschedulable": "false", "status.successful": "0"}
"""What counts as said where nothing is; elsewhere that is the empty text."""

COMMA_OUTSIDE_BRACKETS = re.compile(r",(?![^(]*\))")


class BadSelector(ValueError):
    """A selector that cannot be read."""


class UnknownField(BadSelector):
    """A field that the kind cannot be selected by."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


def by_labels(text: str) -> Matcher:
    """From the query form: `app=checkout,tier in (web, api),!canary`."""
    tests = [_label_test(term.strip()) for term in COMMA_OUTSIDE_BRACKETS.split(text) if text]
    return lambda obj: all(test(labels(obj)) for test in tests)


def selects(selector: Json | None, of: Mapping[str, str]) -> bool:
    """Whether a LabelSelector, as in a spec, matches these labels. None selects nothing."""
    if selector is None:
        return False
    wanted = selector.get("matchLabels") or {}
    expressions = selector.get("matchExpressions") or ()
    return all(of.get(key) == value for key, value in wanted.items()) and all(
        _expression_matches(expression, of) for expression in expressions
    )


def is_empty(selector: Json | None) -> bool:
    return not selector or not (selector.get("matchLabels") or selector.get("matchExpressions"))


def by_fields(text: str, known: tuple[str, ...]) -> Matcher:
    """From the query form `status.phase!=Running,metadata.name=a`; only `known` fields."""
    tests = [_field_test(term.strip(), known) for term in text.split(",") if text]
    return lambda obj: all(test(obj) for test in tests)


def _label_test(term: str) -> LabelTest:
    if found := SET_TERM.match(term):
        key, values = found["key"], {value.strip() for value in found["values"].split(",")}
        if found["operator"] == "in":
            return lambda of: of.get(key) in values
        return lambda of: of.get(key) not in values
    if found := EQUALITY_TERM.match(term):
        key, value = found["key"], found["value"]
        if found["operator"] == "!=":
            return lambda of: of.get(key) != value
        return lambda of: of.get(key) == value
    if found := EXISTS_TERM.match(term):
        key, absent = found["key"], bool(found["absent"])
        return lambda of: (key in of) is not absent
    raise BadSelector(f"unable to parse requirement: {term!r}")


def _expression_matches(expression: Json, of: Mapping[str, str]) -> bool:
    key, values = expression["key"], expression.get("values") or ()
    match expression["operator"]:
        case "In":
            return of.get(key) in values
        case "NotIn":
            return of.get(key) not in values
        case "Exists":
            return key in of
        case "DoesNotExist":
            return key not in of
    raise BadSelector(f"{expression['operator']!r} is not a valid label selector operator")


def _field_test(term: str, known: tuple[str, ...]) -> Matcher:
    found = EQUALITY_TERM.match(term)
    if found is None:
        raise BadSelector(f"invalid selector: '{term}'; can't understand '{term}'")
    field, value, differs = found["key"], found["value"], found["operator"] == "!="
    if field not in known:
        raise UnknownField(field)
    return lambda obj: (_at(obj, field) == value) is not differs


def _at(obj: Json, field: str) -> str:
    """An absent field counts as the empty string, as `spec.nodeName=` expects."""
    value: Any = obj
    for part in ALIASES.get(field, field).split("."):
        value = value.get(part) if isinstance(value, dict) else None
    if value is None:
        return ABSENT.get(field, "")
    return json.dumps(value) if isinstance(value, bool) else str(value)
