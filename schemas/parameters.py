"""What a parameter of an action or of a probe may be. In a command every value is text."""

from dataclasses import dataclass
from enum import StrEnum

LINE_FORM = "[!-~]([ -~]{0,126}[!-~])?"
"""ASCII, without a space at either end."""
QUANTITY_FORM = r"[0-9]{1,15}(\.[0-9]{1,9})?([KMGTPE]i|[kMGTPE]|[eE][0-9]{1,2})?"
"""More than nothing is meant by it, and nothing below one: of memory, or of a volume."""
NUMBER_FORM = r"-?[0-9]{1,15}(\.[0-9]{1,15})?"
"""A threshold in full: no exponent, no infinity, nothing that is not a number."""


class ParameterType(StrEnum):
    """What a value is."""

    INT = "whole number"
    NUMBER = "number"
    """As `NUMBER_FORM` has it."""
    TEXT = "text"
    LINE = "line of at most 128 printable characters"
    """As `LINE_FORM` has it."""
    QUANTITY = "quantity, such as 2Gi"
    """As `QUANTITY_FORM` has it, and Kubernetes reads it."""
    URL = "http or https address"
    DURATION = "duration"
    """In a command whole milliseconds."""
    LABELS = "labels"
    """In a command a JSON object of text to text."""


@dataclass(frozen=True, slots=True)
class Parameter:
    type: ParameterType
    purpose: str
    required: bool = False
