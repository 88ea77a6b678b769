"""Burn rates of ours and the Prometheus rules that they stand for, on the same samples."""

import random
import subprocess
from collections import Counter
from pathlib import Path

import pytest
import yaml

from streams.detect.burn import BURNS, Burn, Slo, judge
from streams.detect.prometheus_rules import labels, rules_text
from streams.detect.rollup import HOUR_MS, MINUTE_MS, Reading, Rollup, add
from streams.detect.slo_file import compile_slo
from tests.streams.detect.texts import SLO

CHECKOUT = compile_slo(SLO, "slo", ("service",), {"team": "shop"})
MINUTES = 82 * 60
FAULTS = {
    range(60 * 60, 60 * 60 + 4): 0.9,
    range(74 * 60, 74 * 60 + 20): 0.05,
    range(76 * 60, 79 * 60): 0.008,
    range(81 * 60, 82 * 60): 0.02,
}
"""By minutes: the share of requests that fail."""


def promtool(*arguments: str) -> str:
    done = subprocess.run(["promtool", *arguments], capture_output=True, text=True, check=False)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    return said


def counters(seed: int) -> dict[str, list[tuple[int, int]]]:
    """Each minute of each pod: failed requests and all of them. One pod restarts once."""
    rng = random.Random(seed)
    found = {}
    for pod in ("a", "b"):
        bad, good, rows = 5_000, 5_000_000, []
        for minute in range(MINUTES + 1):
            share = next((s for span, s in FAULTS.items() if minute in span), 0.0002)
            asked = rng.randrange(2_000, 4_000)
            failed = sum(rng.random() < share for _ in range(asked // 10)) * 10
            bad, good = bad + failed, good + asked - failed
            if pod == "b" and minute == 75 * 60:
                bad, good = failed, asked - failed
            rows.append((bad, good + bad))
        found[pod] = rows
    return found


def verdicts(pods: dict[str, list[tuple[int, int]]]) -> list[tuple[int, Burn, bool | None]]:
    """At each ten minutes; those of days only when an hour is full, as their windows begin then."""
    seen, found = Rollup(), []
    for minute in range(MINUTES + 1):
        at_ms = minute * MINUTE_MS
        for pod, rows in pods.items():
            seen = add(seen, pod, Reading(at_ms, *map(float, rows[minute])))
        for burn in BURNS:
            every = 60 if burn.long_ms > 6 * HOUR_MS else 10
            if minute and minute % every == 0:
                found.append((minute, burn, judge(CHECKOUT, burn, seen, at_ms).holds))
    return found


def case(minute: int, slo: Slo, burn: Burn, fires: bool) -> dict[str, object]:
    alert = {
        "exp_labels": {"service": "checkout", **slo.labels, **labels(slo, burn)},
        "exp_annotations": {"summary": f"checkout burns its error budget {burn.factor:g}x"},
    }
    name = slo.alert(burn)
    return {"eval_time": f"{minute}m", "alertname": name, "exp_alerts": [alert] if fires else []}


@pytest.mark.needs("promtool")
def test_prometheus_reads_the_rules(tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text(rules_text([CHECKOUT]))
    assert "3 rules found" in promtool("check", "rules", str(tmp_path / "rules.yaml"))


@pytest.mark.needs("promtool")
def test_prometheus_finds_the_same_on_the_same_samples(tmp_path: Path) -> None:
    pods = counters(seed=1)
    conclusive = [(m, b, h) for m, b, h in verdicts(pods) if h is not None]
    told = Counter((burn.name, holds) for _, burn, holds in conclusive)
    assert all(told[burn.name, holds] >= 3 for burn in BURNS for holds in (True, False)), told
    series = [
        {
            "series": f'requests_total{{service="checkout",pod="{pod}",code="{code}"}}',
            "values": " ".join(str(bad if code == "500" else all_ - bad) for bad, all_ in rows),
        }
        for pod, rows in pods.items()
        for code in ("200", "500")
    ]
    test = {
        "interval": "1m",
        "input_series": series,
        "alert_rule_test": [case(m, CHECKOUT, b, bool(h)) for m, b, h in conclusive],
    }
    (tmp_path / "rules.yaml").write_text(rules_text([CHECKOUT]))
    file = {"rule_files": ["rules.yaml"], "evaluation_interval": "10m", "tests": [test]}
    (tmp_path / "test.yaml").write_text(yaml.safe_dump(file, width=10**9))
    assert "SUCCESS" in promtool("test", "rules", str(tmp_path / "test.yaml"))


@pytest.mark.needs("promtool")
def test_prometheus_would_notice_a_difference(tmp_path: Path) -> None:
    fires = case(10, CHECKOUT, BURNS[0], True)
    test = {"interval": "1m", "input_series": [], "alert_rule_test": [fires]}
    (tmp_path / "rules.yaml").write_text(rules_text([CHECKOUT]))
    file = {"rule_files": ["rules.yaml"], "evaluation_interval": "10m", "tests": [test]}
    (tmp_path / "test.yaml").write_text(yaml.safe_dump(file))
    with pytest.raises(AssertionError, match="FAILED"):
        promtool("test", "rules", str(tmp_path / "test.yaml"))
