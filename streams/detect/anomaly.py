"""Anomaly: how far the last minutes are from what is usual at this time of the week or day.

The season's slots are its hours. Each keeps the medians of its last few hours, whose median is the
slot's baseline; between the middles of two hours the baseline is a line. What is usual around it is
the median of the residuals' sizes (MAD). Judged is the median of five samples, so that one or two
wild ones, as a heavy tail has them, are no anomaly. Until the season has been seen three times, all
is inconclusive.
"""

from dataclasses import dataclass
from statistics import median
from typing import ClassVar

import msgspec

from streams.detect.verdict import Points, Verdict, short, with_point
from streams.reading.nodes import spoken

HOUR_MS = 3_600_000
SLOTS = {"week": 168, "day": 24, "none": 1}
"""By season: how many hours it has. The week begins where 1970 did, on a Thursday."""
HOURS_KEPT = 5
HOURS_LEAST = 3
OF_HOUR_MAX = 60
RESIDUALS_KEPT = 120
RESIDUALS_LEAST = 30
RESIDUAL_EVERY_MS = 300_000
JUDGED = 5
NORMAL_MAD = 1.4826
"""A normal distribution's deviation, by its MAD."""


class Baseline(msgspec.Struct, frozen=True, omit_defaults=True):
    """At most 168 slots of 5 medians, 60 values of the hour under way and 120 residuals."""

    slots: tuple[tuple[float, ...], ...] = ()
    hour: int = 0
    of_hour: tuple[float, ...] = ()
    of_hour_at_ms: int = 0
    residuals: tuple[float, ...] = ()
    residual_at_ms: int = 0
    scale: float = 0.0
    points: Points = ()


@dataclass(frozen=True, slots=True)
class Anomaly:
    kind: ClassVar[str] = "anomaly"
    state: ClassVar[type[Baseline]] = Baseline
    store_every_ms: ClassVar[int | None] = HOUR_MS
    """What of an hour is lost in a restart is little of its median."""

    deviations: float
    season: str = "week"
    least: float = 0.0
    """Less than this away from what is usual is nobody's trouble, however rare."""

    def judge(
        self, seen: Baseline, at_ms: int, value: float, learn: bool
    ) -> tuple[Baseline, Verdict]:
        points = with_point(seen.points, at_ms, value)
        seen = self._next_hour(seen, at_ms, learn)
        centre = self._centre(seen, at_ms)
        recent = median([v for _, v in points[-JUDGED:]])
        verdict = self._verdict(seen, centre, recent, points)
        return self._learned(seen, at_ms, value, centre, learn, verdict.holds, points), verdict

    def _verdict(
        self, seen: Baseline, centre: float | None, recent: float, points: Points
    ) -> Verdict:
        window_ms = points[-1][0] - points[-JUDGED:][0][0]
        if centre is None or len(seen.residuals) < RESIDUALS_LEAST or len(points) < JUDGED:
            words = "not enough seen to know what is usual: inconclusive"
            return Verdict(None, recent, self.deviations, window_ms, words, points)
        away = abs(recent - centre)
        score = away / seen.scale if seen.scale else (0.0 if recent == centre else float("inf"))
        usual = "at this hour" if self.season != "none" else "in the last hours"
        words = (
            f"{recent:g} is the median of {JUDGED} samples within {spoken(window_ms)}; usual "
            f"{usual} is {centre:g} ± {seen.scale:g}: {score:.1f} deviations away, "
            f"told above {self.deviations:g}"
        )
        holds = score > self.deviations and away >= self.least
        return Verdict(holds, short(min(score, 1e9)), self.deviations, window_ms, words, points)

    def _centre(self, seen: Baseline, at_ms: int) -> float | None:
        """None where the slot has not been seen often enough."""
        if not seen.slots:
            return None
        hour, within_ms = divmod(at_ms, HOUR_MS)
        here = _middle(seen.slots[hour % len(seen.slots)])
        share = within_ms / HOUR_MS - 0.5
        beside = _middle(seen.slots[(hour + (1 if share > 0 else -1)) % len(seen.slots)])
        if here is None or beside is None:
            return here
        return here + (beside - here) * abs(share)

    def _next_hour(self, seen: Baseline, at_ms: int, learn: bool) -> Baseline:
        hour = at_ms // HOUR_MS
        if seen.hour == hour:
            return seen
        slots = seen.slots or ((),) * SLOTS[self.season]
        if seen.of_hour and learn:
            place = seen.hour % len(slots)
            medians = (*slots[place], short(median(seen.of_hour)))[-HOURS_KEPT:]
            slots = (*slots[:place], medians, *slots[place + 1 :])
        return msgspec.structs.replace(seen, slots=slots, hour=hour, of_hour=())

    def _learned(
        self,
        seen: Baseline,
        at_ms: int,
        value: float,
        centre: float | None,
        learn: bool,
        holds: bool | None,
        points: Points,
    ) -> Baseline:
        of_hour, of_hour_at_ms = seen.of_hour, seen.of_hour_at_ms
        if learn and (not of_hour or at_ms - of_hour_at_ms >= HOUR_MS // OF_HOUR_MAX):
            of_hour, of_hour_at_ms = (*of_hour, short(value))[-OF_HOUR_MAX:], at_ms
        if centre is None or not learn or holds or at_ms - seen.residual_at_ms < RESIDUAL_EVERY_MS:
            return msgspec.structs.replace(
                seen, of_hour=of_hour, of_hour_at_ms=of_hour_at_ms, points=points
            )
        residuals = (*seen.residuals, short(value - centre))[-RESIDUALS_KEPT:]
        return Baseline(
            seen.slots, seen.hour, of_hour, of_hour_at_ms, residuals, at_ms,
            scale_of(residuals), points,
        )  # fmt: skip


def scale_of(residuals: tuple[float, ...]) -> float:
    return short(NORMAL_MAD * median(map(abs, residuals)))


def _middle(medians: tuple[float, ...]) -> float | None:
    return median(medians) if len(medians) >= HOURS_LEAST else None
