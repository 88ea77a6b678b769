"""docs/library.md says what is so."""

import re

import yaml

from deploy.policies.where import DEPLOYMENT_LABEL, LIBRARY
from streams.core.playbook import Mode
from streams.core.policy import Policy
from streams.policy.lint import remarks
from streams.policy.load import load_file, read_policy
from streams.policy.parts import text_of
from tests.deploy.policies.alerts import rows
from tests.source import ROOT

PAGE = (ROOT / "docs/library.md").read_text()
RULES, RAISED, OWN = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
POLICY, _ = load_file(LIBRARY)


def table(heading: str) -> list[list[str]]:
    """The rows of the section's first table."""
    _, _, section = PAGE.partition(f"\n## {heading}\n")
    lines = re.search(r"(?:^\|.*\n)+", section, re.MULTILINE)
    assert lines
    return [re.findall(r"[^|]+", line) for line in lines[0].splitlines()[2:]]


def named(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_the_playbooks_are_those_of_the_library() -> None:
    told = [[*named(book), *named(alert), *named(step)] for book, alert, step, _ in table(WHAT)]
    assert told == [[b.name, _alert_of(b.name), b.rungs[0].action] for b in POLICY.playbooks]


WHAT = "What it does"


def _alert_of(playbook: str) -> str:
    return next(row.alert for row in rows() if f"playbook {playbook}" in row.done)


def test_what_waits_for_its_action_is_what_the_table_of_alerts_says() -> None:
    told = {named(alert)[0]: what.strip() for alert, what in table("What waits for its action")}
    waiting = {r.alert: r.why for r in rows() if r.why.startswith("waits for: ")}
    assert told.keys() == waiting.keys()
    for alert, what in told.items():
        assert waiting[alert].removeprefix("waits for: ").startswith(what)


def test_the_brakes_are_those_of_the_library() -> None:
    assert [named(row[0])[0] for row in table("What stops it")] == [b.name for b in POLICY.brakes]


def test_the_files_are_those_of_the_library() -> None:
    told = set(re.findall(r"`(\d\d-[a-z]+\.yaml)`", PAGE)) - {"70-checkout.yaml"}
    assert told == {file.name for file in LIBRARY.glob("*.yaml")}


def test_the_rule_is_the_one_that_promtool_has_run() -> None:
    (shown,) = yaml.safe_load(RULES)["groups"][0]["rules"]
    (shipped,) = [
        {key: rule[key] for key in shown}
        for rule in yaml.safe_load(DEPLOYMENT_LABEL.read_text())["groups"][0]["rules"]
        if rule.get("alert") == shown["alert"]
    ]
    assert shown == shipped


def test_a_playbook_can_be_raised_and_others_added_without_a_warning() -> None:
    raised = _library_with("50-rollouts.yaml", RAISED)
    assert raised.playbooks[0].mode is Mode.APPROVE
    # Nothing else differs but who may say yes.
    mine, theirs = raised.playbooks[0].rungs[0], POLICY.playbooks[0].rungs[0]
    assert (mine.when, mine.verify, mine.attempts) == (theirs.when, theirs.verify, theirs.attempts)
    assert {"checkout-errors", "checkout-saturated"} <= {
        book.name for book in _library_with("70-checkout.yaml", OWN).playbooks
    }


def _library_with(name: str, text: str) -> Policy:
    parts = dict(re.findall(r"# file: (.*?)\n(.*?)(?=# file: |\Z)", text_of(LIBRARY), re.DOTALL))
    parts[name] = text
    whole = "".join(f"# file: {file}\n{parts[file]}" for file in sorted(parts))
    policy, root = read_policy(whole.replace("namespaces: []", "namespaces: [shop]"), "library")
    assert remarks(policy, root) == []
    return policy
