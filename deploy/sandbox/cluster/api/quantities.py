"""Quantities such as `500m` and `1Gi`: what they are worth, and the one way to write them."""

import re
from decimal import Decimal

FORM = re.compile(r"([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)")
PROBLEM = (
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
)
BINARY = {
    suffix: 1024**power for power, suffix in enumerate(("Ki", "Mi", "Gi", "Ti", "Pi", "Ei"), 1)
}
DECIMAL = {
    suffix: Decimal(1000) ** power
    for power, suffix in enumerate(("n", "u", "m", "", "k", "M", "G", "T", "P", "E"), -3)
}


class BadQuantity(ValueError):
    """A text that is no quantity."""


def value_of(text: str) -> Decimal:
    number, suffix = _parts(text)
    if suffix in BINARY:
        return number * BINARY[suffix]
    return number * DECIMAL.get(suffix, Decimal(1))


def canonical(text: str) -> str:
    """With the largest suffix that leaves a whole number; binary stays binary, if it is whole."""
    suffix, value = _parts(text)[1], value_of(text)
    if suffix not in BINARY and suffix not in DECIMAL:
        return text  # with an exponent
    binary = suffix in BINARY and abs(value) >= 1024 and value % 1 == 0
    units = {"": 1, **BINARY} if binary else DECIMAL
    for unit, size in reversed(units.items()):
        if value % size == 0 and value:
            return f"{int(value / size)}{unit}"
    return "0"


def _parts(text: str) -> tuple[Decimal, str]:
    found = FORM.fullmatch(text)
    if found is None or found[1].count(".") > 1 or not found[1].strip("+-."):
        raise BadQuantity(PROBLEM)
    number, suffix = found[1], found[2]
    if suffix[:1] in ("e", "E") and suffix[1:].lstrip("+-").isdecimal():
        return Decimal(number + suffix), suffix
    if suffix not in BINARY and suffix not in DECIMAL:
        raise BadQuantity(PROBLEM)
    return Decimal(number), suffix
