"""Counters in a window: increases, resets, and samples that are read twice."""

from hypothesis import given
from hypothesis import strategies as st

from streams.detect.window import Reading, ratio


def test_the_increase_of_all_targets_is_added_up() -> None:
    seen = ratio({"a": [(0, 0, 10), (1, 5, 20)], "b": [(0, 1, 1), (1, 1, 11)]}, since_ms=0)
    assert (seen.part, seen.whole, seen.value) == (5, 20, 0.25)


def test_a_counter_that_went_back_was_restarted() -> None:
    assert ratio({"a": [(0, 50, 100), (1, 1, 4)]}, since_ms=0).whole == 4


def test_what_is_older_than_the_window_does_not_count() -> None:
    assert ratio({"a": [(0, 0, 0), (5, 0, 10), (6, 0, 11)]}, since_ms=5).whole == 1


READINGS = st.lists(
    st.tuples(st.integers(0, 50), st.floats(0, 1e6), st.floats(0, 1e6)), unique_by=lambda r: r[0]
)


@given(READINGS, st.integers(0, 50))
def test_order_and_repetition_change_nothing(readings: list[Reading], since_ms: int) -> None:
    once = ratio({"a": readings}, since_ms)
    again = ratio({"a": [*reversed(readings), *readings]}, since_ms)
    assert again == once
