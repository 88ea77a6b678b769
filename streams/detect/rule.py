"""A detection: a ratio of two counters' increases over a window, held against a threshold."""

from collections.abc import Mapping
from dataclasses import dataclass

from streams.core.matching import Matchers


@dataclass(frozen=True, slots=True)
class Selector:
    """Samples of one metric whose labels match."""

    metric: str
    matches: Matchers


@dataclass(frozen=True, slots=True)
class RatioRule:
    """Fires while `part / whole` is above the threshold for at least `for_ms`."""

    name: str
    part: Selector
    whole: Selector
    by: tuple[str, ...]
    """The labels of the target that one verdict is about; they become the alert's labels."""
    window_ms: int
    for_ms: int
    above: float
    least: float
    """The whole must have increased by this much, else nothing can be told."""
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
