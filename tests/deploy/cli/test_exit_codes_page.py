"""docs/policy-tests.md and docs/sources.md: which exit code a file that cannot be used has."""

from pathlib import Path

import pytest

from tests.deploy.cli.conftest import Mendlog
from tests.source import ROOT

RECONCILE = ("reconcile", "--alertmanager", "http://127.0.0.1:1")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad.yaml").write_text("version: 1\nunread: true\n")
    (tmp_path / "body.json").write_text("[]")
    (tmp_path / "tests.yaml").write_text(
        f"policy: {ROOT / 'deploy/sandbox/policies/demo.yaml'}\n"
        "tests: [{name: a, timeline: [{at: 0s, expect: {open: 1}}]}]\n"
    )
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("policy", "test", "bad.yaml"), 78),
        (("policy", "test", "tests.yaml", "--policy", "bad.yaml"), 78),
        (("policy", "test", "tests.yaml", "--detections", "bad.yaml"), 78),
        (("policy", "test", "tests.yaml", "--policy", "none.yaml"), 2),
        (("policy", "test", "none.yaml"), 2),
        (("policy", "test", "tests.yaml"), 1),
        (("ingest", "parse", "--source", "generic/a", "--sources", "bad.yaml", "body.json"), 78),
        (("ingest", "parse", "--source", "nagios", "body.json"), 2),
        (("ingest", "parse", "--source", "datadog", "body.json"), 1),
        ((*RECONCILE, "--sources", "bad.yaml"), 78),
        (("reconcile", "--alertmanager", "none"), 2),
        (RECONCILE, 1),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, tuple) else str(value),
)
def test_a_command_ends_as_its_page_says(
    mendlog: Mendlog, folder: Path, arguments: tuple[str, ...], code: int
) -> None:
    done = mendlog(*arguments, BOOTSTRAP="127.0.0.1:1")
    assert (done.exit_code, done.err.count("Traceback")) == (code, 0), done.err
    if code == 78:
        assert done.err.startswith("mendlog: bad.yaml:1:1: ")
