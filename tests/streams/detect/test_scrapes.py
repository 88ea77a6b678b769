"""Scrapes from pieces: which are whole, when, and what is in them."""

import random

from hypothesis import given
from hypothesis import strategies as st

from streams.detect.scrapes import NOTHING, PENDING_MAX, Scrape, add

Piece = tuple[int, dict[str, float | None]]
START_MS = 1_000_000


def whole(*pieces: Piece) -> list[Scrape]:
    held, found = NOTHING, []
    for at_s, piece in pieces:
        held, scrapes = add(held, START_MS + at_s * 1000, piece)
        found += scrapes
    return found


def sums(*pieces: Piece) -> dict[int, float]:
    """By second; of a target's first scrape, everything."""
    return {
        (scrape.at_ms - START_MS) // 1000: sum([now for _, _, now in scrape.series.values()])
        if scrape.series
        else sum(scrape.born.values())
        for scrape in whole(*pieces)
    }


def test_a_scrape_is_whole_with_every_series_of_the_one_before() -> None:
    pieces: list[Piece] = [(0, {"a": 1, "b": 2}), (15, {"b": 3}), (15, {"a": 4})]
    assert sums(*pieces[:2]) == {0: 3}
    assert sums(*pieces) == {0: 3, 15: 7}
    assert whole(*pieces)[-1].series == {"a": (START_MS, 1, 4), "b": (START_MS, 2, 3)}


def test_the_first_scrape_is_whole_when_the_next_begins() -> None:
    assert sums((0, {"a": 1})) == {}
    assert sums((0, {"a": 1}), (0, {"b": 2}), (15, {"a": 1})) == {0: 3}


def test_a_series_that_is_born_counts_from_its_second_sample_on() -> None:
    later: list[Piece] = [(30, {"a": 1, "b": 7})]
    together: list[Piece] = [(0, {"a": 1}), (15, {"a": 1, "b": 5}), *later]
    apart: list[Piece] = [(0, {"a": 1}), (15, {"a": 1}), (15, {"b": 5}), *later]
    assert sums(*together) == sums(*apart) == {0: 1, 15: 1, 30: 8}


def test_a_queue_that_is_behind_is_waited_for() -> None:
    ahead: list[Piece] = [(0, {"a": 1, "b": 1}), (15, {"a": 2}), (30, {"a": 3})]
    assert sums(*ahead) == {0: 2}
    assert sums(*ahead, (15, {"b": 20}), (30, {"b": 30})) == {0: 2, 15: 22, 30: 33}


def test_a_series_that_misses_one_scrape_goes_on() -> None:
    pieces: list[Piece] = [(0, {"a": 1, "b": 1}), (15, {"a": 2}), (30, {"a": 3, "b": 3})]
    assert sums(*pieces) == {0: 2}
    assert sums(*pieces, (45, {"a": 4, "b": 4})) == {0: 2, 15: 2, 30: 6, 45: 8}


def test_a_series_that_ended_is_waited_for_until_another_scrape_is_over_without_it() -> None:
    one: Piece = (0, {"a": 1, "b": 1})
    assert sums(one, (15, {"a": 2}), (30, {"a": 3})) == {0: 2}
    assert sums(one, *[(15 * n, {"a": 2}) for n in (1, 2, 3)]) == {0: 2, 15: 2, 30: 2, 45: 2}
    fast: list[Piece] = [(n, {"a": 2}) for n in range(1, 7)]
    assert sums(one, *fast) == {0: 2}
    assert set(sums(one, *fast, (7, {"a": 2}))) == set(range(8))


def test_who_sends_often_is_not_waited_for_without_end() -> None:
    held, _ = add(NOTHING, 1, {"a": 1, "b": 1})
    for at_ms in range(2, 200):
        held, _ = add(held, at_ms, {"a": at_ms})
        assert len(held.pending) <= PENDING_MAX + 2


def test_what_comes_again_or_late_gives_nothing() -> None:
    pieces: list[Piece] = [(n, {"a": n, "b": n}) for n in (0, 15, 30)]
    assert whole(*pieces, *pieces) == whole(*pieces)
    assert whole(*pieces, (10, {"a": 5}), (-60_000_000_000, {"c": 1})) == whole(*pieces)


def test_without_a_value_a_scrape_is_not_judged_and_the_next_goes_on_without_that_series() -> None:
    pieces: list[Piece] = [(0, {"a": 1, "b": 1}), (15, {"a": 2, "b": None}), (30, {"a": 4, "b": 9})]
    first, third = whole(*pieces)
    assert (first.at_ms, third.at_ms) == (START_MS, START_MS + 30_000)
    assert third.series == {"a": (START_MS, 1, 4)}
    assert third.born == {"b": 9}
    assert whole((0, {"a": 1, "b": None}), (15, {"a": 2}))[0].at_ms > START_MS


NAMES = "abcd"


@given(
    st.lists(st.dictionaries(st.sampled_from(NAMES), st.floats(0, 9), min_size=1), min_size=2),
    st.randoms(use_true_random=False),
)
def test_wherever_scrapes_are_cut_the_same_are_whole(
    scrapes: list[dict[str, float]], rng: random.Random
) -> None:
    once: list[Piece] = [(15 * n, dict(scrape)) for n, scrape in enumerate(scrapes)]
    cut: list[Piece] = []
    for at_s, scrape in once:
        names = list(scrape)
        rng.shuffle(names)
        middle = rng.randrange(len(names) + 1)
        cut += [(at_s, {n: scrape[n] for n in part}) for part in (names[:middle], names[middle:])]
    found, expected = whole(*cut), whole(*once)
    assert [(s.at_ms, s.series) for s in found] == [(s.at_ms, s.series) for s in expected]
