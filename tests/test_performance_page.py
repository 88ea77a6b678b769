"""docs/performance.md and its charts say what the newest result of `make bench` says."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent


def report(root: Path, *more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bench.report", *more]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)


def checked(root: Path) -> subprocess.CompletedProcess[str]:
    return report(root, "--check")


def copied(to: Path) -> Path:
    for part in ("bench", "deploy", "docs", "schemas", "streams"):
        shutil.copytree(ROOT / part, to / part)
    return to


def page_of(root: Path, change: Callable[[dict[str, Any]], None]) -> str:
    """As it is made of the newest result, changed."""
    newest = max((root / "bench" / "results").glob("*.json"))
    found = json.loads(newest.read_text())
    change(found)
    newest.write_text(json.dumps(found))
    done = report(root)
    assert done.returncode == 0, done.stderr
    return (root / "docs" / "performance.md").read_text()


def test_they_are_those_of_the_newest_result() -> None:
    found = checked(ROOT)
    assert found.returncode == 0, f"{found.stdout}{found.stderr}: run `python -m bench.report`"


def test_a_figure_that_somebody_changed_is_noticed(tmp_path: Path) -> None:
    page = copied(tmp_path) / "docs" / "performance.md"
    page.write_text(page.read_text().replace("| met |", "| not met |", 1))
    found = checked(tmp_path)
    assert (found.returncode, "performance.md" in found.stdout) == (1, True), found.stderr


def test_of_figures_that_a_result_lacks_the_page_says_so(tmp_path: Path) -> None:
    def older(found: dict[str, Any]) -> None:
        for name in ("parse", "remote_write", "detection", "watcher"):
            found.pop(name, None)

    page = page_of(copied(tmp_path), older)
    assert page.count("Not measured in that run.") == 2
    assert "remote-write" not in page


def test_what_each_source_costs_is_on_the_page(tmp_path: Path) -> None:
    def newer(found: dict[str, Any]) -> None:
        of_64 = dict.fromkeys(("check_first_us", "check_again_us", "values_us"), 1.0)
        more = dict.fromkeys(("read_first_us", "read_again_us", "python_values_us"), 2.0)
        found["parse"] = {
            "formats": {"azure": {"bodies": 3, "alerts": 4, "check_us": 9.14, "read_us": 7.5}},
            "deliveries": {"grafana": {**of_64, **more}},
        }
        found["remote_write"] = {"samples_per_s": 99_999, "many_samples_per_s": 1}

    page = page_of(copied(tmp_path), newer)
    assert "| azure | 4 | 9.1 | 7.5 |  |" in page
    assert "| grafana | 1.0 | 1.0 | 2.0 | 2.0 | 1.0 | 2.0 |" in page
    assert "| 99,999 | ≥ 100,000 | not met |" in page
