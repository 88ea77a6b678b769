"""The file of detections, refused with the place of every fault."""

from pathlib import Path

import pytest

from streams.detect.rules_file import RATIO_WINDOW_MAX_MS, compile_rules, load_rules
from streams.host.windows import KEPT_S
from streams.reading.faults import FileError

DEMO = Path("deploy/sandbox/policies/demo-detections.yaml")


def test_the_demo_detections_read() -> None:
    (rule,) = load_rules(DEMO)
    assert (rule.name, rule.above, rule.by[0]) == ("ErrorRatioHigh", 0.1, "cluster")
    assert rule.part.matches({"code": "503"})
    assert not rule.part.matches({"code": "200"})


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("above: 0.1", "above: nan", "expected a share"),
        ("above: 0.1", "above: 0", "expected a share"),
        ("above: 0.1", "above: 10", "expected a share"),
        ("    above: 0.1\n", "", "a detection needs 'above'"),
        ("window: 3s", "window: 3", "expected a duration"),
        ("window: 3s", "window: 301s", "at most 5m"),
        ("least: 5", "atleast: 5", "unknown key 'atleast'"),
        ("by: [cluster,", "by: [", ""),
    ],
)
def test_faults(old: str, new: str, expected: str) -> None:
    text = DEMO.read_text()
    assert old in text
    if not expected:
        assert compile_rules(text.replace(old, new))
        return
    with pytest.raises(FileError, match=expected):
        compile_rules(text.replace(old, new), "d.yaml")


def test_a_ratio_is_of_no_longer_than_the_host_keeps_samples() -> None:
    assert RATIO_WINDOW_MAX_MS == KEPT_S * 1000


def test_twins_are_refused() -> None:
    text = DEMO.read_text()
    rule = text[text.index("  - name") :]
    with pytest.raises(FileError, match="two detections"):
        compile_rules(text + rule)
