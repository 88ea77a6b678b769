"""Ten times as many simulated worlds as `make test` runs; and each guard looked for in order."""

import pytest

from tests.simulation.guards import GUARDS
from tests.simulation.seeds import GUARD_SEEDS, all_keep_their_promises, found

SEEDS = 10_000

pytestmark = pytest.mark.slow


@pytest.mark.timeout(1_800)
def test_every_world_keeps_its_promises():
    all_keep_their_promises(SEEDS)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("guard", GUARDS)
def test_without_a_guard_a_promise_is_broken(guard: str):
    missed = found(guard, GUARD_SEEDS)
    assert missed is not None, "a thousand worlds do not miss it"
    print(f"found in {missed.seed + 1} worlds: {missed.findings[0]}")
