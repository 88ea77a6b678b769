"""Parameters as the contract declares them: unknown, missing and unreadable ones are refused."""

from collections.abc import Mapping

from remediators.core.refusal import Refusal
from schemas.actions import ACTIONS, ParameterType
from schemas.remediation import OutcomeReason

DIGITS_MAX = 9
"""More than any count of replicas, and far from what would hurt a parser."""


def bad(detail: str) -> Refusal:
    return Refusal(OutcomeReason.BAD_PARAMETERS, detail)


def undeclared(action: str, parameters: Mapping[str, str]) -> Refusal | None:
    declared = ACTIONS[action].parameters
    if unknown := sorted(parameters.keys() - declared.keys()):
        return bad(f"{action} knows no {', '.join(unknown)}")
    for name, parameter in declared.items():
        if parameter.required and name not in parameters:
            return bad(f"{action} needs {name}")
        is_int = parameter.type is ParameterType.INT
        if is_int and name in parameters and whole(parameters[name]) is None:
            return bad(f"{name} is not a {parameter.type}")
    return None


def whole(text: str) -> int | None:
    """Digits with at most a minus before them; not all that Python's `int` would take."""
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= DIGITS_MAX):
        return None
    return int(text)
