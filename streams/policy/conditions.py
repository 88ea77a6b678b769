"""`when`: conditions over an incident, in a part of CEL; see docs/decisions/0016-conditions.md.

`compile_condition` is the only door to the library.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

import cel
from yaml.nodes import Node

from streams.core.playbook import Condition, ConditionFailed
from streams.policy import condition_text
from streams.policy.condition_kinds import OF_MAP, VARIABLES, Kind
from streams.policy.condition_text import NONZERO, Checked
from streams.reading.nodes import Reading
from streams.reading.shapes import Shape, Unreadable

ENTRIES_MAX = 1_000
"""Labels, or measurements, of one incident."""
VALUE_CHARS_MAX = 8_192
WHY_CHARS_MAX = 200


def compile_condition(text: str) -> Condition:
    """Raises ValueError with what is wrong."""
    checked = condition_text.check(text)
    program = _guarded(lambda: cel.compile(checked.cel), ValueError)

    def holds(facts: Mapping[str, object]) -> bool:
        given = {name: _fed(name, facts) for name in checked.variables}
        answer = _guarded(lambda: _run(program, given, checked), _failed(checked, given))
        if not isinstance(answer, bool):
            raise ConditionFailed(f"{text}: neither true nor false")
        return answer

    return Condition(text, holds)


def constant(condition: Condition) -> bool | None:
    """What a condition that asks for nothing comes to; None for every other."""
    if condition_text.check(condition.text).variables:
        return None
    try:
        return condition.holds({})
    except ConditionFailed:
        return False


def _run(program: Any, given: dict[str, object], checked: Checked) -> object:
    if not checked.divides:
        return program.execute(given)
    return program.execute(cel.Context(variables=given, functions={NONZERO: _nonzero}))


def _nonzero(divisor: float) -> float | None:
    """Nothing can be divided by None. An exception from here would be printed by the library."""
    return divisor or None


def _guarded(call: Callable[[], Any], failed: Callable[[str], Exception]) -> Any:
    """A panic of the library's Rust is no `Exception`, and must not end the core either."""
    try:
        return call()
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as fault:
        why = f"{type(fault).__name__}: {fault}"
    raise failed(why[:WHY_CHARS_MAX])


def _failed(checked: Checked, given: Mapping[str, Any]) -> Callable[[str], ConditionFailed]:
    def failed(why: str) -> ConditionFailed:
        if why.startswith("KeyError"):
            gone = [f"{of}[{key!r}]" for of, key in sorted(checked.keys) if key not in given[of]]
            return ConditionFailed(f"{' and '.join(gone)} is not there")
        if "/ null" in why:
            return ConditionFailed("division by zero")
        return ConditionFailed(why)

    return failed


# What is fed to the library: doubles, and nothing that is out of bounds.


def _fed(name: str, facts: Mapping[str, object]) -> object:
    if name not in facts:
        raise ConditionFailed(f"{name} is not known")
    value, kind = facts[name], VARIABLES[name]
    if kind not in OF_MAP:
        return _value(name, value, kind)
    assert isinstance(value, Mapping)
    if len(value) > ENTRIES_MAX:
        raise ConditionFailed(f"{name}: more than {ENTRIES_MAX}")
    return {key: _value(f"{name}[{key!r}]", value[key], OF_MAP[kind]) for key in value}


def _value(name: str, value: object, kind: Kind) -> object:
    if kind is Kind.NUMBER and isinstance(value, int | float) and not isinstance(value, bool):
        if not math.isfinite(value):
            raise ConditionFailed(f"{name} is not a number: {value}")
        return float(value)
    if kind is Kind.BOOL and isinstance(value, bool):
        return value
    if kind is Kind.TEXT and isinstance(value, str):
        if len(value) > VALUE_CHARS_MAX:
            raise ConditionFailed(f"{name} has more than {VALUE_CHARS_MAX} characters")
        return value
    raise ConditionFailed(f"{name} must be {kind}")


# From files.


def _read(reading: Reading, node: Node) -> Condition:
    text = reading.text(node)
    try:
        return compile_condition(text)
    except ValueError as fault:
        reading.fault(node, f"not a condition: {fault}")
        raise Unreadable from None


CONDITION: Shape[Condition] = Shape(_read, {"type": "string", "minLength": 1})
