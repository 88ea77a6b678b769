"""The two commands that a newcomer runs, as they run them."""

import json
import signal
import subprocess
from pathlib import Path

import pytest

from tests.e2e.up import MENDLOG, leaves_nothing_behind

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.mark.parametrize("scenario", ["leak", "bad-release"])
def test_the_demo_closes_the_loop_and_replays_it(tmp_path: Path, scenario: str) -> None:
    out = tmp_path / "out.json"
    done = subprocess.run(
        [*MENDLOG, "demo", scenario, "--json", str(out)],
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    facts = json.loads(out.read_text())
    assert list(facts) == [
        "scenario", "detected_s", "commanded_s", "acted_s", "resolved_s",
        "requests", "failed", "decisions", "replayed", "differ", "ok",
    ]  # fmt: skip
    assert (facts["scenario"], facts["ok"], facts["differ"]) == (scenario, True, 0)
    assert facts["decisions"] == facts["replayed"] > 0
    assert facts["detected_s"] <= facts["commanded_s"] <= facts["acted_s"] <= facts["resolved_s"]
    told = ["fault injected", "metrics show it", "detected", "opened", "command act",
            "applied to the cluster", "checked", "incident resolved"]  # fmt: skip
    places = [done.stdout.find(words) for words in told]
    assert -1 not in places, done.stdout
    assert "mendlog.tape/" in done.stdout


def test_an_unknown_scenario_is_a_usage_error() -> None:
    done = subprocess.run(
        [*MENDLOG, "demo", "nope"], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2
    assert "leak" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda n: n.name)
def test_up_leaves_no_process_behind(tmp_path: Path, number: signal.Signals) -> None:
    leaves_nothing_behind(tmp_path / "data", number)
