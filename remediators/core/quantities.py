"""Quantities, as Kubernetes writes them: read exactly, and written again in the form found.

`1536Mi`, `1.5Gi`, `500M`, `128974848`, `500m`, `1e9`: the unit, not the number of digits, is the
form. The API itself writes the largest unit that leaves a whole number.
"""

import re
from dataclasses import dataclass
from fractions import Fraction

_FORM = re.compile(r"\+?([0-9]{1,18}(?:\.[0-9]{0,18})?|\.[0-9]{1,18})(.{0,4})", re.ASCII)
_EXPONENT = re.compile(r"[eE]([+-]?[0-9]{1,2})", re.ASCII)
EXPONENT_MAX = 18
BINARY = {
    unit: Fraction(1024) ** n for n, unit in enumerate(("Ki", "Mi", "Gi", "Ti", "Pi", "Ei"), 1)
}
DECIMAL = {
    unit: Fraction(1000) ** n
    for n, unit in enumerate(("n", "u", "m", "", "k", "M", "G", "T", "P", "E"), -3)
}


@dataclass(frozen=True, slots=True)
class Quantity:
    """Never negative: nothing that this reads can be."""

    text: str
    value: Fraction
    unit: str
    """A suffix, or `e` before an exponent."""
    size: Fraction
    """Of one unit."""


def quantity(text: str) -> Quantity | None:
    """None for what is no quantity, and for one that no memory or volume has."""
    found = _FORM.fullmatch(text)
    if found is None:
        return None
    unit, size = found[2], _size(found[2])
    if size is None:
        return None
    number = Fraction(f"0{found[1]}".rstrip("."))
    return Quantity(text, number * size, "e" if _EXPONENT.fullmatch(unit) else unit, size)


def _size(suffix: str) -> Fraction | None:
    if exponent := _EXPONENT.fullmatch(suffix):
        power = int(exponent[1])
        return Fraction(10) ** power if abs(power) <= EXPONENT_MAX else None
    return BINARY.get(suffix) or DECIMAL.get(suffix)


def grown(found: Quantity, percent: int) -> Quantity:
    """More by so much, rounded up: to whole Mi or M, to bytes, or to the unit found if that is
    smaller."""
    value = found.value * (100 + percent) / 100
    step = _step(found)
    return _written(-(-value // step) * step, found.unit)


def _step(found: Quantity) -> Fraction:
    if found.unit in BINARY:
        return min(found.size, BINARY["Mi"])
    return max(Fraction(1), min(found.size, DECIMAL["M"]))


def _written(value: Fraction, unit: str) -> Quantity:
    """With the largest unit of that form that leaves a whole number."""
    if unit == "e":
        powers = (p for p in range(EXPONENT_MAX, -1, -3) if value % 10**p == 0)
        power = next(powers)
        return Quantity(f"{value / 10**power}e{power}", value, "e", Fraction(10) ** power)
    units = BINARY if unit in BINARY else {u: s for u, s in DECIMAL.items() if s >= 1}
    sizes = sorted(units.items(), key=lambda item: item[1], reverse=True)
    name, size = next((u, s) for u, s in sizes if value % s == 0)
    return Quantity(f"{value / size}{name}", value, name, size)
