"""The marker `needs`: a missing program is skipped and counted, or an error when so asked."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TESTS = """
import pytest

@pytest.mark.needs("no-such-program")
def test_first(): pass

@pytest.mark.needs("no-such-program")
@pytest.mark.needs("no-other-program", "python3")
def test_second(): pass

@pytest.mark.needs("sh")
def test_third(): pass
"""


@pytest.fixture
def run(tmp_path: Path):
    (tmp_path / "test_sample.py").write_text(TESTS)

    def pytest_with(*options: str) -> subprocess.CompletedProcess[str]:
        plugins = ("-p", "tests.conftest", "-c", str(ROOT / "pyproject.toml"))
        argv = [sys.executable, "-m", "pytest", *plugins, "-p", "no:cacheprovider", *options]
        return subprocess.run(
            [*argv, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=False
        )

    return pytest_with


def test_missing_programs_are_skipped_and_counted(run) -> None:
    ended = run()
    assert ended.returncode == 0
    assert "1 passed, 2 skipped" in ended.stdout
    assert (
        "not run for want of a program: no-other-program (1), no-such-program (2)"
        in ended.stdout.splitlines()
    )


def test_missing_programs_are_errors_when_they_are_required(run) -> None:
    ended = run("--require-tools")
    assert ended.returncode == 1
    assert "1 passed, 2 errors" in ended.stdout
    assert "needs no-other-program, no-such-program" in ended.stdout
