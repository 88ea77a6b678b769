"""What an expression works out, in bounded work.

A mapping is text from outside, and what is sent is too. The work is counted, not timed: the same
expression over the same body is given up at the same place on every machine and at every replay.
What an operation goes through is counted before it does.
"""

import json
import math
from typing import Any

from jmespath import functions
from jmespath.exceptions import JMESPathTypeError
from jmespath.visitor import Options, TreeInterpreter

from streams.ingest.formats.expression import Expression
from streams.ingest.formats.parsed import BadField, FaultReason

STEPS_MAX = 100_000
"""Of all expressions over one delivery. A step is a visit to a part of an expression, a value that
an operation goes through, or 16 characters of a text."""
EXACT_BELOW = 1 << 53
"""A whole number below it is exact, however it was written."""


def whole(number: float) -> float | int:
    """1.0 is 1, in all that is made of it."""
    return int(number) if number.is_integer() and abs(number) < EXACT_BELOW else number


def plain_text(value: object) -> str | None:
    """The one way in which values become text: true, false, and numbers in decimal, whole ones
    without a point. None for what has no text: null, lists and objects."""
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float():
            return str(whole(value))
    return None


class TooManySteps(BadField):
    """The delivery as a whole is given up."""

    def __init__(self) -> None:
        why = "the mapping takes too many steps over it; send less at once"
        super().__init__("", why, FaultReason.OVER_LIMIT)


class Evaluation(TreeInterpreter):
    """Of all expressions over one delivery: they share its steps."""

    def __init__(self, steps: int = STEPS_MAX) -> None:
        super().__init__(Options(custom_functions=Functions()))
        self.steps_left = steps

    def of(self, asked: Expression, value: Any, field: str) -> Any:
        """Raises BadField."""
        try:
            return self.visit(asked.tree, value)
        except JMESPathTypeError as error:
            needed = " or ".join(error.expected_types)
            found = functions.TYPES_MAP.get(error.actual_type, error.actual_type)
            why = f"{error.function_name}() needs {needed}, not {found}"
            raise BadField(field, why) from None

    def go_through(self, value: Any) -> int:
        """Counts all that is in it. What it holds twice counts twice: it is gone through twice."""
        size, left = 0, [value]
        while left:
            found = left.pop()
            size += 1
            if isinstance(found, str):
                size += len(found) >> 4
            elif isinstance(found, list):
                left += found
            elif isinstance(found, dict):
                size += sum(1 + (len(name) >> 4) for name in found)
                left += found.values()
            if size + len(left) > self.steps_left:
                break
        self.spend(size + len(left))
        return size

    def spend(self, steps: int) -> None:
        self.steps_left -= steps
        if self.steps_left < 0:
            raise TooManySteps

    def visit(self, node: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        self.spend(1)
        return super().visit(node, *args, **kwargs)

    def visit_slice(self, node: dict[str, Any], value: Any) -> Any:
        if isinstance(value, list):
            self.spend(len(value))
        return super().visit_slice(node, value)

    def visit_flatten(self, node: dict[str, Any], value: Any) -> Any:
        base = self.visit(node["children"][0], value)
        if isinstance(base, list):
            self.spend(len(base) + sum(len(item) for item in base if isinstance(item, list)))
        return super().visit_flatten({"children": [_known(base)]}, None)

    def visit_comparator(self, node: dict[str, Any], value: Any) -> Any:
        left, right = (self.visit(side, value) for side in node["children"])
        if node["value"] not in self._EQUALITY_OPS and isinstance(left, str) != isinstance(
            right, str
        ):
            return None  # As JMESPath has it of what has no order; its library raises.
        self.go_through(left)
        self.go_through(right)
        return super().visit_comparator({**node, "children": [_known(left), _known(right)]}, None)

    def visit_function_expression(self, node: dict[str, Any], value: Any) -> Any:
        name, given = node["value"], [self.visit(child, value) for child in node["children"]]
        size = sum(map(self.go_through, given))
        if name == "sort":
            self.spend(size * size.bit_length())
        if name == "join" and isinstance(given[0], str) and isinstance(given[1], list):
            self.spend(len(given[0]) * len(given[1]) >> 4)
        return self._functions.call_function(name, given)


def _known(value: Any) -> dict[str, Any]:
    return {"type": "literal", "value": value, "children": []}


class Functions(functions.Functions):
    """JMESPath's; texts are made in our way, and none raises what is not JMESPath's."""

    @functions.signature({"types": []})
    def _func_to_string(self, value: Any) -> str:
        text = plain_text(value)
        if text is None:
            return json.dumps(value, separators=(",", ":"), ensure_ascii=False, sort_keys=True)
        return text

    @functions.signature({"types": []})
    def _func_to_number(self, value: Any) -> float | int | None:
        """Null for NaN and infinity, too, as for every text that is no number."""
        number = super()._func_to_number(value)
        if isinstance(number, float):
            return whole(number) if math.isfinite(number) else None
        return number

    @functions.signature({"types": ["array", "string"]}, {"types": []})
    def _func_contains(self, subject: Any, search: Any) -> bool:
        return (isinstance(search, str) or isinstance(subject, list)) and search in subject
