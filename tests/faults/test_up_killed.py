"""`mendlog up` that is killed takes everything along that it has started."""

import signal
from pathlib import Path

import pytest

from tests.e2e.up import leaves_nothing_behind

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


def test_up_leaves_no_process_behind(tmp_path: Path) -> None:
    leaves_nothing_behind(tmp_path / "data", signal.SIGKILL)
