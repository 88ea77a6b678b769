"""What publishing would change is said as a person would say it."""

import pytest

from streams.desk.changes import changes
from streams.policy.load import compile_policy
from tests.builders import QUICK
from tests.policies import CATALOGUE, ESCALATE, quick, step


def between(old: str, new: str) -> list[str]:
    return list(changes(compile_policy(old), compile_policy(new)))


def test_the_first_policy_is_all_new() -> None:
    assert changes(None, compile_policy(QUICK)) == (
        "+ playbook errors (auto): restart → roll_back → escalate",
    )


def test_another_text_that_says_the_same_changes_nothing() -> None:
    assert between(QUICK, f"# A remark.\n{QUICK}") == []


OTHER = """
  - name: other
    match: ['alertname="Other"']
    target: {kind: Deployment, namespace: shop, name: x}
    mode: shadow
    steps:
      - action: escalate
"""
ROUTES = "  routes: [{matchers: ['a=\"b\"'], receiver: ops, group_wait: 10s}]\n"


def routed(text: str, routes: str = ROUTES) -> str:
    return text.replace("  repeat_interval: 1h\n", f"  repeat_interval: 1h\n{routes}")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (QUICK, QUICK + OTHER.lstrip("\n"), ["+ playbook other (shadow): escalate"]),
        (QUICK + OTHER.lstrip("\n"), QUICK, ["- playbook other (shadow): escalate"]),
        (
            QUICK,
            quick(steps=step("restart") + ESCALATE),
            ["~ playbook errors: steps restart → roll_back → escalate, now restart → escalate"],
        ),
        (
            QUICK,
            QUICK.replace("dwell: 5s", "dwell: 1m30s"),
            ["~ playbook errors: step 2 roll_back dwell 5s → 1m30s"],
        ),
        (
            QUICK,
            QUICK.replace("deadline: 60s", "deadline: 90s", 1),
            ["~ playbook errors: step 1 restart deadline 1m → 1m30s"],
        ),
        (
            quick(steps=step("restart", "when: count > 1") + ESCALATE),
            quick(steps=step("restart", "when: count > 2", "approval: always") + ESCALATE),
            [
                "~ playbook errors: step 1 restart when count > 1 → count > 2",
                "~ playbook errors: step 1 restart always false → true",
            ],
        ),
        (
            QUICK,
            QUICK.replace("mode: auto", "mode: shadow").replace(
                "    trusted: the tests' own\n", ""
            ),
            [
                "~ playbook errors: mode auto → shadow",
                "~ playbook errors: trusted the tests' own → nothing",
            ],
        ),
        (
            QUICK,
            QUICK.replace('="HighErrors"', '=~"High.*"'),
            ['~ playbook errors: match {alertname="HighErrors"} → {alertname=~"High.*"}'],
        ),
        (QUICK, quick(cooldown="30m"), ["~ limit cooldown 15m → 30m"]),
        (QUICK, quick(concurrent="5"), ["~ limit concurrent 3 → 5"]),
        (QUICK, routed(QUICK), ['+ route/0: {a="b"} to ops']),
        (routed(QUICK), QUICK, ['- route/0: {a="b"} to ops']),
        (
            routed(QUICK),
            routed(QUICK, ROUTES.replace("10s", "1m").replace('"b"', '"c"')),
            ['~ route/0: match {a="b"} → {a="c"}', "~ route/0: group_wait 10s → 1m"],
        ),
        (QUICK, QUICK.replace("[shop]", "[shop, pay]"), ["+ namespace pay"]),
        (
            quick(CATALOGUE),
            quick(CATALOGUE.replace("depends_on: [db]", "owner: ann").replace("cart", "basket")),
            [
                "+ service basket",
                "- service cart",
                "~ service checkout: owner nothing → ann",
                "~ service checkout: depends_on db → nothing",
            ],
        ),
        (
            quick("severities: {critical: {remediate: true}}"),
            quick("severities: {critical: {remediate: false}, low: {remediate: false}}"),
            ["+ severity low", "~ severity critical: remediate true → false"],
        ),
        (QUICK, quick("never: [['tier=\"1\"']]"), ['+ never {tier="1"}']),
        (
            QUICK,
            quick("correlation: {change_within: 30m}"),
            ["~ correlation: change_within 0s → 30m"],
        ),
    ],
)
def test_what_differs(old: str, new: str, said: list[str]) -> None:
    assert between(old, new) == said


def test_the_order_in_which_playbooks_are_asked() -> None:
    first = QUICK.index("  - name: errors")
    swapped = QUICK[:first] + OTHER.lstrip("\n") + QUICK[first:]
    assert between(QUICK + OTHER.lstrip("\n"), swapped) == [
        "~ the order of playbooks: other, errors"
    ]
