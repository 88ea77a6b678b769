"""Counts that may be given as a share, such as `maxSurge: 25%`."""

import math


def count_of(value: int | str, whole: int, *, round_up: bool) -> int:
    if isinstance(value, int):
        return value
    exact = int(value.removesuffix("%")) * whole / 100
    return math.ceil(exact) if round_up else math.floor(exact)
