"""Orders of people that are late, twice, forged or absurd: each history once broke a rule."""

import json

import pytest

from schemas.controls import ControlKind
from schemas.notices import Notice
from schemas.remediation import Command, CommandKind, OutcomeReason, OutcomeStatus
from streams.core.entries import IncidentState
from streams.core.reasons import Reason
from streams.core.standing import AutonomyState, SilenceState
from streams.steps.state_codec import encode_entry
from tests.builders import QUICK, World
from tests.policies import ESCALATE, quick, step

ASKING = QUICK.replace("mode: auto", "mode: approve")
SHADOWED = QUICK.replace("mode: auto", "mode: shadow").replace("    trusted: the tests' own\n", "")


def asked(world: World, **seen: object) -> None:
    """Up to a proposal, at 1 s."""
    world.at("0s").fires()
    world.at("1s").observed(world.only(Command), **seen)
    assert world.incident.state == "awaiting_approval"


def acts(world: World) -> list[Command]:
    return [c for c in world.every(Command) if c.kind is CommandKind.ACT]


# Approvals.


def test_a_yes_that_comes_after_the_expiry_is_a_no() -> None:
    world = World(ASKING)
    asked(world)
    world.at("20m").approves()
    assert (world.incident.state, world.incident.reason) == ("escalated", "approval_expired")
    assert not world.given(Command)


def test_a_yes_of_one_is_not_enough_where_meanwhile_two_are_needed() -> None:
    world = World(ASKING)
    asked(world, replicas_wanted=5, replicas_ready=5, replicas_updated=5, unavailable_max=1)
    world.at("2s").approves()
    look = world.only(Command)
    world.at("3s").observed(
        look,
        replicas_wanted=5,
        replicas_ready=4,
        replicas_updated=5,
        replicas_unavailable=1,
        unavailable_max=1,
    )
    assert not acts(world)
    assert (world.incident.state, world.reasons[-1]) == ("awaiting_approval", "approval_void")


@pytest.mark.parametrize("changed", [{"generation": 5, "observed_generation": 5}, {"uid": "uid-2"}])
def test_a_yes_is_void_when_the_target_has_moved(changed: dict[str, object]) -> None:
    world = World(ASKING)
    asked(world)
    world.at("2s").approves()
    world.at("3s").observed(world.only(Command), **changed)
    assert not acts(world)
    assert world.reasons[-1] == Reason.APPROVAL_VOID


def test_a_yes_does_not_outlive_the_alerts_that_it_was_said_for() -> None:
    world = World(ASKING)
    asked(world)
    world.at("2s").approves()
    world.at("3s").clears()
    assert world.incident.state == "resolved"
    world.at("4m").fires()
    world.at("4m1s").observed(world.only(Command))
    assert not acts(world)
    assert world.incident.state == "awaiting_approval"


def test_an_old_proposal_of_a_ladder_that_is_spent_is_unknown() -> None:
    steps = step() + step("roll_back", "approval: always") + ESCALATE
    world = World(quick(steps=steps))
    world.at("0s").fires()
    world.at("1s").observed(world.only(Command))
    world.at("2s").answered(world.only(Command), OutcomeStatus.FAILED, OutcomeReason.INVALID)
    world.at("3s").observed(world.given(Command)[-1])
    assert world.incident.state == "awaiting_approval"
    for minute in range(1, 9, 2):
        world.at(f"{minute}m").clears()
        world.at(f"{minute + 1}m").fires()
    world.at("10m").approves()
    assert world.reasons[-1] == Reason.PROPOSAL_UNKNOWN
    world.at("11m").rejects()
    assert world.reasons[-1] == Reason.PROPOSAL_UNKNOWN


@pytest.mark.parametrize("then", [ControlKind.APPROVE, ControlKind.REJECT])
def test_after_a_no_nothing_counts(then: ControlKind) -> None:
    world = World(ASKING)
    asked(world)
    world.at("2s").rejects()
    world.at("3s").orders(then, **world._asked())
    assert world.reasons[-1] == Reason.PROPOSAL_UNKNOWN
    assert not acts(world)


def test_a_yes_that_is_heard_twice_counts_once() -> None:
    world = World(ASKING)
    asked(world)
    world.at("2s").approves()
    world.at("3s").approves()
    assert world.reasons[-1] == Reason.PROPOSAL_UNKNOWN
    world.at("4s").observed(world.given(Command)[-1] if world.given(Command) else acts_look(world))
    assert len(acts(world)) == 1


def acts_look(world: World) -> Command:
    return [c for c in world.every(Command) if c.kind is CommandKind.LOOK][-1]


def test_a_yes_for_another_cluster_is_unknown() -> None:
    world = World(ASKING)
    asked(world)
    world.at("2s").approves(cluster="us-1")
    assert world.reasons[-1] == Reason.PROPOSAL_UNKNOWN
    world.at("3s").approves(cluster="*")
    assert world.reasons[-1] == Reason.PROPOSAL_UNKNOWN


def two_person(world: World) -> None:
    asked(world, unavailable_max=2, replicas_wanted=6, replicas_ready=6, replicas_updated=6)


def test_two_that_are_needed_are_two_that_the_broker_knows_and_not_the_author() -> None:
    world = World(ASKING)
    two_person(world)
    world.at("2s").approves("ann")
    assert world.reasons[-1] == Reason.APPROVER_NOT_VERIFIED
    world.approves("test", verified=True)
    assert world.reasons[-1] == Reason.APPROVER_IS_AUTHOR
    world.approves("ann", verified=True)
    assert world.reasons[-1] == Reason.ONE_MORE_APPROVAL
    world.approves("ann", verified=True)
    assert world.reasons[-1] == Reason.APPROVED_TWICE
    assert not acts(world)
    world.at("3s").approves("bob", verified=True)
    assert world.reasons[-1] == Reason.APPROVED
    assert world.only(Command).kind is CommandKind.LOOK


def test_publishing_a_policy_beside_does_not_make_somebody_else_its_author() -> None:
    world = World(ASKING)
    digest = world.in_force()
    world.orders(ControlKind.CANDIDATE, "bob", cluster="*", digest=digest, source=ASKING)
    two_person(world)
    world.at("2s").approves("test", verified=True)
    assert world.reasons[-1] == Reason.APPROVER_IS_AUTHOR


# Autonomy.


def autonomy(world: World) -> AutonomyState:
    found = world.state.get("autonomy/eu-1/errors")
    assert isinstance(found, AutonomyState)
    return found


def test_what_people_say_of_an_old_ladder_does_not_undo_what_the_new_one_has_shown() -> None:
    old = quick(shadow_cases="1", shadow_for="1ms").replace("mode: auto", "mode: shadow")
    new = old.replace("hold: 10s", "hold: 11s")
    world = World(old)
    world.at("0s").fires()
    world.at("1s").observed(world.only(Command))
    before = world._asked()
    world.publishes(new)
    world.at("2s").fires(deployment="cart")
    world.at("3s").observed(world.only(Command))
    world.at("4s").approves()
    known = autonomy(world)
    assert len(known.cases) == 1
    world.at("5s").orders(ControlKind.REJECT, "eve", **before)
    assert autonomy(world) == known


def test_what_a_playbook_showed_in_shadow_counts_when_it_is_put_to_work() -> None:
    world = World(quick(shadow_cases="1", shadow_for="1ms").replace("mode: auto", "mode: shadow"))
    world.at("0s").fires()
    world.at("1s").observed(world.only(Command))
    world.at("2s").approves()
    assert autonomy(world).cases == (True,)
    untrusted = quick(shadow_cases="1", shadow_for="1ms").replace(
        "    trusted: the tests' own\n", ""
    )
    world.publishes(untrusted)
    world.at("3s").fires(deployment="cart")
    world.at("4s").observed(world.given(Command)[-1])
    assert world.incident.state == "awaiting_approval"
    world.at("5s").approves()
    assert Reason.PROVEN in world.reasons
    assert autonomy(world).cases == (True, True)


# Silences, snoozes.


def test_numbers_that_no_journal_could_hold_are_not_read() -> None:
    world = World()
    for number in ("-" + "9" * 30, "-1", "9" * 30):
        world.silences('alertname="X"', until="1h", starts_at_ms=number)
        for _, entry in world.state.items():
            encode_entry(entry)
    kept = [e for _, e in world.state.items() if isinstance(e, SilenceState)]
    assert [s.starts_at_ms for s in kept] == [world.now_ms]


@pytest.mark.parametrize(
    "matchers", ["[" * 100_000, '"x"', "[1]", "[]", '["="]', json.dumps(['a=""'] * 65), "NaN", "{}"]
)
def test_matchers_that_cannot_be_meant(matchers: str) -> None:
    world = World()
    world.orders(ControlKind.SILENCE, until="1h", id="s", matchers=matchers)
    assert world.reasons[-1] == Reason.CONTROL_UNREADABLE


@pytest.mark.parametrize("kind", list(ControlKind))
def test_an_order_without_its_parameters_changes_nothing(kind: ControlKind) -> None:
    """But for how far orders were heard."""
    world = World()
    before = {key for key, _ in world.state.items()}
    world.orders(kind)
    new = {key for key, _ in world.state.items()} - before
    assert [key for key in new if not key.startswith(("origin/", "scope/"))] == []


def test_nobody_is_told_that_a_silenced_incident_has_ended() -> None:
    world = World()
    world.silences('deployment="checkout"', until="1h")
    world.at("1s").fires()
    assert world.incident.state == "suppressed"
    world.at("2s").clears()
    assert world.incident.state == "resolved"
    assert world.notices() == []


def test_of_flapping_people_are_told_once() -> None:
    world = World()
    for second in range(0, 60, 2):
        world.at(f"{second}s").fires("Unmatched")
        world.at(f"{second + 1}s").clears("Unmatched")
    assert world.notices().count("ticket") == 1
    assert len(world.notices()) <= 6


def test_a_snooze_ends_by_itself() -> None:
    world = World(ASKING)
    asked(world)
    world.at("2s").snoozes(until="10m")
    assert world.incident.state == "suppressed"
    for minute in range(1, 10):
        world.at(f"{minute}m").ticks()
        assert world.incident.state == "suppressed"
    world.at("10m").ticks()
    assert world.incident.state == "looking"


def test_a_snoozed_incident_that_a_human_has_is_reminded_of_in_the_end() -> None:
    world = World()
    world.at("0s").fires("Unmatched")
    world.at("1s").snoozes(until="30m")
    assert world.incident.state == "escalated"
    world.at("2s").fires("Unmatched", pod="b")
    for minute in range(1, 32):
        world.at(f"{minute}m").ticks()
    assert world.notices() == ["escalated", "reminder"]
    held = [e for _, e in world.state.items() if isinstance(e, IncidentState)]
    assert all(i.due_at_ms for i in held)


# Who is told, and what is lowered.

PAGING = quick(
    "severities: {critical: {remediate: true, receivers: [boss]}, warning: {remediate: true}}"
).replace("receivers: [ops]", "receivers: [ops, pager, boss]")
PAGING = PAGING.replace(
    "route:\n", "route:\n  routes: [{matchers: ['severity=\"critical\"'], receiver: pager}]\n"
)


def test_a_group_that_began_with_a_warning_pages_for_what_is_critical() -> None:
    world = World(PAGING)
    world.at("0s").fires("Unmatched", severity="warning")
    assert world.only(Notice).receivers == ("ops",)
    world.at("1s").fires("Unmatched", severity="critical")
    assert world.only(Notice).receivers == ("ops", "pager", "boss")
    world.at("2s").fires("Unmatched", severity="critical", pod="b")
    assert not world.given(Notice), "they know of it"


@pytest.mark.parametrize(
    ("mode", "state"), [("off", "escalated"), ("approve", "awaiting_approval")]
)
def test_a_mode_that_is_lowered_holds_at_once(mode: str, state: str) -> None:
    world = World()
    world.at("0s").fires()
    world.publishes(QUICK.replace("mode: auto", f"mode: {mode}"))
    world.at("1s").obeys()
    assert world.incident.state == state
    assert not acts(world)


def test_trust_that_is_withdrawn_holds_at_once() -> None:
    world = World()
    world.at("0s").fires()
    world.publishes(QUICK.replace("    trusted: the tests' own\n", ""))
    world.at("1s").obeys()
    assert (world.incident.state, world.reasons[-1]) == ("awaiting_approval", "not_yet_proven")


def test_what_a_newer_policy_allows_waits_for_the_next_step() -> None:
    world = World(ASKING)
    world.at("0s").fires()
    world.publishes(QUICK)
    world.at("1s").obeys()
    assert world.incident.state == "awaiting_approval"
