"""A guard that is missing is found within a thousand worlds."""

import pytest

from tests.simulation.guards import FOUND_BY, GUARDS
from tests.simulation.seeds import GUARD_SEEDS, found


def test_every_guard_says_where_it_was_found_last():
    assert FOUND_BY.keys() == GUARDS.keys()


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("guard", GUARDS)
def test_without_a_guard_a_promise_is_broken(guard: str):
    """Asked first of the world that found it last time; `make soak` asks all in order."""
    assert found(guard, [FOUND_BY[guard], *GUARD_SEEDS]), "a thousand worlds do not miss it"
