"""The demo on a real Kubernetes control plane; the executor has its own rights and no other."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

DEMO = (sys.executable, "-m", "deploy.cli.main", "demo")


@pytest.mark.control_plane
@pytest.mark.slow
@pytest.mark.timeout(180)
@pytest.mark.usefixtures("kubernetes")
@pytest.mark.parametrize("scenario", ["leak", "bad-release"])
def test_the_loop_closes_on_a_real_control_plane_and_leaves_nothing(
    tmp_path: Path, scenario: str
) -> None:
    out, temporary = tmp_path / "out.json", tmp_path / "temporary"
    temporary.mkdir()
    said = tmp_path / "said"
    with said.open("w") as file:
        ended = subprocess.run(
            [*DEMO, scenario, "--cluster", "real", "--json", str(out)],
            env={**os.environ, "TMPDIR": str(temporary)},
            stdout=file,
            stderr=subprocess.STDOUT,
            check=False,
        )
    assert ended.returncode == 0, said.read_text()
    assert "a real control plane" in said.read_text()
    facts = json.loads(out.read_text())
    assert (facts["scenario"], facts["ok"], facts["differ"]) == (scenario, True, 0)
    assert list(temporary.iterdir()) == []


def test_another_kind_of_cluster_is_a_usage_error() -> None:
    done = subprocess.run(
        [*DEMO, "--cluster", "nope"], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2
    assert "real" in done.stderr
