"""Detectors and SLOs in the file of detections: read, or refused with every place."""

from pathlib import Path

import pytest

from streams.detect import prometheus_rules
from streams.detect.burn import Slo
from streams.detect.forecast import Forecast
from streams.detect.rules_file import compile_rules, load_rules
from streams.detect.verdict import Limit
from streams.detect.watch import Absence, Watch
from streams.reading.faults import FileError
from tests.streams.detect.texts import RULES, SLO


def compiled(text: str, slo: str = SLO) -> list[object]:
    return list(compile_rules(text, "d.yaml", lambda _name: slo))


def test_every_kind_is_read() -> None:
    threshold, absence, change, forecast, anomaly, slo = compiled(RULES)
    assert isinstance(threshold, Watch)
    assert threshold.of.matches({"queue": "mail"})
    assert not threshold.of.matches({"queue": "dead"})
    assert (threshold.for_ms, threshold.labels) == (60_000, {"severity": "warning"})
    assert isinstance(absence, Absence)
    assert isinstance(change, Watch)
    assert isinstance(forecast, Watch)
    assert forecast.detector == Forecast(Limit(1e9, above=False), 6 * 3_600_000, 24 * 3_600_000)
    assert isinstance(anomaly, Watch)
    assert anomaly.freeze is not None
    assert anomaly.freeze.for_ms == 12 * 3_600_000
    assert isinstance(slo, Slo)
    assert (slo.name, slo.target, slo.by) == (
        "checkout-availability",
        0.999,
        ("cluster", "service"),
    )
    assert slo.bad.matches({"code": "503"})


def test_slo_files_are_found_beside_the_file_of_detections(tmp_path: Path) -> None:
    (tmp_path / "d.yaml").write_text(RULES)
    (tmp_path / "checkout.slo.yaml").write_text(SLO)
    assert len(load_rules(tmp_path / "d.yaml")) == 6
    (tmp_path / "checkout.slo.yaml").unlink()
    with pytest.raises(FileError, match=r"d.yaml:3:12: cannot be read: No such file"):
        load_rules(tmp_path / "d.yaml")


def test_the_prometheus_rules_of_a_file_are_printed_or_its_faults(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "d.yaml").write_text(RULES)
    assert prometheus_rules.main(tmp_path / "d.yaml") == 78
    assert "d.yaml:3:12: cannot be read" in capsys.readouterr().err
    (tmp_path / "checkout.slo.yaml").write_text(SLO)
    assert prometheus_rules.main(tmp_path / "d.yaml") == 0
    (slo,) = [rule for rule in load_rules(tmp_path / "d.yaml") if isinstance(rule, Slo)]
    assert capsys.readouterr().out == prometheus_rules.rules_text([slo])


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("kind: threshold", "kind: treshold", r"d.yaml:5:11: unknown: 'treshold'; known: absence"),
        ("    above: 100\n", "", r"d.yaml:5:5: expected 'above' or 'below'"),
        ("above: 100\n", "above: 100\n    below: 5\n", r"d.yaml:5:5: expected 'above' or 'below'"),
        ("above: 100", "above: nan", r"d.yaml:9:12: expected a number"),
        ("window: 10m", "window: 5s", r"expected at least 60000 ms"),
        ("within: 24h", "inside: 24h", r"a detection needs 'within'"),
        ("season: none", "season: month", r"unknown: 'month'; known: week, day, none"),
        ("deviations: 6", "deviations: 0.5", r"expected a number, at least 1"),
        ("name: DiskFull", "name: /Disk", r"cannot begin with '/'"),
        ("name: DiskFull", "name: CostOdd", r"two detections are named 'CostOdd'"),
        ("for: 5m", "for: 0s", r"expected at least 1000 ms"),
        ("labels: {team: shop}", "label: {team: shop}", r"unknown key 'label' in an SLO's place"),
    ],
)
def test_faults(old: str, new: str, expected: str) -> None:
    assert old in RULES
    with pytest.raises(FileError, match=expected):
        compiled(RULES.replace(old, new, 1))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("openslo/v1", "sloth/v1", r"checkout.slo.yaml:1:13: expected openslo/v1"),
        ("kind: SLO", "kind: Service", r"checkout.slo.yaml:2:7: expected SLO"),
        ("target: 0.999", "target: 99.9", r"checkout.slo.yaml:\d+:\d+: expected a share"),
        ("target: 0.999", "target: nan", r"expected a share"),
        ("type: Mendlog", "type: Prometheus", r"checkout.slo.yaml:13:32: expected Mendlog"),
        ("duration: 30d", "duration: 28d", r"expected 30d, which the factors are for"),
        ("isRolling: true", "isRolling: false", r"budgets of calendar months are not kept"),
        ("counter: true", "counter: false", r"the increases of counters are compared"),
        ("Occurrences", "Timeslices", r"expected Occurrences"),
        ("ratioMetric", "thresholdMetric", r"the spec of an indicator needs 'ratioMetric'"),
        ("target: 0.999}]", "target: 0.999}, {target: 0.9}]", r"expected one"),
        ('code=~"5.."', 'code=~"5("', r"not a regular expression"),
        ("  service: checkout\n", "", r"the spec of an SLO needs 'service'"),
    ],
)
def test_faults_of_an_slo_have_the_place_in_its_file(old: str, new: str, expected: str) -> None:
    assert old in SLO
    with pytest.raises(FileError, match=expected):
        compiled(RULES, SLO.replace(old, new, 1))
