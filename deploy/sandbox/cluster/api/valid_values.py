"""Rules of single values that several kinds share."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from deploy.sandbox.cluster.api.errors import Cause
from deploy.sandbox.cluster.objects import Json

QUALIFIED_NAME = re.compile(r"([a-z0-9.-]{1,253}/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?")
LABEL_VALUE = re.compile(r"([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?")
SELECTOR_OPERATORS = {"In": True, "NotIn": True, "Exists": False, "DoesNotExist": False}
"""And whether they need values."""

PERCENT = re.compile(r"[0-9]+%")
NEGATIVE_RULE = "must be greater than or equal to 0"
IMMUTABLE_RULE = "field is immutable"


def bad_labels(given: dict[str, str], field: str) -> Iterator[Cause]:
    for key, value in given.items():
        if not QUALIFIED_NAME.fullmatch(key):
            yield Cause.invalid(field, key, "name part must be valid")
        if not LABEL_VALUE.fullmatch(value):
            yield Cause.invalid(
                field, value, "a valid label must be an empty string or alphanumeric"
            )


def bad_selector(selector: Json, field: str) -> Iterator[Cause]:
    for index, expression in enumerate(selector.get("matchExpressions") or ()):
        here, values = f"{field}.matchExpressions[{index}]", expression.get("values") or ()
        operator = expression.get("operator", "")
        if operator not in SELECTOR_OPERATORS:
            problem = "not a valid selector operator"
            yield Cause.invalid(f"{here}.operator", operator, problem)
        elif SELECTOR_OPERATORS[operator] and not values:
            hint = "must be specified when `operator` is 'In' or 'NotIn'"
            yield Cause.required(f"{here}.values", hint)
        elif values and not SELECTOR_OPERATORS[operator]:
            hint = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
            yield Cause.forbidden(f"{here}.values", hint)
        if not QUALIFIED_NAME.fullmatch(expression.get("key", "")):
            problem = "name part must be valid"
            yield Cause.invalid(f"{here}.key", expression.get("key", ""), problem)


def not_negative(spec: Json, *fields: str) -> Iterable[Cause]:
    return [
        Cause.invalid(f"spec.{field}", spec[field], NEGATIVE_RULE)
        for field in fields
        if spec.get(field, 0) < 0
    ]


def count_or_percent(value: Any, field: str) -> Iterator[Cause]:
    if isinstance(value, int) and not isinstance(value, bool):
        if value < 0:
            yield Cause.invalid(field, value, NEGATIVE_RULE)
    elif not (isinstance(value, str) and PERCENT.fullmatch(value)):
        yield Cause.invalid(field, value, "must be an integer or percentage (e.g '5%')")
