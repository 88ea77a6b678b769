"""The rules that we ship, in the hands of Prometheus' own tool."""

import shutil
import subprocess
from pathlib import Path

import pytest

RULES = Path(__file__).parents[3] / "deploy" / "prometheus" / "checkout.rules.yaml"
CASES = Path(__file__).parent / "checkout.test.yaml"


@pytest.mark.needs("promtool")
def test_the_shipped_rules_fire_when_they_should(tmp_path: Path) -> None:
    for file in (RULES, CASES):
        shutil.copy(file, tmp_path)
    checked = subprocess.run(
        ["promtool", "test", "rules", CASES.name], cwd=tmp_path, capture_output=True, text=True
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.needs("promtool")
def test_the_shipped_rules_are_rules() -> None:
    checked = subprocess.run(
        ["promtool", "check", "rules", str(RULES)], capture_output=True, text=True
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
