"""The long run of `make soak`, made short: every part is hurt, and the audit finds nothing."""

from pathlib import Path

import pytest

from tests.soak import rest
from tests.soak.__main__ import soak
from tests.soak.options import Options

pytestmark = [pytest.mark.broker, pytest.mark.slow, pytest.mark.timeout(900)]


async def test_a_short_run_ends_and_nothing_speaks_against_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(rest, "REST_S", 5.0)
    assert await soak(Options(minutes=0.5, alerts=2_000, kill_every_s=4, seed=1), tmp_path) == 0
