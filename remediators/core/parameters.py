"""Parameters as the contract declares them: what is unknown, missing or unreadable is a fault."""

import json
import re
from collections.abc import Callable, Mapping

from schemas.parameters import LINE_FORM, NUMBER_FORM, QUANTITY_FORM, Parameter, ParameterType
from schemas.probes import PROBE_TIMEOUT_MS_MAX

DIGITS_MAX = 9
"""More than any count of replicas, and far from what would hurt a parser."""
TEXT_CHARS_MAX = 8_192
LABELS_MAX = 64


def fault(
    who: str,
    declared: Mapping[str, Parameter],
    one_of: tuple[str, ...],
    given: Mapping[str, str],
) -> str:
    """The first there is, in words; empty where there is none."""
    if unknown := sorted(given.keys() - declared.keys()):
        return f"{who} knows no {', '.join(unknown)}"
    for name, parameter in declared.items():
        if parameter.required and name not in given:
            return f"{who} needs {name}"
        if name in given and _READERS[parameter.type](given[name]) is None:
            return f"{name} is not a {parameter.type}"
    if one_of and len(given.keys() & set(one_of)) != 1:
        return f"{who} needs exactly one of {' and '.join(one_of)}"
    return ""


def whole(text: str) -> int | None:
    """Digits with at most a minus before them; not all that Python's `int` would take."""
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= DIGITS_MAX):
        return None
    return int(text)


def number(text: str) -> float | None:
    return float(text) if re.fullmatch(NUMBER_FORM, text) else None


def line(text: str) -> str | None:
    return text if re.fullmatch(LINE_FORM, text) else None


def duration_ms(text: str) -> int | None:
    value = whole(text)
    return value if value is not None and 0 < value <= PROBE_TIMEOUT_MS_MAX else None


def labels(text: str) -> dict[str, str] | None:
    try:
        found = json.loads(text) if len(text) <= TEXT_CHARS_MAX else None
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or len(found) > LABELS_MAX:
        return None
    return found if all(isinstance(value, str) for value in found.values()) else None


def _text(text: str) -> str | None:
    return text if text and len(text) <= TEXT_CHARS_MAX else None


def _url(text: str) -> str | None:
    return _text(text) if text.startswith(("http://", "https://")) else None


_READERS: Mapping[ParameterType, Callable[[str], object]] = {
    ParameterType.INT: whole,
    ParameterType.NUMBER: number,
    ParameterType.TEXT: _text,
    ParameterType.LINE: line,
    ParameterType.QUANTITY: lambda text: re.fullmatch(QUANTITY_FORM, text),
    ParameterType.URL: _url,
    ParameterType.DURATION: duration_ms,
    ParameterType.LABELS: labels,
}
