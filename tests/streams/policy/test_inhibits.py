"""Inhibition rules are read as Alertmanager reads them, and mean the same."""

import pytest

from streams.policy.inhibits import read_inhibit_rules
from tests.streams.policy.sections import faults, read

RULES = """
- name: node
  source_matchers: [alertname="NodeDown"]
  target_matchers: ['alertname=~"Node.*|Pod.*"']
  equal: [node, cluster, node]
- source_match: {severity: critical}
  target_match_re: {severity: "warning|info"}
"""


@pytest.mark.parametrize(
    ("source", "target", "inhibits"),
    [
        ("alertname=NodeDown node=a", "alertname=PodLost node=a", True),
        ("alertname=NodeDown node=a", "alertname=PodLost node=b", False),
        ("alertname=NodeDown node=a", "alertname=PodLost", False),
        ("alertname=NodeDown", "alertname=PodLost", True),
        ("alertname=NodeSlow node=a", "alertname=PodLost node=a", False),
        ("alertname=NodeDown node=a", "alertname=NodeDown node=a", False),
        ("alertname=NodeDown node=a x=1", "alertname=NodeDown node=a x=2", False),
    ],
)
def test_the_same_values_and_never_both_ways(source: str, target: str, inhibits: bool) -> None:
    rule, _ = read(read_inhibit_rules, RULES)
    assert rule.inhibits(labels(source), labels(target)) is inhibits


def test_the_older_keys() -> None:
    _, rule = read(read_inhibit_rules, RULES)
    assert (rule.name, rule.equal) == ("", ())
    assert rule.inhibits({"severity": "critical"}, {"severity": "info"})


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("equal:", "equals:", "5:3: unknown key 'equals' in an inhibition rule"),
        ("[node, cluster, node]", '[""]', "cannot be empty"),
        ('[alertname="NodeDown"]', "[alertname]", "expected a matcher"),
        ("{severity: critical}", "severity", "expected the keys of a map"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(old: str, new: str, expected: str) -> None:
    assert any(expected in fault for fault in faults(read_inhibit_rules, RULES.replace(old, new)))


def labels(text: str) -> dict[str, str]:
    return dict(pair.split("=") for pair in text.split())
