"""`mendlog policy explain` as a person and as a program calls it."""

import io
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from deploy.cli.faults import FAILED, USAGE
from tests.builders import QUICK
from tests.deploy.cli.conftest import Mendlog

ALERT = {
    "labels": {
        "alertname": "HighErrors",
        "namespace": "shop",
        "deployment": "checkout",
        "severity": "critical",
    },
    "annotations": {"runbook_url": "https://runbooks.example/errors"},
    "startsAt": "2026-03-01T01:00:00Z",
    "generatorURL": "",
}
INHIBITING = """
inhibit_rules:
  - source_matchers: ['alertname="NodeDown"']
    target_matchers: ['alertname!="NodeDown"']
"""


@pytest.fixture(autouse=True)
def at_the_desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("policy.yaml").write_text(QUICK + INHIBITING)
    Path("alert.json").write_text(json.dumps(ALERT))
    Path("several.json").write_text(json.dumps([ALERT, {"alertname": "Other"}]))
    Path("active.json").write_text(json.dumps([{"alertname": "NodeDown"}]))


def test_an_object_for_an_alert_and_an_array_for_an_array(mendlog: Mendlog) -> None:
    one = json.loads(mendlog("policy", "explain", "alert.json", "--json").out)
    assert one["routes"] == [
        {
            "receiver": "ops",
            "path": "route",
            "group_by": ["alertname", "deployment"],
            "group_labels": {"alertname": "HighErrors", "deployment": "checkout"},
            "muted_by": [],
        }
    ]
    assert (one["muted_by"], one["inhibited_by"]) == ([], [])
    assert (one["playbook"], one["mode"]) == ("errors", "auto")
    keys = ("action", "mode", "approval", "reason")
    assert [[step[key] for key in keys] for step in one["steps"]] == [
        ["restart", "auto", "never", "mode_of_policy"],
        ["roll_back", "auto", "never", "mode_of_policy"],
        ["escalate", "auto", "never", "ladder_spent"],
    ]
    several = json.loads(mendlog("policy", "explain", "several.json", "--json").out)
    assert [told["playbook"] for told in several] == ["errors", None]
    assert several[0] == one


def test_what_fires_beside_it(mendlog: Mendlog) -> None:
    done = mendlog("policy", "explain", "alert.json", "--active", "active.json", "--json")
    told = json.loads(done.out)
    assert told["inhibited_by"] == [{"rule": "rule 1", "source": {"alertname": "NodeDown"}}]


def test_what_has_ended_does_not_fire(mendlog: Mendlog) -> None:
    ended = {"labels": {"alertname": "NodeDown"}, "endsAt": "2026-03-01T00:00:00Z"}
    Path("active.json").write_text(json.dumps([ended]))
    asked = ("policy", "explain", "alert.json", "--active", "active.json", "--json")
    for at, inhibited in (("2026-02-28T00:00:00Z", True), ("2026-03-01T01:00:00+01:00", False)):
        assert bool(json.loads(mendlog(*asked, "--at", at).out)["inhibited_by"]) is inhibited


def test_for_people(mendlog: Mendlog) -> None:
    done = mendlog("policy", "explain", "several.json")
    assert done.out == (
        "alert       alertname=HighErrors deployment=checkout namespace=shop severity=critical\n"
        "link        runbook: https://runbooks.example/errors\n"
        "route       ops (route), group alertname=HighErrors deployment=checkout\n"
        "told        ops\n"
        "service     none of the catalogue\n"
        "severity    critical\n"
        "playbook    errors, mode auto on Deployment shop/checkout\n"
        "step 1      restart, mode auto\n"
        "step 2      roll_back, mode auto; after 5s\n"
        "step 3      escalate: people have it\n"
        "\n"
        "alert       alertname=Other\n"
        "route       ops (route), group alertname=Other\n"
        "told        ops\n"
        "service     none of the catalogue\n"
        "severity    none\n"
        "playbook    none matches: people have it\n"
        "not taken   errors: alertname=\"HighErrors\" does not hold: it is 'Other'\n"
    )


def test_from_standard_input(mendlog: Mendlog, monkeypatch: pytest.MonkeyPatch) -> None:
    typed = io.BytesIO(b'{"alertname": "HighErrors"}')
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=typed))
    told = json.loads(mendlog("policy", "explain", "-", "--json").out)
    assert told["steps"][0]["detail"] == "there is no 'namespace' and no 'deployment'"


def test_the_policy_that_the_environment_names(mendlog: Mendlog, tmp_path: Path) -> None:
    Path("policy.yaml").rename("mine.yaml")
    done = mendlog("policy", "explain", "alert.json")
    assert done.exit_code == USAGE
    assert "MENDLOG_POLICY_FILE" in done.err
    assert mendlog("policy", "explain", "alert.json", POLICY_FILE="mine.yaml").exit_code == 0


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "not JSON"),
        ("3", "expected an alert, or an array of alerts"),
        ("[3]", "alerts[0]"),
        ("{}", "at least one label is needed"),
        ('{"alertname": 3}', "alerts[0].labels.alertname: a string is needed, not a number"),
        ('{"labels": {"a": "b"}, "startsAt": "now"}', "alerts[0].startsAt"),
    ],
)
def test_what_is_no_alert(mendlog: Mendlog, text: str, why: str) -> None:
    Path("alert.json").write_text(text)
    done = mendlog("policy", "explain", "alert.json")
    assert done.exit_code == FAILED
    assert f"alert.json: {why}" in done.err.replace("alerts[0].labels: at", "at")


@pytest.mark.parametrize("at", ["now", "2026-03-01T02:00:00", "02:00"])
def test_a_moment_has_a_zone(mendlog: Mendlog, at: str) -> None:
    done = mendlog("policy", "explain", "alert.json", "--at", at)
    assert done.exit_code == USAGE
    assert "is no time such as" in done.err
