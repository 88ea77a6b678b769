"""What a detector makes of its samples, with the evidence: shown to people and kept on the tape."""

import operator
from dataclasses import dataclass

SERIES_MAX = 60
Points = tuple[tuple[int, float], ...]
"""(at_ms, value), oldest first."""


@dataclass(frozen=True, slots=True)
class Verdict:
    holds: bool | None
    """None: inconclusive. Then a rule stands as it stood; it is never taken for clear."""
    value: float
    threshold: float
    window_ms: int
    words: str
    series: Points = ()
    """At most SERIES_MAX, for a chart."""


@dataclass(frozen=True, slots=True)
class Limit:
    """A value, and on which side of it things are wrong."""

    value: float
    above: bool = True

    def crossed_by(self, value: float) -> bool:
        return operator.gt(value, self.value) if self.above else operator.lt(value, self.value)

    def __str__(self) -> str:
        return f"{'above' if self.above else 'below'} {self.value:g}"


def with_point(points: Points, at_ms: int, value: float) -> Points:
    return (*points, (at_ms, short(value)))[-SERIES_MAX:]


def short(value: float) -> float:
    """Six digits: what a chart shows, without what makes a journal long."""
    return float(f"{value:.6g}")
