"""When an API server is left alone, on a clock that the test moves."""

import threading

import pytest

from remediators.adapters.kubernetes.circuit import Circuit, State
from remediators.clusters import CircuitLimits

LIMITS = CircuitLimits(failures_max=3, open_first_s=1, open_most_s=5)


class Here:
    def __init__(self) -> None:
        self.at_s = 100.0
        self.told: list[tuple[bool, str]] = []
        self.circuit = Circuit(LIMITS, lambda *news: self.told.append(news), lambda: self.at_s)

    def fails(self, times: int) -> None:
        for _ in range(times):
            self.circuit.failed("timed out")

    def knocks_in_vain(self) -> float:
        """After the pause; gives the next one."""
        self.at_s += self.circuit.left_s
        assert self.circuit.ask() is State.HALF_OPEN
        self.circuit.knocked_in_vain("timed out again")
        return self.circuit.left_s


@pytest.fixture
def here() -> Here:
    return Here()


def test_it_opens_at_so_many_failures_and_not_before(here: Here):
    here.fails(2)
    assert (here.circuit.ask(), here.told) == (State.CLOSED, [])
    here.fails(1)
    assert (here.circuit.ask(), here.told) == (State.OPEN, [(True, "timed out")])
    assert here.circuit.left_s == 1


def test_only_failures_in_a_row_count(here: Here):
    here.fails(2)
    here.circuit.answered()
    here.fails(2)
    assert here.circuit.ask() is State.CLOSED


def test_after_the_pause_one_knocks_and_the_others_wait_on(here: Here):
    here.fails(3)
    here.at_s += 0.999
    assert here.circuit.ask() is State.OPEN
    here.at_s += 0.001
    assert [here.circuit.ask() for _ in range(3)] == [State.HALF_OPEN, State.OPEN, State.OPEN]
    here.circuit.answered()
    assert here.circuit.ask() is State.CLOSED
    assert here.told == [(True, "timed out"), (False, "it answers")]


def test_each_knock_in_vain_doubles_the_pause_up_to_the_most(here: Here):
    here.fails(3)
    assert [here.knocks_in_vain() for _ in range(4)] == [2, 4, 5, 5]
    assert here.circuit.why == "timed out again"
    assert here.told == [(True, "timed out")]


def test_once_closed_it_begins_with_the_first_pause_again(here: Here):
    here.fails(3)
    here.knocks_in_vain()
    here.circuit.answered()
    here.fails(3)
    assert here.circuit.left_s == 1


def test_calls_that_fail_late_change_nothing(here: Here):
    """They were under way when it opened."""
    here.fails(3)
    here.at_s += 1
    here.circuit.ask()
    here.fails(5)
    assert here.circuit.ask() is State.OPEN
    here.circuit.answered()
    here.fails(2)
    assert here.circuit.ask() is State.CLOSED


def test_a_late_answer_shows_that_it_is_there(here: Here):
    here.fails(3)
    here.circuit.answered()
    assert here.circuit.ask() is State.CLOSED


def test_of_many_threads_one_knocks(here: Here):
    here.fails(3)
    here.at_s += 1
    together, seen = threading.Barrier(8), []

    def ask() -> None:
        together.wait(30)
        seen.append(here.circuit.ask())

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
    assert sorted(seen) == [State.HALF_OPEN, *[State.OPEN] * 7]
