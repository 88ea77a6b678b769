"""Recorded tapes are decided today as they were when they were recorded."""

import os
import subprocess
import sys

import pytest

from tests.golden.files import decided, names, read_decisions
from tests.golden.histories import HISTORIES


@pytest.mark.parametrize("name", names())
def test_the_decisions_are_those_on_file(name: str) -> None:
    assert decided(name) == read_decisions(name), "review the diff of `python -m tests.golden`"


def test_every_history_is_on_file() -> None:
    assert set(names()) >= set(HISTORIES)


@pytest.mark.parametrize("seed", ["0", "4242"])
def test_the_order_of_hashing_does_not_matter(seed: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.golden", "--check"],
        env={**os.environ, "PYTHONHASHSEED": seed},
        check=False,
        timeout=60,
    )
    assert done.returncode == 0
