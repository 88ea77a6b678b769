"""Rate of change: how fast a value has risen or fallen over a window, per second.

A gap in the samples may hide anything, so a window that is not filled is inconclusive.
"""

from dataclasses import dataclass
from typing import ClassVar

import msgspec

from streams.detect.verdict import SERIES_MAX, Limit, Points, Verdict, short
from streams.reading.nodes import spoken

FILLED = 0.9
"""The share of a window that its samples must span."""


class Seen(msgspec.Struct, frozen=True):
    points: Points = ()


@dataclass(frozen=True, slots=True)
class Change:
    kind: ClassVar[str] = "change"
    state: ClassVar[type[Seen]] = Seen
    store_every_ms: ClassVar[int | None] = None
    """After a restart the window fills again, and until then is inconclusive."""

    limit: Limit
    window_ms: int

    def judge(self, seen: Seen, at_ms: int, value: float, learn: bool) -> tuple[Seen, Verdict]:
        kept = thinned(seen.points, at_ms, value, self.window_ms)
        first_ms, first = kept[0]
        span_ms = at_ms - first_ms
        if span_ms < self.window_ms * FILLED:
            words = f"samples of {spoken(span_ms)} of {spoken(self.window_ms)}: inconclusive"
            return Seen(kept), self._verdict(None, 0.0, words, kept)
        rate = (value - first) * 1000 / span_ms
        words = (
            f"{first:g} to {value:g} within {spoken(span_ms)}: {rate:g} a second, "
            f"to be told when {self.limit}"
        )
        return Seen(kept), self._verdict(self.limit.crossed_by(rate), rate, words, kept)

    def _verdict(self, holds: bool | None, rate: float, words: str, points: Points) -> Verdict:
        return Verdict(holds, rate, self.limit.value, self.window_ms, words, points)


def thinned(points: Points, at_ms: int, value: float, window_ms: int) -> Points:
    """What is inside the window, evenly spaced and bounded; the newest sample is always the last.
    It stays when the next one comes, if it is far enough from the one before it."""
    since_ms, apart_ms = at_ms - window_ms, window_ms // (SERIES_MAX - 2)
    start = 0
    while start < len(points) and points[start][0] < since_ms:
        start += 1
    inside = points[start:]
    if len(inside) >= 2 and inside[-1][0] - inside[-2][0] < apart_ms:
        inside = inside[:-1]
    return (*inside, (at_ms, short(value)))[-SERIES_MAX:]
