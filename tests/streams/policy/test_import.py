"""An alertmanager.yml becomes a policy; what the policy cannot say is listed; secrets stay out."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from deploy.cli.policy import app
from streams.policy.alertmanager.convert import import_alertmanager
from streams.policy.load import compile_policy
from streams.reading.faults import FileError

FILE = """\
global:
  slack_api_url: https://hooks.example/SECRET
templates: [a.tmpl]
route:
  receiver: ops
  group_wait: 1w
  repeat_interval: 2y
  routes:
  - matchers: [ team = db, "{severity=~critical|page}" ]
    continue: yes
    labels: {x: y}
receivers:
- name: ops
  slack_configs: [{channel: '#a'}, {channel: '#b'}]
- name: nobody
"""


def faults(text: str) -> list[str]:
    with pytest.raises(FileError) as caught:
        import_alertmanager(text, "am.yml")
    return [str(fault) for fault in caught.value.faults]


def test_what_has_no_counterpart_is_listed_with_its_place() -> None:
    imported = import_alertmanager(FILE, "am.yml")
    assert [str(note) for note in imported.notes] == [
        "am.yml:1:1: `global`: slack_api_url",
        "am.yml:3:1: `templates`",
        "am.yml:7:20: 2y: a policy has no longer duration than 366d",
        "am.yml:11:5: `labels` of a route has no counterpart",
        "am.yml:13:9: receiver 'ops': slack_configs (2); these belong in the notifier's file",
        "am.yml:15:9: receiver 'nobody': tells nobody",
    ]
    assert all(note.why in imported.policy for note in imported.notes)
    assert "SECRET" not in imported.policy


def test_the_policy_says_the_same_in_its_own_spelling() -> None:
    policy = import_alertmanager(FILE, "am.yml").policy
    assert (
        """\
route:
  receiver: ops
  group_wait: 7d
  repeat_interval: 366d
  routes:
  - matchers: ['team="db"', 'severity=~"critical|page"']
    continue: true
"""
        in policy
    )
    (route,) = compile_policy(policy).route.routes
    assert (route.continues, str(route.matches)) == (
        True,
        '{team="db", severity=~"critical|page"}',
    )


def test_nothing_is_acted_on_at_first() -> None:
    policy = compile_policy(import_alertmanager(FILE, "am.yml").policy)
    assert (policy.namespaces, policy.playbooks) == (frozenset(), ())


def test_everything_wrong_is_said_at_once() -> None:
    text = FILE.replace("receiver: ops", "receiver: op").replace("team = db", "team")
    text = text.replace("2y", "2").replace("'#a'", "[a]")
    assert faults(text) == ["am.yml:7:20: expected a duration such as 30s, 5m, 1h30m or 2w",
        "am.yml:14:29: expected text",
    ]  # fmt: skip
    assert faults(text.replace("[a]", "a").replace(": 2\n", ": 2s\n")) == [
        "am.yml:5:13: no receiver is named 'op'",
        "am.yml:9:17: expected a matcher such as severity=~\"warning|critical\", not 'team'",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: &a [" + "x," * 100 + "]\nb: &b [" + "*a," * 100 + "]\nc: [" + "*b," * 100 + "]", "3:"),
        ("[" * 100 + "]" * 100, "nested too deeply"),
        ("route: &r {receiver: a, routes: [*r]}", "no anchor is named 'r' before this"),
        ("x: " + "y" * 1_100_000, "larger than"),
        ('route: {receiver: "\\ud800"}', "am.yml:1:"),
        ("? [a]\n: b\n", "expected a name"),
        ("route: !!python/name:os.system {}", "am.yml:1:"),
        ("route: !!python/name:os.system x", "is not allowed"),
        ("a: \x00", "not YAML"),
    ],
    ids=range(9),
)
def test_hostile_files_are_refused(text: str, expected: str) -> None:
    assert any(expected in fault for fault in faults(text))


def test_a_policy_that_would_be_too_large_is_refused() -> None:
    many = "".join(f"- name: receiver-{i}\n" for i in range(10_000))
    assert faults(FILE + many) == ["am.yml:1:1: larger than 131072 bytes as a policy"]


def test_the_command(tmp_path: Path) -> None:
    file = tmp_path / "alertmanager.yml"
    file.write_text(FILE)
    ended = CliRunner().invoke(app, ["import-alertmanager", str(file)])
    assert ended.exit_code == 0
    assert ended.stdout == import_alertmanager(FILE, "x").policy
    assert f"{file}:3:1: not in the policy: `templates`" in ended.stderr.splitlines()

    (tmp_path / "policy.yaml").write_text(ended.stdout)
    assert CliRunner().invoke(app, ["check", str(tmp_path / "policy.yaml")]).exit_code == 0


def test_the_command_as_json(tmp_path: Path) -> None:
    file = tmp_path / "alertmanager.yml"
    file.write_text(FILE)
    said = json.loads(CliRunner().invoke(app, ["import-alertmanager", "--json", str(file)]).stdout)
    assert said["ok"]
    assert said["notes"][1] == {"file": str(file), "line": 3, "column": 1, "why": "`templates`"}


def test_the_command_names_the_place_at_fault(tmp_path: Path) -> None:
    file = tmp_path / "alertmanager.yml"
    file.write_text(FILE.replace("name: ops", "name: op"))
    ended = CliRunner().invoke(app, ["import-alertmanager", str(file)])
    assert ended.exit_code == 1
    assert ended.stderr == f"{file}:5:13: no receiver is named 'ops'\n"
    assert ended.stdout == ""


@given(st.text(max_size=60) | st.text("route: {[]}&*-'\"\n!<|>,ab", max_size=40))
def test_any_text_is_a_policy_or_a_fault(text: str) -> None:
    for whole in (text, FILE + text, FILE.replace("1w", text)):
        try:
            imported = import_alertmanager(whole, "am.yml")
        except FileError:
            continue
        compile_policy(imported.policy)
