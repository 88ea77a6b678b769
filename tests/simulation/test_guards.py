"""A guard that is missing is found within a thousand worlds."""

import pytest

from tests.simulation.guards import GUARDS
from tests.simulation.verdict import simulate

SEEDS_MAX = 1_000


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("guard", GUARDS)
def test_without_a_guard_a_promise_is_broken(guard: str):
    for seed in range(SEEDS_MAX):
        if found := simulate(seed, guard).findings:
            print(f"found with seed {seed}: {found[0]}")
            return
    raise AssertionError(f"{SEEDS_MAX} worlds did not miss it")
