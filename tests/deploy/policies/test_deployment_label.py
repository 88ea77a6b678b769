"""The Prometheus rules that give alerts of pods a Deployment, judged by promtool."""

import subprocess
from pathlib import Path

import pytest

from tests.source import ROOT

RULES = ROOT / "deploy/policies/prometheus/deployment-label.yaml"
CASES = Path(__file__).with_name("deployment-label.promtool.yaml")


def promtool(*arguments: str) -> str:
    done = subprocess.run(["promtool", *arguments], capture_output=True, text=True, check=False)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    return said


@pytest.mark.needs("promtool")
def test_prometheus_reads_them() -> None:
    assert "3 rules found" in promtool("check", "rules", str(RULES))


@pytest.mark.needs("promtool")
def test_an_alert_of_a_pod_has_the_deployment_and_none_is_lost(tmp_path: Path) -> None:
    cases = tmp_path / "cases.yaml"
    cases.write_text(CASES.read_text().replace("RULES", str(RULES)))
    assert "SUCCESS" in promtool("test", "rules", str(cases))
