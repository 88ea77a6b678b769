"""May this command be carried out? What the ledger and the clock say."""

import pytest

from remediators.core.admit import (
    ALTERED,
    ENDED,
    FORGOTTEN,
    Proceed,
    Resolve,
    Skip,
    admit,
    within_budget,
)
from remediators.core.ledger import HOUR_MS, LedgerView
from remediators.core.refusal import Refusal
from schemas.remediation import CommandKind, OutcomeReason, OutcomeStatus, Request, Target
from tests.remediators.builders import NOW_MS, TARGET, command, intent, outcome

ACT = command()
REQUEST = Request("PATCH", TARGET, "application/json-patch+json", "[]")
TERMINAL = [status for status in OutcomeStatus if status.terminal]


def ledger(*records, since_ms: int = NOW_MS - HOUR_MS) -> LedgerView:
    view = LedgerView(since_ms)
    for record in records:
        view.note(record, NOW_MS)
    return view


def test_nothing_known_and_in_time():
    assert admit(ACT, ledger(), NOW_MS) == Proceed()


@pytest.mark.parametrize("status", TERMINAL)
def test_an_end_is_an_end(status: OutcomeStatus):
    assert admit(ACT, ledger(outcome(ACT, status)), NOW_MS) == Skip(ENDED)


def test_announced_and_not_ended_is_found_out_even_when_it_has_expired():
    announced = intent(ACT, REQUEST)
    assert admit(ACT, ledger(announced), ACT.expires_at_ms + 1) == Resolve(announced)


def test_announced_twice_the_first_counts():
    first, second = intent(ACT, REQUEST), intent(ACT, Request("PATCH", TARGET, "", "[1]"))
    assert admit(ACT, ledger(first, second), NOW_MS) == Resolve(first)


def test_announced_and_altered_it_is_left_to_the_real_one():
    altered = command(target=Target("eu-1", "shop", "Deployment", "payment"))
    assert admit(altered, ledger(intent(ACT, REQUEST)), NOW_MS) == Skip(ALTERED)


def test_announced_after_its_end_it_stays_ended():
    records = (outcome(ACT, OutcomeStatus.APPLIED), intent(ACT, REQUEST))
    assert admit(ACT, ledger(*records), NOW_MS) == Skip(ENDED)


def test_an_observation_ends_a_look():
    from remediators.core.outcome import Pen

    look = command(CommandKind.LOOK)
    assert admit(look, ledger(Pen("x", NOW_MS).missing(look)), NOW_MS) == Skip(ENDED)


@pytest.mark.parametrize("late_ms", [0, 1, 10**12])
def test_expired(late_ms: int):
    refused = admit(ACT, ledger(), ACT.expires_at_ms + late_ms)
    assert isinstance(refused, Refusal)
    assert refused.reason is OutcomeReason.EXPIRED


def test_issued_before_the_ledger_begins_nothing_is_said_of_it():
    assert admit(ACT, ledger(since_ms=NOW_MS + 1), NOW_MS) == Skip(FORGOTTEN)


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"target": Target("us-1", "shop", "Deployment", "checkout")}, id="cluster"),
        pytest.param({"target": Target("eu-1", "../kube-system", "Deployment", "x")}, id="dots"),
        pytest.param({"target": Target("eu-1", "shop", "Deployment", "")}, id="no name"),
        pytest.param({"target": Target("eu-1", "*", "Deployment", "x")}, id="star"),
        pytest.param({"target": Target("eu-1", "shop", "Deployment", "a/b")}, id="slash"),
        pytest.param({"target": Target("eu-1", "shop", "Secret", "x")}, id="unknown kind"),
        pytest.param({"target": Target("eu-1", "", "Deployment", "x")}, id="no namespace"),
        pytest.param({"target": Target("eu-1", "shop", "Node", "n1")}, id="a node in a namespace"),
        pytest.param({"uid": ""}, id="no uid"),
        pytest.param({"generation": 0}, id="no generation"),
        pytest.param({"kind": CommandKind.ROLLBACK}, id="undoes nothing"),
        pytest.param({"command_id": "a,b"}, id="an id that is two in a marker"),
        pytest.param({"command_id": ""}, id="no id"),
    ],
)
def test_what_no_sound_processor_writes(wrong):
    refused = admit(command(**wrong), ledger(), NOW_MS)
    assert isinstance(refused, Refusal)
    assert refused.reason is OutcomeReason.INVALID


def test_a_node_is_in_no_namespace():
    assert admit(command(target=Target("eu-1", "", "Node", "n1")), ledger(), NOW_MS) == Proceed()


def test_the_second_guard_counts_each_announced_act_once():
    view = ledger(*(intent(command(command_id=f"c{n % 3}"), REQUEST) for n in range(9)))
    assert within_budget(ACT, view, 4, NOW_MS) is None
    over = within_budget(ACT, view, 3, NOW_MS)
    assert over is not None
    assert over.reason is OutcomeReason.OVER_BUDGET


def test_the_second_guard_counts_ended_acts_too_and_forgets_them_after_an_hour():
    view = ledger(intent(ACT, REQUEST), outcome(ACT, OutcomeStatus.APPLIED))
    assert within_budget(ACT, view, 1, NOW_MS + HOUR_MS - 1) is not None
    assert within_budget(ACT, view, 1, NOW_MS + HOUR_MS) is None


def test_the_second_guard_never_holds_up_an_undoing():
    view = ledger(intent(ACT, REQUEST))
    assert within_budget(command(CommandKind.ROLLBACK), view, 1, NOW_MS) is None


A_NODE, ANOTHER = Target("eu-1", "", "Node", "n1"), Target("eu-1", "kube-system", "Pod", "dns-1")
MADE, MADE_ELSE = (Target("eu-1", "shop", "Job", name) for name in ("mendlog-c1", "mendlog-c2"))


@pytest.mark.parametrize(
    ("target", "verb", "reached", "ours"),
    [
        (TARGET, "PATCH", TARGET, True),
        (TARGET, "PATCH", ANOTHER, False),
        (TARGET, "DELETE", ANOTHER, False),
        (TARGET, "EVICT", ANOTHER, False),
        (TARGET, "SET_STATUS", ANOTHER, False),
        (ANOTHER, "DELETE", ANOTHER, True),
        (A_NODE, "EVICT", ANOTHER, True),
        (A_NODE, "DELETE", ANOTHER, False),
        (A_NODE, "DELETE", Target("eu-1", "", "Instance", "i-1"), True),
        (TARGET, "CREATE", MADE, True),
        (TARGET, "CREATE", MADE_ELSE, False),
        (TARGET, "CREATE", Target("eu-1", "shop", "Pod", "mendlog-c1"), False),
    ],
)
def test_what_no_command_could_announce_is_not_sent(target, verb, reached, ours):
    order = command(target=target)
    announced = intent(order, Request(verb, reached, "application/json", "{}"))
    found = admit(order, ledger(announced), NOW_MS)
    assert found == (Resolve(announced) if ours else Skip(ALTERED))
