"""Rises in a window: what is inside, how much of it was watched, and what can be told of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.detect.window import Ratio, Reading, increase, ratio


def test_the_rises_of_all_targets_are_added_up() -> None:
    readings: dict[str, list[Reading]] = {
        "a": [(10, 4, 10, 10), (20, 1, 10, 10)], "b": [(20, 0, 5, 10)],
    }  # fmt: skip
    seen = ratio(readings, since_ms=0, until_ms=20)
    assert (seen.part, seen.whole, seen.value, seen.watched) == (5, 25, 0.2, 1.0)


def test_a_counter_that_went_back_was_restarted() -> None:
    assert increase(100, 4) == 4


def test_what_is_not_in_the_window_does_not_count() -> None:
    readings: dict[str, list[Reading]] = {"a": [(5, 0, 9, 5), (6, 0, 1, 1), (9, 0, 9, 3)]}
    assert ratio(readings, since_ms=5, until_ms=8).whole == 1


def test_a_moment_in_which_two_were_watched_counts_once() -> None:
    readings: dict[str, list[Reading]] = {"a": [(60, 0, 1, 20)], "b": [(70, 0, 1, 20)]}
    assert ratio(readings, since_ms=0, until_ms=100).watched == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("seen", "is_above"),
    [
        (Ratio(1, 10, 1.0), False),
        (Ratio(2, 10, 1.0), True),
        (Ratio(2, 4, 1.0), None),
        (Ratio(1, 10, 0.89), None),
        (Ratio(2, 10, 0.6), True),
        (Ratio(2, 10, 0.5), None),
    ],
)
def test_what_can_be_told_of_more_than_a_tenth_of_at_least_five(
    seen: Ratio, is_above: bool | None
) -> None:
    assert seen.is_above(0.1, 5) is is_above


READINGS = st.lists(
    st.tuples(
        st.integers(0, 50), st.floats(0, 1e6), st.floats(0, 1e6), st.integers(1, 20)
    ),
    unique_by=lambda r: r[0],
)  # fmt: skip


@given(READINGS, st.integers(0, 50))
def test_order_and_repetition_change_nothing(readings: list[Reading], since_ms: int) -> None:
    once = ratio({"a": readings}, since_ms, 50)
    again = ratio({"a": [*reversed(readings), *readings]}, since_ms, 50)
    assert again == once
    assert 0 <= once.watched <= 1
