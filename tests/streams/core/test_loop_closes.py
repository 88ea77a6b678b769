"""The whole life of an incident, as a timeline."""

import itertools

from schemas.incidents import Decision, Incident
from schemas.remediation import Command, CommandKind, OutcomeReason, OutcomeStatus
from streams.core.chain import link
from tests.builders import QUICK, START_MS, World, ms


def acted(world: World) -> Command:
    """Up to an ACT that was applied, 2 s after the alert."""
    world.at("0s").fires()
    world.at("1s").observed(world.only(Command))
    act = world.only(Command)
    world.answered(act, OutcomeStatus.INTENT)
    world.at("2s").answered(act, OutcomeStatus.APPLIED)
    return act


def test_an_alert_is_looked_at_acted_on_verified_and_resolved() -> None:
    world = World()
    world.at("0s").fires()
    look = world.only(Command)
    assert (look.kind, look.action, look.uid) == (CommandKind.LOOK, "restart", "")
    assert str(look.target) == "deployment/checkout in shop of eu-1"

    world.at("1s").observed(look, uid="uid-7", generation=9, observed_generation=9, marker="m")
    act = world.only(Command)
    assert (act.kind, act.uid, act.generation, act.marker) == (
        CommandKind.ACT,
        "uid-7",
        9,
        "m",
    )
    assert act.expires_at_ms == START_MS + ms("1s") + ms("120s")
    assert act.evidence_offset == world.offset - 1

    world.answered(act, OutcomeStatus.INTENT)
    assert world.incident.state == "acting"
    world.at("2s").answered(act, OutcomeStatus.APPLIED)
    assert world.incident.state == "verifying"

    world.at("8s").clears()
    world.at("12s").ticks()
    check = world.only(Command)
    assert (check.kind, check.parameters) == (CommandKind.VERIFY, {"probes": "rollout"})
    world.at("13s").checked(check, passed=True)
    assert world.incident.state == "verifying", "clear for 5 s of the 10 s hold"
    world.at("18s").ticks()
    again = world.only(Command)
    assert again.kind is CommandKind.VERIFY, "what passed before the hold may have failed in it"
    world.checked(again, passed=True)
    assert world.incident.state == "resolved"
    assert world.notices() == ["acting", "resolved"]

    world.at("10m18s").ticks()
    assert world.incident.state == "closed"
    assert not [k for k, _ in world.state.items() if k.startswith(("incident/", "group/"))]


def test_every_deadline_of_a_phase_has_a_due_time() -> None:
    world = World()
    acted(world)
    for incident in world.every(Incident):
        assert incident.state != "closed"
    assert world.state.next_due_ms() is not None


def test_a_probe_that_fails_during_the_hold_is_no_success() -> None:
    world = World()
    acted(world)
    world.at("8s").clears()
    world.at("12s").ticks()
    world.checked(world.only(Command), passed=True)
    world.at("18s").ticks()
    world.checked(world.only(Command), passed=None)
    assert world.incident.state == "verifying"
    world.at("23s").ticks()
    world.checked(world.only(Command), passed=True)
    assert world.incident.state == "resolved"


def test_a_check_is_not_asked_again_while_its_answer_may_come() -> None:
    world = World(QUICK.replace("every: 5s, hold: 10s", "every: 1s, hold: 10s"))
    acted(world)
    world.at("12s").ticks()
    slow = world.only(Command)
    for second in (13, 14, 15, 16):
        world.at(f"{second}s").ticks()
        assert not world.given(Command)
    world.checked(slow, passed=False)
    assert world.only(Command).kind is CommandKind.VERIFY, "answered: at the rule's own pace again"


def test_an_executor_that_is_switched_off_is_asked_again_after_a_pause() -> None:
    world = World()
    world.at("0s").fires()
    world.at("1s").observed(world.only(Command))
    world.at("2s").answered(world.only(Command), OutcomeStatus.REJECTED, OutcomeReason.NO_HEARTBEAT)
    world.at("10s").ticks()
    assert not world.given(Command)
    world.at("32s").ticks()
    assert world.only(Command).kind is CommandKind.LOOK


def test_nobody_is_asked_again_while_only_the_alert_is_waited_for() -> None:
    world = World()
    acted(world)
    world.at("12s").ticks()
    world.checked(world.only(Command), passed=True)
    for second in range(13, 60):
        world.at(f"{second}s").ticks()
        assert not world.given(Command)


def test_a_fix_that_does_not_hold_climbs_to_the_next_rung_then_to_a_human() -> None:
    world = World()
    acted(world)
    world.at("1m2s").ticks()  # The verification's deadline; the alert still fires.
    assert world.incident.state == "open"
    assert world.incident.step == 1
    world.at("1m7s").ticks()  # The second rung's dwell.
    look = world.given(Command)[-1]
    assert (look.action, look.step) == ("roll_back", 1)
    world.observed(look)
    act = world.only(Command)
    world.at("1m8s").answered(act, OutcomeStatus.APPLIED)
    world.at("2m8s").ticks()
    assert (world.incident.state, world.incident.step) == ("escalated", 2)
    assert world.notices() == ["acting", "acting", "escalated"]


def test_an_alert_that_clears_by_itself_is_not_acted_on() -> None:
    world = World()
    world.at("0s").fires()
    look = world.only(Command)
    world.at("1s").clears()
    assert world.incident.state == "resolved"
    world.at("2s").observed(look)
    assert not world.given(Command), "the answer to the look comes too late to matter"


def test_a_stale_observation_is_looked_at_again_and_the_attempt_moves_on() -> None:
    world = World()
    world.at("0s").fires()
    world.at("1s").observed(world.only(Command))
    first = world.only(Command)
    world.at("2s").answered(first, OutcomeStatus.REJECTED, OutcomeReason.STALE)
    world.at("3s").ticks()
    look = world.only(Command)
    assert (look.kind, look.attempt) == (CommandKind.LOOK, 1)
    world.observed(look, generation=5, observed_generation=5)
    second = world.only(Command)
    assert second.command_id != first.command_id
    assert second.generation == 5


def test_an_unknown_outcome_goes_to_a_human_and_keeps_the_target_locked() -> None:
    world = World()
    world.at("0s").fires()
    world.at("1s").observed(world.only(Command))
    world.at("2s").answered(world.only(Command), OutcomeStatus.UNKNOWN)
    assert world.incident.state == "escalated"
    world.at("20m").fires("HighErrors", pod="another", deployment="checkout", team="x")
    locked = [e for k, e in world.state.items() if k.startswith("target/")]
    assert locked
    assert locked[0].locked_by


def test_an_act_whose_outcome_never_comes_ends_with_a_human() -> None:
    world = World()
    world.at("0s").fires()
    world.at("1s").observed(world.only(Command))
    world.at("2m31s").ticks()
    assert world.incident.state == "escalated"
    assert world.reasons[-1] == "no_outcome"


def test_an_alert_that_comes_back_climbs_instead_of_repeating_what_did_not_last() -> None:
    world = World()
    acted(world)
    world.at("8s").clears()
    world.at("12s").ticks()
    world.checked(world.only(Command), passed=True)
    world.at("18s").ticks()
    world.checked(world.only(Command), passed=True)
    assert world.incident.state == "resolved"
    world.at("1m").fires()
    assert (world.incident.state, world.incident.step) == ("open", 1)


def test_the_decisions_are_a_chain_that_covers_every_fact() -> None:
    world = World()
    acted(world)
    decisions = [d for d in world.every(Decision) if d.cluster == "eu-1"]
    assert [d.seq for d in decisions] == list(range(1, len(decisions) + 1))
    for before, after in itertools.pairwise(decisions):
        assert after.previous == link(before)
    assert all(d.facts_hash for d in decisions)


def test_a_quiet_stretch_is_sealed_by_a_checkpoint() -> None:
    world = World()
    world.at("0s").fires("Unmatched", deployment="other")
    for minute in range(1, 12):
        world.at(f"{minute}m").fires("Unmatched", deployment="other", starts_at_ms=START_MS)
    assert "checkpoint" in world.reasons
