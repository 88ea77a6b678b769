"""One value against one threshold."""

import math
from collections.abc import Mapping, Sequence

from remediators.core.parameters import number
from remediators.probes.sight import Verdict, untold


def judged(values: Sequence[float], parameters: Mapping[str, str]) -> Verdict:
    """Exactly one value counts: of none nothing can be told, of several not which was meant.
    What is not finite comes of a division by zero, or of buckets that end too early."""
    if len(values) != 1:
        return untold(f"{len(values)} series, not one")
    (value,) = values
    if not math.isfinite(value):
        return untold(f"the value is {value}")
    above, below = number(parameters.get("above", "")), number(parameters.get("below", ""))
    if above is not None:
        return Verdict(value > above, f"{value:g}, wanted above {above:g}")
    assert below is not None, "parameters that were not checked"
    return Verdict(value < below, f"{value:g}, wanted below {below:g}")
