"""Rules over single series: a detector, which series it judges, and what its alert says."""

from collections.abc import Mapping
from dataclasses import dataclass

from streams.detect.anomaly import Anomaly
from streams.detect.change import Change
from streams.detect.forecast import Forecast
from streams.detect.rollout import Freeze
from streams.detect.rule import Selector
from streams.detect.threshold import Threshold

Detector = Threshold | Change | Anomaly | Forecast


@dataclass(frozen=True, slots=True)
class Watch:
    """Each group of `by` is one series: samples of one target and moment are added up."""

    name: str
    of: Selector
    by: tuple[str, ...]
    for_ms: int
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    detector: Detector
    freeze: Freeze | None = None
    """Around a rollout nothing is learned."""


@dataclass(frozen=True, slots=True)
class Absence:
    """Fires when a series that was there has had no sample for `for_ms`."""

    name: str
    of: Selector
    by: tuple[str, ...]
    for_ms: int
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
