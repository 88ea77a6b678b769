"""Forecast: when a value will cross its limit if it goes on as it does (Theil and Sen's line).

The slope is the median of the slopes between all pairs of points, so that a spike or a clean-up
moves it little. Its interval is Kendall's, which takes the points for independent; where they are
not it is too narrow, and that is one reason to ask for a narrow one.
"""

from dataclasses import dataclass
from math import inf, isfinite, sqrt
from statistics import median
from typing import ClassVar

import msgspec

from streams.detect.change import FILLED, thinned
from streams.detect.verdict import Limit, Points, Verdict, short
from streams.reading.nodes import spoken

SURE = 1.96
"""Deviations: 95 % of a normal distribution."""
MINUTE_MS = 60_000
NEVER_MS = 10 * 366 * 24 * 60 * MINUTE_MS


class Line(msgspec.Struct, frozen=True, array_like=True):
    """Through the points up to `at_ms`; slopes per second."""

    at_ms: int
    level: float
    slope: float
    slope_least: float
    slope_most: float


class Trend(msgspec.Struct, frozen=True):
    points: Points = ()
    line: Line | None = None
    """Drawn anew only when a point has been kept, which is 60 times in a window."""


@dataclass(frozen=True, slots=True)
class Forecast:
    kind: ClassVar[str] = "forecast"
    state: ClassVar[type[Trend]] = Trend
    store_every_ms: ClassVar[int | None] = 5 * MINUTE_MS

    limit: Limit
    window_ms: int
    within_ms: int
    """Told when the limit is crossed sooner."""
    narrow: float = 0.5
    """The interval is narrow when it is at most this share of the expected time."""

    def judge(self, seen: Trend, at_ms: int, value: float, learn: bool) -> tuple[Trend, Verdict]:
        points = thinned(seen.points, at_ms, value, self.window_ms)
        span_ms = at_ms - points[0][0]
        if self.limit.crossed_by(value):
            return Trend(points), self._verdict(True, 0.0, f"{value:g} is {self.limit}", points)
        if span_ms < self.window_ms * FILLED or len(points) < 10:
            words = f"samples of {spoken(span_ms)} of {spoken(self.window_ms)}: inconclusive"
            return Trend(points), self._verdict(None, 0.0, words, points)
        line = seen.line
        if line is None or len(points) != len(seen.points) or points[0] != seen.points[0]:
            line = line_through(points)
        return Trend(points, line), self._judged(line, points)

    def _judged(self, line: Line, points: Points) -> Verdict:
        away = self.limit.value - line.level
        expected_ms, least_ms, most_ms = _crossings_ms(line, away)
        if least_ms > self.within_ms:
            words = f"not {self.limit} within {spoken(self.within_ms)}, at this pace"
            return self._verdict(False, _hours(expected_ms), words, points)
        words = (
            f"{self.limit} in {_hours(expected_ms):.1f} h, at this pace "
            f"(between {_hours(least_ms):.1f} and {_hours(most_ms):.1f} h)"
        )
        if most_ms - least_ms > self.narrow * expected_ms:
            words += ": too wide an interval to tell, inconclusive"
            return self._verdict(None, _hours(expected_ms), words, points)
        return self._verdict(expected_ms <= self.within_ms, _hours(expected_ms), words, points)

    def _verdict(self, holds: bool | None, hours: float, words: str, points: Points) -> Verdict:
        """Its value is hours, and so is its threshold."""
        within = short(_hours(self.within_ms))
        return Verdict(holds, short(hours), within, self.window_ms, words, points)


def line_through(points: Points) -> Line:
    slopes = sorted(
        (later - value) * 1000 / (later_ms - at_ms)
        for place, (at_ms, value) in enumerate(points)
        for later_ms, later in points[place + 1 :]
    )
    slope = median(slopes)
    n, pairs = len(points), len(slopes)
    apart = SURE * sqrt(n * (n - 1) * (2 * n + 5) / 18)
    least = slopes[max(0, int((pairs - apart) / 2))]
    most = slopes[min(pairs - 1, int((pairs + apart) / 2) + 1)]
    at_ms = points[-1][0]
    level = median(value + slope * (at_ms - then_ms) / 1000 for then_ms, value in points)
    return Line(at_ms, short(level), short(slope), short(least), short(most))


def _crossings_ms(line: Line, away: float) -> tuple[float, float, float]:
    """Expected, least and most."""
    found = sorted(_until_ms(away, slope) for slope in (line.slope_least, line.slope_most))
    return _until_ms(away, line.slope), found[0], found[1]


def _until_ms(away: float, slope: float) -> float:
    """Infinite where it goes the other way, or stands."""
    found = away * 1000 / slope if slope else inf
    return max(0.0, found) if away * slope > 0 else inf if away else 0.0


def _hours(span_ms: float) -> float:
    return min(span_ms, NEVER_MS) / 3_600_000 if isfinite(span_ms) else NEVER_MS / 3_600_000
