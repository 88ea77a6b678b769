"""What a condition may ask for, and of what kind it is."""

from collections.abc import Mapping
from enum import StrEnum


class Kind(StrEnum):
    BOOL = "true or false"
    NUMBER = "a number"
    TEXT = "text"
    TEXTS = "a list of texts"
    NUMBERS = "a list of numbers"
    LABELS = "labels"
    MEASURED = "measurements"


VARIABLES: Mapping[str, Kind] = {
    "severity": Kind.TEXT,
    "service": Kind.TEXT,
    "criticality": Kind.TEXT,
    "count": Kind.NUMBER,
    "age_s": Kind.NUMBER,
    "attempts": Kind.NUMBER,
    "step": Kind.NUMBER,
    "change_related": Kind.BOOL,
    "labels": Kind.LABELS,
    "measured": Kind.MEASURED,
}
OF_MAP = {Kind.LABELS: Kind.TEXT, Kind.MEASURED: Kind.NUMBER}
OF_LIST = {Kind.TEXTS: Kind.TEXT, Kind.NUMBERS: Kind.NUMBER}
TEXT_TESTS = ("contains", "startsWith", "endsWith")
FUNCTIONS = ("has", "size", *TEXT_TESTS)
