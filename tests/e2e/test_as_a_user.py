"""The two commands that a newcomer runs, as they run them."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]
MENDLOG = (sys.executable, "-m", "deploy.cli.main")
STARTED_S = 60.0


@pytest.mark.parametrize("scenario", ["leak", "bad-release"])
def test_the_demo_closes_the_loop_and_replays_it(tmp_path: Path, scenario: str) -> None:
    out = tmp_path / "out.json"
    done = subprocess.run(
        [*MENDLOG, "demo", scenario, "--json", str(out)],
        capture_output=True,
        text=True,
        timeout=170,
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


@pytest.fixture
def up(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [*MENDLOG, "up", "--data", str(tmp_path / "data")],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    yield process
    process.kill()
    process.wait()


@pytest.mark.parametrize(
    "number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda n: n.name
)
def test_up_leaves_no_process_behind(
    up: subprocess.Popen[str], tmp_path: Path, number: signal.Signals
) -> None:
    printed = until_running(up)
    for name in ("kafka", "cluster API", "gateway"):
        assert name in printed
    children = psutil.Process(up.pid).children(recursive=True)
    assert len(children) >= 6, "broker, cluster, and four of ours"
    up.send_signal(number)
    code = up.wait(60)
    assert code == (0 if number is not signal.SIGKILL else -number)
    _, left = psutil.wait_procs(children, timeout=30)
    assert not left


def until_running(up: subprocess.Popen[str]) -> str:
    assert up.stdout is not None
    printed, deadline = "", time.monotonic() + STARTED_S
    for line in up.stdout:
        printed += line
        if line.startswith("running"):
            return printed
        assert time.monotonic() < deadline, printed
    raise AssertionError(f"`mendlog up` ended:\n{printed}")
