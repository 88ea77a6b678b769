"""Threshold, rate of change and `for`: what they make of a timeline of samples."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.detect.change import Change, thinned
from streams.detect.rollout import NONE, Freeze, noticed
from streams.detect.rule import Selector
from streams.detect.standing import CLEAR, Standing, stand
from streams.detect.threshold import Threshold
from streams.detect.verdict import Limit, Points, Verdict


def judged(detector: Threshold | Change, timeline: dict[int, float]) -> Verdict:
    seen = detector.state()
    for at_s, value in timeline.items():
        seen, verdict = detector.judge(seen, at_s * 1000, value, True)
    return verdict


@pytest.mark.parametrize(
    ("limit", "value", "holds"),
    [
        (Limit(10), 10, False),
        (Limit(10), 10.1, True),
        (Limit(10, above=False), 10, False),
        (Limit(10, above=False), 9.9, True),
    ],
)
def test_a_limit_is_crossed_beyond_it(limit: Limit, value: float, holds: bool) -> None:
    verdict = judged(Threshold(limit), {0: value})
    assert verdict.holds is holds
    assert verdict.words == f"{value:g}, to be told when {limit}"


def test_the_evidence_is_the_last_sixty_samples() -> None:
    verdict = judged(Threshold(Limit(10)), {n: float(n) for n in range(100)})
    assert [value for _, value in verdict.series] == [float(n) for n in range(40, 100)]


def times(*moments: tuple[int, bool | None], for_s: int) -> list[int | None]:
    """Since when it fires, after each moment."""
    standing, found = CLEAR, []
    for at_s, holds in moments:
        standing = stand(standing, holds, at_s * 1000, for_s * 1000)
        since_ms = standing.firing_since_ms
        found.append(None if since_ms is None else since_ms // 1000)
    return found


def test_what_holds_fires_after_for() -> None:
    assert times((0, True), (30, True), (60, True), (90, False), for_s=60) == [None, None, 60, None]


def test_what_ceases_in_between_waits_anew() -> None:
    moments = (0, True), (30, False), (60, True), (90, True), (120, True)
    assert times(*moments, for_s=60) == [None, None, None, None, 120]


def test_what_is_inconclusive_neither_clears_nor_counts_as_time() -> None:
    assert times((0, True), (60, True), (90, None), (120, False), for_s=60) == [None, 60, 60, None]
    assert times((0, True), (30, None), (60, True), for_s=60) == [None, None, None]


def test_it_never_begins_twice_at_one_time() -> None:
    first = stand(CLEAR, True, 1_000, 0)
    again = stand(stand(first, False, 1_000, 0), True, 1_000, 0)
    assert (first.firing_since_ms, again.firing_since_ms) == (1_000, 1_001)


@given(st.lists(st.tuples(st.integers(0, 50), st.sampled_from([True, False, None]))))
def test_only_a_conclusive_no_ends_what_fires(moments: list[tuple[int, bool | None]]) -> None:
    standing = Standing()
    for at_ms, holds in moments:
        before, standing = standing, stand(standing, holds, at_ms, 10)
        if before.firing_since_ms is not None and holds is not False:
            assert standing.firing_since_ms == before.firing_since_ms
        if holds is False:
            assert standing.firing_since_ms is None


RISE = Change(Limit(1.0), window_ms=600_000)


def test_a_rise_faster_than_the_limit_is_told() -> None:
    verdict = judged(RISE, {n: 2.0 * n for n in range(0, 901, 15)})
    assert verdict.holds is True
    assert verdict.value == pytest.approx(2.0)
    assert verdict.words == "600 to 1800 within 10m: 2 a second, to be told when above 1"


def test_a_slower_one_is_not() -> None:
    assert judged(RISE, {n: 0.5 * n for n in range(0, 901, 15)}).holds is False


def test_a_window_that_is_not_filled_is_inconclusive() -> None:
    verdict = judged(RISE, {n: 2.0 * n for n in range(0, 500, 15)})
    assert verdict.holds is None
    assert verdict.words.endswith("of 10m: inconclusive")


def test_after_a_gap_the_window_fills_again() -> None:
    timeline = {n: 2.0 * n for n in range(0, 901, 15)} | dict.fromkeys(range(3600, 3800, 15), 0.0)
    assert judged(RISE, timeline).holds is None


STEPS = st.lists(st.integers(1, 40_000), min_size=1, max_size=300)


@given(STEPS)
def test_thinned_points_are_few_in_order_inside_the_window_and_end_with_the_newest(
    steps: list[int],
) -> None:
    points: Points = ()
    at_ms = 0
    for step in steps:
        at_ms += step
        points = thinned(points, at_ms, float(at_ms), 600_000)
        assert len(points) <= 60
        assert list(points) == sorted(set(points))
        assert points[-1][0] == at_ms
        assert points[0][0] >= at_ms - 600_000


def test_steady_samples_fill_the_window_however_dense_they_are() -> None:
    for every_ms in (1_000, 7_000, 15_000, 60_000):
        points: Points = ()
        for at_ms in range(0, 3_600_000, every_ms):
            points = thinned(points, at_ms, 1.0, 600_000)
            if at_ms >= 600_000:
                assert at_ms - points[0][0] >= 540_000


def test_a_rollout_is_a_change_of_what_was_known() -> None:
    freeze = Freeze(Selector("generation", lambda _: True), 60_000)
    first = noticed(NONE, freeze, 1_000, 7.0)
    assert first.frozen_until_ms == 0
    assert noticed(first, freeze, 2_000, 7.0) is first
    assert noticed(first, freeze, 3_000, 8.0).frozen_until_ms == 63_000
