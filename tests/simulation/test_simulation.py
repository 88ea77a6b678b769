"""Seeds, each a world of its own; and the same seed is the same world, to its last byte."""

import os
import subprocess
import sys

import pytest

from tests.simulation.guards import FOUND_BY
from tests.simulation.seeds import all_keep_their_promises
from tests.simulation.verdict import history_of, simulate
from tests.source import ROOT

SEEDS = 1_000


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_every_world_keeps_its_promises():
    all_keep_their_promises(SEEDS)


def test_a_seed_is_one_history_whatever_order_sets_have():
    ours = [history_of(seed) for seed in range(10)]
    for hash_seed in ("1", "2"):
        run = subprocess.run(
            [sys.executable, "-m", "tests.simulation", "--seeds", "0:10", "--digest"],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        )
        assert [line.split()[1] for line in run.stdout.splitlines()] == ours


def test_two_seeds_are_two_histories():
    assert len({history_of(seed) for seed in range(10)}) == 10


def test_a_failure_says_how_to_see_it_again():
    guard = "an INTENT comes before its effect"
    seed = FOUND_BY[guard]
    verdict = simulate(seed, guard)
    assert "before its INTENT" in str(verdict)
    assert f"MENDLOG_SIM_SEED={seed} .venv/bin/python -m tests.simulation" in str(verdict)
    assert any("executor-" in line for line in verdict.story)
