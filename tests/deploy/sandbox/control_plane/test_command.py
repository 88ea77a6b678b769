"""`python -m deploy.sandbox.control_plane`, as a person at a shell uses it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.source import ROOT

COMMAND = [sys.executable, "-m", "deploy.sandbox.control_plane"]


def run(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments], cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )


def test_a_machine_without_go_is_told_what_is_needed(tmp_path: Path) -> None:
    ended = run("check", PATH=str(tmp_path), XDG_CACHE_HOME=str(tmp_path / "cache"))
    assert ended.returncode == 1
    assert ended.stderr.startswith("No Go on the PATH. The control plane needs Go")


@pytest.mark.parametrize("arguments", [["run"], ["check", "true"], ["sing"]])
def test_what_makes_no_sense_is_refused(arguments: list[str]) -> None:
    assert run(*arguments).returncode == 2


@pytest.mark.control_plane
@pytest.mark.usefixtures("kubernetes")
def test_a_command_beside_a_control_plane(tmp_path: Path) -> None:
    """It finds the cluster by its kubeconfig, its exit code is ours, and nothing is left."""
    ask = (
        "import sys; from kubernetes import client, config; config.load_kube_config();"
        "print(bool(client.CoreV1Api().list_node().items)); sys.exit(7)"
    )
    ended = run("run", sys.executable, "-c", ask, **{**os.environ, "TMPDIR": str(tmp_path)})
    assert (ended.returncode, ended.stdout) == (7, "True\n"), ended.stderr
    assert list(tmp_path.iterdir()) == []
