"""Each guard of the simulated worlds, looked for in the order of their seeds; `make test` looks
first where it was found last."""

import pytest

from tests.simulation.guards import GUARDS
from tests.simulation.seeds import GUARD_SEEDS, found

pytestmark = [pytest.mark.slow, pytest.mark.soak]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("guard", GUARDS)
def test_without_a_guard_a_promise_is_broken(guard: str):
    missed = found(guard, GUARD_SEEDS)
    assert missed is not None, "a thousand worlds do not miss it"
    print(f"found in {missed.seed + 1} worlds: {missed.findings[0]}")
