"""Parameters of an action that are not as the contract declares them are refused."""

from collections.abc import Mapping

from remediators.core.parameters import fault
from remediators.core.refusal import Refusal
from schemas.actions import ACTIONS
from schemas.remediation import OutcomeReason


def bad(detail: str) -> Refusal:
    return Refusal(OutcomeReason.BAD_PARAMETERS, detail)


def undeclared(action: str, parameters: Mapping[str, str]) -> Refusal | None:
    declared = ACTIONS[action]
    words = fault(action, declared.parameters, declared.one_of, parameters)
    return bad(words) if words else None
