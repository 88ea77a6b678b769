"""Remarks are certain, and at their place."""

import pytest

from streams.policy.lint import differences, remarks
from streams.policy.load import read_policy
from tests.streams.policy.test_limits import ALL
from tests.streams.policy.texts import QUICK, WHOLE, changed

BOOK = WHOLE[WHOLE.index("  - name: errors") :]


def remarked(text: str) -> list[str]:
    return [str(fault) for fault in remarks(*read_policy(text, "p.yaml"))]


@pytest.mark.parametrize("text", [WHOLE, QUICK], ids=["whole", "quick"])
def test_nothing_is_remarked_on_without_need(text: str) -> None:
    assert remarked(text) == []


@pytest.mark.parametrize(
    ("old", "new", "place", "expected"),
    [
        ("count > 3", "count > 3 ", None, None),
        ("severity == 'critical' && count > 3", "1 > 2", "1 > 2", "never holds"),
        ("severity == 'critical' && count > 3", '"true"', '"true"', "always holds"),
        ("attempts: 1", "attempts: 2", "2\n        repeat", "the limits allow 2"),
        ("mode: dry-run", "mode: off", "action: scale", "never taken: its mode is off"),
        ("every: 10s\n", "every: 10m\n", "first_check: 60s\n", "checked only once"),
        ('namespace: "{namespace}"', "namespace: web", "{kind:", "'web' is not one of"),
        ("[ops, pages, shop]", "[ops, pages, shop, x]", "x]\ntime", "nobody is told through 'x'"),
        ("during: [nights]", "during: [sale]", None, None),
        ("during: [sale]", "during: [nights]", "name: sale\n", "nothing uses 'sale'"),
        ("namespaces: [shop]\nl", "namespaces: []\nl", "[]\nl", "nothing is ever done"),
        ("all: true, equal: [cluster]", "all: true", "{name: everything", "any alert at all"),
        ("preset: production-1", "preset: production-1\n  burst: 7", "7\n", "than actions_per_min"),
        (
            "preset: production-1",
            "preset: production-1\n  attempts_window: 10m",
            "10m\nreceivers",
            "attempts_per_target stops nothing",
        ),
        ("{name: payments, match: ['deployment=\"payments\"']}",
         "{name: payments, match: ['deployment=\"checkout\"', 'a=\"b\"']}",
         "{name: payments", "'checkout' takes all its alerts"),
        ('alertname="HighErrors"', 'alertname=~"DatabaseDown|DatabaseSlow"', "name: errors",
         "is never remediated"),
        ("['alertname=\"HighErrors\"']", "['alertname=\"HighErrors\"', 'severity=\"info\"']",
         "['alertname=\"HighErrors\"', 'sev", "remediates no info"),
        ("mute_time_intervals: [nights]}",
         "mute_time_intervals: [nights]}\n    - {matchers: [severity=critical, a=b]}",
         "{matchers: [severity=critical, a", "a route before it takes all"),
    ],
    ids=lambda value: str(value)[:30],
)  # fmt: skip
def test_what_is_remarked_on(old: str, new: str, place: str | None, expected: str | None) -> None:
    text = changed(old, new)
    found = remarked(text)
    if expected is None:
        assert found == []
        return
    assert place
    line = text[: text.index(place)].count("\n") + 1
    assert len(found) == 1, found
    assert found[0].startswith(f"p.yaml:{line}:"), found
    assert expected in found[0]


@pytest.mark.parametrize(
    ("match", "reached"),
    [
        ("['alertname=\"HighErrors\"']", False),
        ("['alertname=\"HighErrors\"', 'severity=\"critical\"']", False),
        ("['alertname=~\"HighErrors|LowErrors\"']", True),
        ("['alertname=~\"High.*\"']", True),
        ("['severity=\"critical\"']", True),
    ],
)
def test_a_playbook_that_is_never_reached(match: str, reached: bool) -> None:
    other = changed("name: errors", "name: others", BOOK)
    other = changed("['alertname=\"HighErrors\"']", match, other)
    found = remarked(WHOLE + other)
    assert found == [] if reached else "'errors' is taken before 'others'" in found[0]


def test_which_limits_are_not_the_presets() -> None:
    text = changed("preset: production-1", "preset: production-1\n  cooldown: 10s\n  burst: 3")
    assert differences(*read_policy(text)) == ["cooldown: 10s, not 15m"]
    assert differences(*read_policy(WHOLE)) == []
    assert differences(*read_policy(changed("  preset: production-1", ALL))) == []
