"""Approving, rejecting and snoozing from the shell, on a real broker, with a real processor."""

import json
import os
import pty
import subprocess
import sys

import pytest

from tests.deploy.cli.conftest import Done, Mendlog
from tests.deploy.cli.shop import Shop

pytestmark = pytest.mark.timeout(300)


def verdict(done: Done) -> str:
    (order,) = json.loads(done.out)["orders"]
    (heard,) = order["verdicts"]
    return str(heard["reason"])


def test_what_is_approved_is_shown_and_acted_on(mendlog: Mendlog, shop: Shop) -> None:
    incident = shop.proposes()
    ann = shop.by(mendlog, "ann")
    done = ann("approve", incident.incident_id[:10], "--yes")
    assert done.exit_code == 0, done.err
    assert "action     restart" in done.out
    assert f"target     deployment/{incident.labels['deployment']} in shop of eu-1" in done.out
    assert f"proposal   {incident.proposal}" in done.out
    assert "approve of eu-1 by ann (verified): " in done.out
    assert "approved: the target is looked at once more" in done.out
    shop.looked_at(incident.labels["deployment"])
    assert shop.acts_on(incident.labels["deployment"]).action == "restart"


def test_without_a_key_one_approval_counts_and_says_that_it_is_unverified(
    mendlog: Mendlog, shop: Shop
) -> None:
    incident = shop.proposes()
    eve = shop.by(mendlog, "eve", signed=False)
    done = eve("approve", incident.incident_id, "--yes")
    assert done.exit_code == 0, done.err
    assert "by eve (unverified)" in done.out


def test_what_was_seen_before_is_no_longer_proposed(mendlog: Mendlog, shop: Shop) -> None:
    incident = shop.proposes()
    ann = shop.by(mendlog, "ann")
    stale = ann("approve", incident.incident_id, "--yes", "--proposal", "0" * 32)
    assert stale.exit_code == 1
    assert f"void: what is proposed now is {incident.proposal}" in stale.err
    assert shop.until(incident.labels["deployment"], "awaiting_approval")


def test_a_rejection_hands_it_over_and_there_is_no_approving_it_then(
    mendlog: Mendlog, shop: Shop
) -> None:
    incident = shop.proposes()
    ann = shop.by(mendlog, "ann")
    done = ann("reject", incident.incident_id, "--yes", "--reason", "I do it")
    assert done.exit_code == 0, done.err
    shop.until(incident.labels["deployment"], "escalated")
    late = ann("approve", incident.incident_id, "--yes", "--json")
    assert late.exit_code == 1
    assert "proposes nothing" in late.err or verdict(late) == "proposal_unknown"


def test_two_people_are_two_keys(mendlog: Mendlog, shop: Shop) -> None:
    incident = shop.proposes("Grave")
    asked = ("approve", incident.incident_id, "--yes", "--json")
    assert incident.persons == 2
    unsigned = shop.by(mendlog, "eve", signed=False)(*asked)
    assert (unsigned.exit_code, verdict(unsigned)) == (1, "approver_not_verified")
    first = shop.by(mendlog, "ann")(*asked)
    assert (first.exit_code, verdict(first)) == (0, "one_more_approval")
    again = shop.by(mendlog, "ann")(*asked)
    assert (again.exit_code, verdict(again)) == (1, "approved_twice")
    shown = mendlog("incidents", "show", incident.incident_id, **shop.settings).out
    assert "approved   1 of 2, by ann" in shown
    second = shop.by(mendlog, "bob")(*asked)
    assert (second.exit_code, verdict(second)) == (0, "approved")


def test_a_key_that_nobody_knows_is_told_from_none(mendlog: Mendlog, shop: Shop) -> None:
    incident = shop.proposes("Grave")
    done = shop.by(mendlog, "eve")("approve", incident.incident_id, "--yes")
    assert done.exit_code == 1
    assert "by eve (unverified)" in done.out
    assert "two people must approve this" in done.err
    assert "it was signed and could not be verified" in done.err


def test_who_is_named_must_have_signed(mendlog: Mendlog, shop: Shop) -> None:
    incident = shop.proposes("Named")
    asked = ("approve", incident.incident_id, "--yes", "--json")
    pretended = shop.by(mendlog, "ann", signed=False)(*asked)
    assert (pretended.exit_code, verdict(pretended)) == (1, "approver_not_allowed")
    assert json.loads(pretended.out)["orders"][0]["verdicts"][0]["author"] == "unverified:ann"
    assert shop.by(mendlog, "bob")(*asked).exit_code == 1
    assert shop.by(mendlog, "ann")(*asked).exit_code == 0


def test_a_copy_of_a_signed_order_counts_for_nothing_also_after_a_restart(
    mendlog: Mendlog, shop: Shop
) -> None:
    done = shop.by(mendlog, "ann")("deployed", "shop/x", "--cluster", "eu-1", "--json")
    (order,) = json.loads(done.out)["orders"]
    assert order["verdicts"][0]["verified"] is True
    shop.restart()
    verdicts = shop.heard_again(order["control_id"])
    assert [(c.author, c.verified) for c in verdicts] == [("ann", True), ("unverified:ann", False)]


def test_of_a_shadows_proposal_people_say_what_they_think(mendlog: Mendlog, shop: Shop) -> None:
    incident = shop.proposes("Watched", state="escalated")
    done = shop.by(mendlog, "ann")("approve", incident.incident_id, "--yes")
    assert done.exit_code == 0, done.err
    assert "would have done this; do you agree?" in done.out
    assert "recorded: you agree" in done.out


def test_a_snooze_must_end_and_is_told_when_it_may_not_be(mendlog: Mendlog, shop: Shop) -> None:
    incident = shop.proposes()
    ann = shop.by(mendlog, "ann")
    assert ann("snooze", incident.incident_id).exit_code == 2
    assert ann("snooze", incident.incident_id, "--for", "2h").exit_code == 0
    shop.until(incident.labels["deployment"], "suppressed", "snoozed")
    far = ann("snooze", incident.incident_id, "--for", "90d")
    assert far.exit_code == 1
    assert "at most 7 days ahead" in far.err


def test_a_person_at_a_terminal_is_asked_and_may_say_no(shop: Shop) -> None:
    incident = shop.proposes()
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "deploy.cli.main", "approve", incident.incident_id],
        env={**os.environ, **{f"MENDLOG_{k}": v for k, v in shop.settings.items()}},
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as child:
        os.write(ours, b"n\n")
        assert child.stdout
        said = child.stdout.read().decode()
    os.close(ours)
    os.close(theirs)
    assert "Approve? [y/N]" in said
    assert child.returncode == 1
    shop.until(incident.labels["deployment"], "awaiting_approval")


def test_nobody_to_ask_is_a_question_of_usage(mendlog: Mendlog, shop: Shop) -> None:
    incident = shop.proposes()
    done = shop.by(mendlog, "ann")("approve", incident.incident_id)
    assert done.exit_code == 2
    assert "--yes" in done.err


def test_a_key_that_cannot_be_used_is_a_matter_of_settings(mendlog: Mendlog, shop: Shop) -> None:
    shop.keys["eve"].chmod(0o644)
    done = shop.by(mendlog, "eve")("trust", "errors", "--cluster", "eu-1", "--reason", "ok")
    shop.keys["eve"].chmod(0o600)
    assert done.exit_code == 78
    assert "chmod 600" in done.err
