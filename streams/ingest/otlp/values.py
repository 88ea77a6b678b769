"""Values of attributes -> the text of a label, as Prometheus writes it."""

import base64
import json
import math
from decimal import Decimal
from typing import Any

DEPTH_MAX = 8
"""Of what is inside one another."""


class TooDeep(ValueError):
    """Deeper than any attribute that is a label."""


def text_of(value: Any) -> str:
    """Of an AnyValue. Raises TooDeep."""
    kind = value.WhichOneof("value")
    if kind == "string_value":
        return str(value.string_value)
    if kind == "double_value":
        return number_text(value.double_value)
    found = _plain(value, DEPTH_MAX)
    return found if isinstance(found, str) else _json(found) if found is not None else ""


def number_text(number: float) -> str:
    """As Go writes it: all digits that are needed, no others, and no exponent."""
    if not math.isfinite(number):
        return "NaN" if math.isnan(number) else "+Inf" if number > 0 else "-Inf"
    return format(Decimal(repr(number)), "f").removesuffix(".0")


def _plain(value: Any, depth: int) -> Any:
    if not depth:
        raise TooDeep
    kind = value.WhichOneof("value")
    match kind:
        case "string_value" | "bool_value" | "int_value":
            return getattr(value, kind)
        case "double_value":
            number = value.double_value
            return number if math.isfinite(number) else number_text(number)
        case "bytes_value":
            return base64.b64encode(value.bytes_value).decode()
        case "array_value":
            return [_plain(one, depth - 1) for one in value.array_value.values]
        case "kvlist_value":
            return {one.key: _plain(one.value, depth - 1) for one in value.kvlist_value.values}
    return None  # Nothing was said, or something that is none of our time.


def _json(found: Any) -> str:
    return json.dumps(found, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
