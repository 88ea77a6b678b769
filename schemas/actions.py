"""The actions a playbook may name, with their parameters: agreed on by policy and executor.

The executor's own catalogue holds a row for each of these; a test compares the two.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class ParameterType(StrEnum):
    INT = "whole number"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Parameter:
    type: ParameterType
    purpose: str
    required: bool = False


@dataclass(frozen=True, slots=True)
class Action:
    purpose: str
    parameters: Mapping[str, Parameter]
    undoable: bool = False
    one_of: tuple[str, ...] = ()
    """Parameters of which exactly one must be given."""


RESTART = "restart"
SCALE = "scale"
ROLL_BACK = "roll_back"
ESCALATE = "escalate"
"""Not sent to the executor: hand the incident to a human. The last rung of every ladder."""

ACTIONS: Mapping[str, Action] = {
    RESTART: Action("replace every pod, as fast as the rollout strategy allows", {}),
    SCALE: Action(
        "change the number of replicas",
        {
            "replicas": Parameter(ParameterType.INT, "the number wanted"),
            "by": Parameter(ParameterType.INT, "how many more (or, negative, fewer)"),
            "max": Parameter(ParameterType.INT, "never more than this", required=True),
        },
        undoable=True,
        one_of=("replicas", "by"),
    ),
    ROLL_BACK: Action("return to the revision before this one", {}),
}
