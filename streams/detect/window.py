"""What the rises of counters within a window amount to.

Each scrape of a target has one reading: how much its counters have risen since the one before.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import fsum

from streams.detect.change import FILLED

Reading = tuple[int, float, float, int]
"""(at_ms, part, whole, watched_ms): what two counts rose by within `watched_ms` up to `at_ms`."""


@dataclass(frozen=True, slots=True)
class Ratio:
    part: float
    whole: float
    watched: float
    """The share of the window in which anybody was watched."""

    @property
    def value(self) -> float:
        return self.part / self.whole if self.whole else 0.0

    def is_above(self, most: float, least: float) -> bool | None:
        """A window that is not filled is above if it would be had what is missing as much in it,
        and none of it bad; it is never taken to be below."""
        if self.whole < least:
            return None
        if self.watched >= FILLED:
            return self.value > most
        return True if self.value * self.watched > most else None


def ratio(readings: Mapping[str, Iterable[Reading]], since_ms: int, until_ms: int) -> Ratio:
    """Of all targets, after `since_ms` and up to `until_ms`."""
    inside = {
        (target, reading[0]): reading
        for target, of_target in readings.items()
        for reading in of_target
        if since_ms < reading[0] <= until_ms
    }
    part = fsum(reading[1] for reading in inside.values())
    whole = fsum(reading[2] for reading in inside.values())
    watched_ms = _watched_ms(inside.values(), since_ms)
    return Ratio(part, whole, watched_ms / max(1, until_ms - since_ms))


def _watched_ms(readings: Iterable[Reading], since_ms: int) -> int:
    """Of times in which several targets were watched, each moment counts once."""
    watched_ms, until_ms = 0, since_ms
    for from_ms, at_ms in sorted((at_ms - span_ms, at_ms) for at_ms, _, _, span_ms in readings):
        watched_ms += max(0, at_ms - max(from_ms, until_ms))
        until_ms = max(until_ms, at_ms)
    return watched_ms


def increase(before: float, after: float) -> float:
    """A counter that went back was restarted from zero."""
    return after - before if after >= before else after
