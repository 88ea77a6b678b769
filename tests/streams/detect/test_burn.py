"""Burn rates and their roll-ups: what fires, what cannot be told, what is left of the budget."""

import random
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.detect.burn import BURNS, Slo, holds, judge, remaining
from streams.detect.rollup import (
    HOUR_MS,
    HOURS_KEPT,
    MINUTE_MS,
    MINUTES_KEPT,
    Reading,
    Rollup,
    add,
    span,
)
from streams.detect.slo_file import compile_slo
from tests.streams.detect.texts import SLO

CHECKOUT: Slo = compile_slo(SLO, "slo", ("service",), {})
FAST, SLOW, TICKET = BURNS


def steady(
    minutes: Iterable[int], share: float, seen: Rollup | None = None, total: float = 0.0
) -> Rollup:
    """A hundred requests a minute; `share` of them fail. Counters begin where the minutes do."""
    seen = seen or Rollup()
    bad = 0.0 if not seen.series else seen.series["a"].bad
    total = total if not seen.series else seen.series["a"].total
    for minute in minutes:
        bad, total = bad + 100 * share, total + 100
        seen = add(seen, "a", Reading(minute * MINUTE_MS, bad, total))
    return seen


def test_both_windows_must_be_above() -> None:
    burning = steady(range(60, 70), 0.2, steady(range(60), 0.0))
    assert holds(CHECKOUT, FAST, burning, 69 * MINUTE_MS) is True
    over = steady(range(70, 80), 0.0, burning)
    assert holds(CHECKOUT, FAST, over, 79 * MINUTE_MS) is False, "the hour is, the minutes are not"


def test_it_says_why() -> None:
    verdict = judge(CHECKOUT, FAST, steady(range(70), 0.02), 69 * MINUTE_MS)
    assert verdict.holds is True
    assert verdict.words.startswith(
        "2.000% of checkout's events failed within 1h and 2.000% within 5m; 1.440% spends the "
        "budget 14.4 times as fast as allowed, this does 20.0 times as fast; -1900% of the error"
    )
    assert (verdict.value, verdict.threshold) == (pytest.approx(0.02), pytest.approx(0.0144))
    assert {value for _, value in verdict.series} == {0.02}


def test_a_window_that_is_not_filled_is_inconclusive_and_never_clear() -> None:
    young = steady(range(20), 0.0001)
    assert holds(CHECKOUT, FAST, young, 19 * MINUTE_MS) is False, "its five minutes are filled"
    assert holds(CHECKOUT, TICKET, young, 19 * MINUTE_MS) is None
    assert "not watched long enough: 3d, 6h" in judge(CHECKOUT, TICKET, young, 0).words


def test_what_would_burn_even_if_all_that_is_missing_were_good_need_not_wait() -> None:
    assert holds(CHECKOUT, FAST, steady(range(8), 0.5), 7 * MINUTE_MS) is True
    assert holds(CHECKOUT, FAST, steady(range(8), 0.02), 7 * MINUTE_MS) is None


def test_a_gap_is_not_watched() -> None:
    seen = steady(range(120), 0.0)
    assert span(seen, HOUR_MS, 119 * MINUTE_MS).filled
    seen = steady(range(160, 180), 0.02, seen)
    inside = span(seen, HOUR_MS, 179 * MINUTE_MS)
    assert not inside.filled
    assert inside.total == 1_900, "what came within the gap is of no minute"


def test_a_restarted_counter_counts_from_zero() -> None:
    seen = add(Rollup(), "a", Reading(0, 50, 100))
    seen = add(seen, "a", Reading(15_000, 1, 4))
    assert (seen.minutes[-1].bad, seen.minutes[-1].total) == (1, 4)


def test_pods_are_added_up_and_one_that_is_gone_is_forgotten() -> None:
    seen = Rollup()
    for minute in range(20):
        for pod in ("a", "b") if minute < 5 else ("a",):
            seen = add(seen, pod, Reading(minute * MINUTE_MS, 0, 100.0 * minute))
    assert span(seen, HOUR_MS, 19 * MINUTE_MS).total == 1_900 + 400
    assert set(seen.series) == {"a"}


def test_the_roll_ups_are_bounded_and_agree() -> None:
    seen = steady(range(40 * 24 * 60), 0.0005)
    now_ms = (40 * 24 * 60 - 1) * MINUTE_MS
    assert len(seen.minutes) <= MINUTES_KEPT
    assert len(seen.hours) <= HOURS_KEPT
    assert span(seen, 72 * HOUR_MS, now_ms).total == pytest.approx(72 * 6_000, rel=0.02)
    left, filled = remaining(CHECKOUT, seen, now_ms)
    assert filled
    assert left == pytest.approx(0.5, abs=0.001)


READINGS = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(0, 3_600_000), st.integers(0, 100)), max_size=60
)


@given(READINGS)
def test_reading_again_changes_nothing(readings: list[tuple[str, int, int]]) -> None:
    once = again = Rollup()
    for pod, at_ms, total in readings:
        reading = Reading(at_ms, 0.0, float(total))
        once = add(once, pod, reading)
        again = add(add(again, pod, reading), pod, reading)
    assert again == once


@pytest.mark.parametrize("window_ms", [5 * MINUTE_MS, HOUR_MS, 6 * HOUR_MS, 72 * HOUR_MS])
def test_a_window_holds_what_came_since_its_first_minute_or_hour(window_ms: int) -> None:
    rng = random.Random(2)
    seen, total, rises = Rollup(), 0.0, []
    each_ms = MINUTE_MS if window_ms <= 6 * HOUR_MS else HOUR_MS
    at_ms = 0
    while at_ms < 80 * HOUR_MS:
        at_ms += rng.choice([15_000, 30_000, 45_000, 60_000])
        rise = rng.randrange(100)
        total += rise
        rises.append((at_ms, rise))
        seen = add(seen, "a", Reading(at_ms, 0.0, total))
        if rng.random() < 0.02:
            since_ms = max(0, (at_ms - window_ms) // each_ms * each_ms)
            expected = sum(r for then_ms, r in rises[1:] if then_ms > since_ms)
            assert span(seen, window_ms, at_ms).total == expected
