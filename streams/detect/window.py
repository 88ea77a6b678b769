"""What the samples of a window amount to.

Samples are kept as the counters' values by target and time, never as sums, so a sample that is
read twice changes nothing.
"""

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

Reading = tuple[int, float, float]
"""(at_ms, part, whole): two counters of one target at one moment."""


@dataclass(frozen=True, slots=True)
class Ratio:
    part: float
    whole: float

    @property
    def value(self) -> float:
        return self.part / self.whole if self.whole else 0.0


def ratio(readings: Mapping[str, Iterable[Reading]], since_ms: int) -> Ratio:
    """The increases of all targets since `since_ms`, added up."""
    part = whole = 0.0
    for of_target in readings.values():
        inside = sorted(r for r in of_target if r[0] >= since_ms)
        for (_, part_before, whole_before), (_, part_after, whole_after) in itertools.pairwise(
            inside
        ):
            part += _increase(part_before, part_after)
            whole += _increase(whole_before, whole_after)
    return Ratio(part, whole)


def _increase(before: float, after: float) -> float:
    """A counter that went back was restarted from zero."""
    return after - before if after >= before else after
