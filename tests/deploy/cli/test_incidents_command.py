"""`mendlog incidents`: what is going on, on a real broker, with a real processor."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.deploy.cli.conftest import Mendlog
from tests.deploy.cli.shop import Shop

pytestmark = pytest.mark.timeout(300)


def test_a_list_says_whose_turn_it_is(mendlog: Mendlog, shop: Shop) -> None:
    incident = shop.proposes()
    done = mendlog("incidents", "list", **shop.settings)
    line = next(t for t in done.out.splitlines() if t.startswith(incident.incident_id[:8]))
    for part in ("awaiting_approval", "critical", "HighErrors", "errors", "ops: approve"):
        assert part in line
    none = mendlog("incidents", "list", "--cluster", "elsewhere", **shop.settings)
    assert none.out == "no open incidents\n"
    wrong = mendlog("incidents", "list", "--state", "broken", **shop.settings)
    assert wrong.exit_code == 2
    assert "awaiting_approval" in wrong.err


def test_json_is_the_record(mendlog: Mendlog, shop: Shop) -> None:
    incident = shop.proposes()
    listed = json.loads(
        mendlog("incidents", "list", "--json", "--state", "awaiting_approval",
                **shop.settings).out
    )  # fmt: skip
    mine = next(one for one in listed if one["incident_id"] == incident.incident_id)
    assert mine["proposal"] == incident.proposal
    assert mine["last"]["what"] == "proposed"
    shown = json.loads(
        mendlog("incidents", "show", incident.incident_id, "--json", **shop.settings).out
    )
    assert shown["target"] == {"cluster": "eu-1", "namespace": "shop", "kind": "Deployment",
                               "name": incident.labels["deployment"]}  # fmt: skip
    assert [entry["what"] for entry in shown["timeline"]][-1] == "proposed"


def test_one_is_shown_whole_by_the_beginning_of_its_id(mendlog: Mendlog, shop: Shop) -> None:
    incident = shop.proposes()
    done = mendlog("incidents", "show", incident.incident_id[:12], **shop.settings)
    assert f"mendlog approve {incident.incident_id[:8]}" in done.out
    assert "proposed: mode_of_policy" in done.out
    assert "expires    in " in done.out


def test_a_beginning_that_is_nobodys_or_several_peoples(mendlog: Mendlog, shop: Shop) -> None:
    shop.proposes()
    shop.proposes()
    none = mendlog("incidents", "show", "xyz", **shop.settings)
    assert (none.exit_code, none.out) == (1, "")
    assert "no incident's id begins with 'xyz'" in none.err
    several = mendlog("incidents", "show", "", **shop.settings)
    assert several.exit_code == 1
    assert "incidents begin with ''" in several.err


def test_what_a_sender_wrote_cannot_move_the_cursor(mendlog: Mendlog, shop: Shop) -> None:
    deployment = shop.fires("Evil\x1b[2J\u202e", severity="cri\nti")
    incident = shop.until(deployment, "escalated")
    for command in (["list"], ["show", incident.incident_id]):
        said = mendlog("incidents", *command, **shop.settings).out
        assert "\x1b" not in said
        assert "\u202e" not in said
        assert "Evil\\x1b[2J\\u202e" in said


@pytest.mark.parametrize("as_json", [False, True])
def test_watching_tells_each_change_until_interrupted(shop: Shop, as_json: bool) -> None:
    incident = shop.proposes()
    with subprocess.Popen(
        [sys.executable, "-m", "deploy.cli.main", "incidents", "watch",
         *(["--json"] if as_json else [])],
        env={**os.environ, **{f"MENDLOG_{k}": v for k, v in shop.settings.items()}},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=_interruptible,
    ) as child:  # fmt: skip
        assert child.stdout
        assert child.stderr
        until(child.stdout, incident.incident_id[:8])
        deployment = shop.fires()
        line = until(child.stdout, deployment) if as_json else until(child.stdout, "looking")
        if as_json:
            assert json.loads(line)["labels"]["deployment"] == deployment
        child.send_signal(signal.SIGINT)
        assert child.wait(60) == 0
        assert child.stderr.read() == ""


def _interruptible() -> None:
    """As at a terminal. What a shell without one starts in the background ignores Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def until(lines: Iterator[str], word: str) -> str:
    return next(line for line in lines if word in line)
