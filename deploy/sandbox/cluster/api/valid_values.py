"""Rules of single values that several kinds share."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from deploy.sandbox.cluster.api.errors import Cause
from deploy.sandbox.cluster.objects import Json

QUALIFIED_NAME = re.compile(r"([a-z0-9.-]{1,253}/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?")
LABEL_VALUE = re.compile(r"([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?")
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
