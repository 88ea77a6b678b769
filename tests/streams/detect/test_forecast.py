"""Forecasts: when a limit is crossed, and when that cannot be told."""

import random

import msgspec

from streams.detect.forecast import Forecast, Trend
from streams.detect.verdict import Limit, Verdict

HOUR_MS = 3_600_000
STEP_MS = 60_000
DISK = Forecast(Limit(100.0), window_ms=6 * HOUR_MS, within_ms=24 * HOUR_MS)


def after(detector: Forecast, values: list[float]) -> tuple[Trend, Verdict]:
    seen = Trend()
    for minute, value in enumerate(values):
        seen, verdict = detector.judge(seen, minute * STEP_MS, value, True)
    return seen, verdict


def rising(per_hour: float, start: float, noise: float, hours: float = 6.5) -> list[float]:
    rng = random.Random(1)
    return [start + per_hour * n / 60 + rng.gauss(0, noise) for n in range(int(hours * 60))]


def test_it_says_in_how_many_hours_the_limit_is_crossed_and_how_sure_that_is() -> None:
    _, verdict = after(DISK, rising(per_hour=2, start=67, noise=0.3))
    assert verdict.holds is True
    assert 9.0 < verdict.value < 11.0
    assert verdict.words.startswith("above 100 in ")
    assert "between" in verdict.words
    assert verdict.threshold == 24
    assert len(verdict.series) <= 60


def test_a_limit_below_is_crossed_by_falling() -> None:
    disk = Forecast(Limit(10.0, above=False), 6 * HOUR_MS, 24 * HOUR_MS)
    _, verdict = after(disk, [100 - v for v in rising(per_hour=2, start=57, noise=0.3)])
    assert verdict.holds is True
    assert 9.0 < verdict.value < 11.0


def test_what_rises_too_slowly_or_falls_is_clear() -> None:
    assert after(DISK, rising(per_hour=0.5, start=20, noise=0.05))[1].holds is False
    assert after(DISK, rising(per_hour=-2, start=90, noise=0.3))[1].holds is False


def test_a_wide_interval_is_inconclusive() -> None:
    _, verdict = after(DISK, rising(per_hour=1, start=80, noise=8))
    assert verdict.holds is None
    assert "too wide an interval" in verdict.words


def test_a_window_that_is_not_filled_is_inconclusive() -> None:
    assert after(DISK, rising(per_hour=2, start=67, noise=0.3, hours=5))[1].holds is None


def test_a_clean_up_and_spikes_move_it_little() -> None:
    values = rising(per_hour=2, start=67, noise=0.3)
    for minute in range(60, 80):
        values[minute] = 10.0
    _, verdict = after(DISK, values)
    assert verdict.holds is True
    assert 9.0 < verdict.value < 11.0


def test_what_has_crossed_the_limit_needs_no_forecast() -> None:
    _, verdict = after(DISK, [101.0])
    assert (verdict.holds, verdict.value) == (True, 0.0)


def test_the_interval_holds_the_truth_mostly() -> None:
    """As its noise is independent, nine of ten; the words promise 95 %."""
    held = 0
    for seed in range(40):
        rng = random.Random(seed)
        values = [67 + 2 * n / 60 + rng.gauss(0, 0.5) for n in range(390)]
        seen, _ = after(DISK, values)
        assert seen.line is not None
        held += seen.line.slope_least <= 2 / 3600 <= seen.line.slope_most
    print(f"the true slope was inside the interval in {held} of 40 runs")
    assert held >= 34


def test_its_state_is_bounded_and_goes_through_a_journal() -> None:
    seen, _ = after(DISK, rising(per_hour=2, start=17, noise=0.3, hours=20))
    assert len(seen.points) <= 60
    stored = msgspec.json.encode(seen)
    assert len(stored) < 2_500
    assert msgspec.json.decode(stored, type=Trend) == seen
