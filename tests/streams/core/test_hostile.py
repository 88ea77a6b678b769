"""Histories that nobody should produce and somebody will: each once broke the core."""

from dataclasses import replace
from typing import Any

import pytest

from schemas.alerts import AlertStatus
from schemas.controls import ALL_CLUSTERS, Control, ControlKind
from schemas.incidents import Incident
from schemas.remediation import Command, CommandKind, OutcomeReason, OutcomeStatus
from schemas.tape import PolicyPublished
from streams.core.entries import AlertState
from streams.core.incident import DETAIL_CHARS_MAX
from streams.core.keys import alert_key
from streams.core.partition import ScopeState
from streams.core.reasons import Reason
from streams.core.standing import TargetState
from streams.core.state import MOVED_MAX, State
from streams.policy.load import digest_of
from streams.steps.state_codec import decode_state, encode_entry
from tests.builders import QUICK, START_MS, World, alert, ms, observation

SCALE = QUICK.replace(
    "      - action: restart\n",
    "      - action: scale\n        parameters: {by: 1, max: 9}\n        undo: true\n",
)
BY_TEAM = "by: [alertname, deployment, team]"


def acted(world: World, **seen: Any) -> Command:
    world.at("0s").fires()
    world.at("1s").observed(world.only(Command), **seen)
    return world.only(Command)


def undone(world: World) -> tuple[Command, Command]:
    """An ACT that was applied, could not be verified, and is being rolled back."""
    act = acted(world)
    world.at("2s").answered(act, OutcomeStatus.APPLIED, undo={"replicas": "3"})
    world.at("1m2s").ticks()
    undo = world.given(Command)[-1]
    assert (undo.kind, undo.undoes) == (CommandKind.ROLLBACK, act.command_id)
    return act, undo


def target(world: World) -> TargetState:
    (found,) = [e for _, e in world.state.items() if isinstance(e, TargetState)]
    return found


def scope(world: World) -> ScopeState:
    found = world.state.get("scope/eu-1")
    assert isinstance(found, ScopeState)
    return found


def killed(world: World, cluster: str = ALL_CLUSTERS) -> None:
    kill = Control("c", cluster, ControlKind.KILL, "ann", "drill", START_MS)
    world.hears(kill, cluster=cluster)


# Outcomes that repeat, contradict, or come from the loser of a race.


@pytest.mark.parametrize("status", [s for s in OutcomeStatus if s is not OutcomeStatus.INTENT])
@pytest.mark.parametrize("reason", [OutcomeReason.NONE, OutcomeReason.STALE])
def test_what_the_loser_says_of_an_act_during_its_rollback_changes_nothing(
    status: OutcomeStatus, reason: OutcomeReason
) -> None:
    world = World(SCALE)
    act, undo = undone(world)
    world.at("1m3s").answered(act, status, reason)
    assert world.incident.state == "rolling_back"
    assert target(world).locked_by == undo.command_id


def test_a_rollback_locks_its_target_and_takes_a_place_until_it_has_ended() -> None:
    world = World(
        SCALE.replace("cooldown: 15m", "cooldown: 1ms").replace(
            "by: [alertname, deployment]", BY_TEAM
        )
    )
    _, undo = undone(world)
    assert target(world).locked_by == undo.command_id
    assert len(scope(world).in_flight) == 1
    world.at("1m3s").fires(team="x")
    assert world.reasons[-1] == Reason.TARGET_LOCKED
    world.at("1m4s").answered(undo, OutcomeStatus.APPLIED)
    assert target(world).locked_by == ""
    assert scope(world).in_flight == ()


def test_a_rollback_that_may_have_happened_keeps_the_lock_until_the_incident_is_closed() -> None:
    world = World(SCALE)
    _, undo = undone(world)
    world.at("1m3s").answered(undo, OutcomeStatus.UNKNOWN)
    assert (world.incident.state, target(world).locked_by) == ("escalated", undo.command_id)
    world.at("2m").clears()
    world.at("13m").ticks()
    assert (world.incident.state, target(world).locked_by) == ("closed", "")


def test_a_rollback_that_answers_late_gives_back_what_it_held() -> None:
    world = World(SCALE)
    _, undo = undone(world)
    world.at("5m").ticks()
    assert (world.incident.state, world.reasons[-1]) == ("escalated", Reason.NO_OUTCOME)
    world.at("6m").answered(undo, OutcomeStatus.APPLIED)
    assert (target(world).locked_by, scope(world).in_flight) == ("", ())


def test_nothing_is_rolled_back_under_the_kill_switch() -> None:
    world = World(SCALE)
    world.at("2s").answered(acted(world), OutcomeStatus.APPLIED, undo={"replicas": "3"})
    killed(world)
    world.at("1m2s").ticks()
    assert [c.kind for c in world.every(Command)].count(CommandKind.ROLLBACK) == 0
    assert (world.incident.state, world.reasons[-1]) == ("escalated", Reason.KILLED)


def test_an_unknown_outcome_stays_unknown_whatever_the_loser_says() -> None:
    world = World()
    act = acted(world)
    world.at("2s").answered(act, OutcomeStatus.UNKNOWN)
    world.at("3s").answered(act, OutcomeStatus.REJECTED, OutcomeReason.STALE)
    assert target(world).locked_by == act.command_id


def test_an_act_that_claims_to_have_been_checked_may_have_happened() -> None:
    world = World()
    act = acted(world)
    world.at("2s").answered(act, OutcomeStatus.CHECKED)
    assert (world.incident.state, world.reasons[-1]) == ("escalated", Reason.OUTCOME_UNKNOWN)
    assert target(world).locked_by == act.command_id


def test_an_intent_does_not_answer_a_look() -> None:
    world = World()
    world.at("0s").fires()
    world.at("1s").answered(world.only(Command), OutcomeStatus.INTENT)
    assert world.incident.state == "looking"


def test_an_answer_of_the_wrong_kind_changes_nothing() -> None:
    world = World(SCALE)
    act = acted(world)
    world.at("2s").answered(replace(act, kind=CommandKind.ROLLBACK), OutcomeStatus.APPLIED)
    assert world.incident.state == "commanded"
    assert target(world).locked_by == act.command_id


def test_an_outcome_of_another_cluster_is_not_heard() -> None:
    world = World()
    act = acted(world)
    world.at("2s").answered(replace(act, cluster="us-1"), OutcomeStatus.APPLIED)
    assert world.incident.state == "commanded"


# Verification.


def verifying(world: World) -> Command:
    """Applied at 2 s, clear at 8 s; the first check is asked for at 12 s."""
    world.at("2s").answered(acted(world), OutcomeStatus.APPLIED)
    world.at("8s").clears()
    world.at("12s").ticks()
    return world.only(Command)


def test_a_check_that_tells_nothing_is_no_success() -> None:
    world = World()
    check = verifying(world)
    world.at("18s").answered(check, OutcomeStatus.CHECKED, checks=())
    assert world.incident.state == "verifying"
    assert Reason.CHECK_PASSED not in world.reasons


def test_a_late_answer_does_not_vouch_for_the_hold_that_it_did_not_see() -> None:
    world = World()
    world.at("2s").answered(acted(world), OutcomeStatus.APPLIED)
    world.at("12s").ticks()
    check = world.only(Command)
    world.at("12s500ms").clears()
    world.at("23s").checked(check, passed=True)
    assert world.incident.state == "verifying", "asked at 12 s, before the alerts had cleared"


# What is seen: silence, lapses, wrong clocks, other targets.


def test_a_source_that_speaks_again_after_a_silence_is_believed() -> None:
    world = World()
    world.at("0s").sees(alert("Unmatched", ends_at_ms=START_MS + ms("4m")))
    world.at("6m").ticks()
    assert world.incident.state == "resolved"
    world.at("7m").sees(alert("Unmatched", ends_at_ms=START_MS + ms("11m")))
    assert world.incident.state == "escalated"


def test_after_a_silence_a_copy_from_before_it_changes_nothing() -> None:
    world = World()
    world.at("0s").sees(alert("Unmatched", ends_at_ms=START_MS + ms("4m")))
    world.at("6m").ticks()
    world.at("7m").sees(alert("Unmatched", ends_at_ms=START_MS + ms("4m")))
    assert world.incident.state == "resolved"


def test_after_a_silence_the_source_may_say_that_it_had_ended() -> None:
    world = World()
    end = START_MS + ms("30m")
    world.at("0s").sees(alert("Unmatched", ends_at_ms=START_MS + ms("4m")))
    world.at("6m").ticks()
    world.at("7m").sees(alert("Unmatched", AlertStatus.RESOLVED))
    world.at("8m").sees(alert("Unmatched", ends_at_ms=end))
    assert world.incident.state == "resolved", "a late copy of what its source has ended"


def test_nothing_is_done_for_an_alert_whose_time_was_over_before_the_target_was_seen() -> None:
    world = World()
    world.at("0s").sees(alert(ends_at_ms=START_MS + ms("30s")))
    look = world.only(Command)
    world.at("1m40s").observed(look)
    assert not world.given(Command)
    assert world.incident.state == "resolved"


def test_an_observation_from_the_future_has_no_age() -> None:
    world = World()
    world.at("0s").fires()
    world.at("1s").hears(observation(world.only(Command), START_MS + ms("1h")))
    assert (world.incident.state, world.reasons[-1]) == ("open", Reason.OBSERVATION_STALE)


def test_an_observation_of_another_target_is_no_answer() -> None:
    world = World()
    world.at("0s").fires()
    look = world.only(Command)
    other = replace(look, target=replace(look.target, name="database"))
    world.at("1s").observed(other)
    assert world.incident.state == "looking"


# Policies that go away, lie about their digest, or come twice.


def publish_many(world: World, count: int) -> None:
    for n in range(count):
        world.publishes(QUICK + f"# {n}\n")


@pytest.mark.parametrize("until", [CommandKind.LOOK, CommandKind.ACT, CommandKind.VERIFY])
def test_a_policy_that_was_pushed_out_by_newer_ones_leaves_its_incidents_to_a_human(
    until: CommandKind,
) -> None:
    world = World()
    world.at("0s").fires()
    if until is not CommandKind.LOOK:
        world.at("1s").observed(world.only(Command))
    if until is CommandKind.VERIFY:
        world.at("2s").answered(world.only(Command), OutcomeStatus.APPLIED)
    pending = world.every(Command)[-1]
    publish_many(world, 17)
    if until is CommandKind.LOOK:
        world.at("3s").observed(pending)
    elif until is CommandKind.ACT:
        world.at("3s").answered(pending, OutcomeStatus.APPLIED)
    else:
        world.at("1m2s").ticks()
    assert (world.incident.state, world.reasons[-1]) == ("escalated", Reason.POLICY_GONE)


def test_an_open_incident_whose_policy_is_gone_goes_on_under_the_one_in_force() -> None:
    world = World()
    world.at("0s").fires()
    world.at("1s").observed(world.only(Command), replicas_updated=1)
    assert world.reasons[-1] == Reason.ROLLING_OUT
    publish_many(world, 17)
    world.at("6s").ticks()
    world.observed(world.given(Command)[-1])
    assert world.only(Command).kind is CommandKind.ACT


def test_a_policy_goes_by_the_digest_that_it_was_published_under() -> None:
    """As when the one who publishes has another version of the regular expressions' library."""
    world = World(policy=None)
    world.hears(PolicyPublished("theirs", QUICK, "ann"), cluster=ALL_CLUSTERS)
    act = acted(world)
    assert world.incident.policy == "theirs"
    world.at("2s").answered(act, OutcomeStatus.APPLIED)
    assert world.incident.state == "verifying"


def test_a_digest_stands_for_one_text() -> None:
    world = World()
    other = QUICK.replace("namespaces: [shop]", "namespaces: [bank]")
    world.hears(PolicyPublished(digest_of(QUICK), other, "eve"), cluster=ALL_CLUSTERS)
    assert world.reasons[-1] == Reason.POLICY_DIGEST_TAKEN
    world.state = decode_state({k.encode(): encode_entry(e) for k, e in world.state.items()})
    acted(world)


def test_a_policy_without_a_digest_does_not_displace_the_one_in_force() -> None:
    world = World()
    world.hears(PolicyPublished("", QUICK, "eve"), cluster=ALL_CLUSTERS)
    assert world.reasons[-1] == Reason.POLICY_DIGEST_TAKEN
    acted(world)


def test_a_ladder_that_lost_its_rungs_hands_over() -> None:
    world = World()
    act = acted(world)
    head, _, _ = QUICK.partition("      - action: roll_back\n")
    world.publishes(head + "      - action: escalate\n")
    world.at("2s").answered(act, OutcomeStatus.FAILED, OutcomeReason.INVALID)
    assert (world.incident.state, world.reasons[-1]) == ("escalated", Reason.LADDER_SPENT)


# Names and sizes.


def test_names_that_senders_choose_do_not_run_into_each_other() -> None:
    assert alert_key("a/b", "c", "f") != alert_key("a", "b/c", "f")
    world = World()
    world.at("0s").fires("Unmatched", deployment="2,b=3")
    world.at("1s").fires("Unmatched,deployment=2", deployment="3")
    world.at("2s").fires("Unmatched", deployment="2,deployment=3")
    assert len({i.incident_id for i in world.every(Incident)}) == 3


def test_what_others_say_is_cut_before_it_is_kept() -> None:
    world = World()
    act = acted(world)
    world.at("2s").answered(act, OutcomeStatus.UNKNOWN, detail="x" * 1_000_000)
    assert max(len(entry.detail) for entry in world.incident.timeline) == DETAIL_CHARS_MAX
    assert sum(len(encode_entry(e)) for _, e in world.state.items()) < 20_000


def test_the_last_word_on_an_incident_still_counts_its_alerts() -> None:
    world = World()
    world.at("0s").sees(*(alert("Unmatched", pod=f"p{n}") for n in range(3)))
    gone = (alert("Unmatched", AlertStatus.RESOLVED, pod=f"p{n}") for n in range(3))
    world.at("1s").sees(*gone)
    world.at("11m").ticks()
    assert (world.incident.state, world.incident.members) == ("closed", 3)


def test_deadlines_that_have_moved_are_forgotten_in_the_end() -> None:
    state = State()
    for n in range(10 * MOVED_MAX):
        end = START_MS * 2 + n
        seen = AlertState("s", "f", AlertStatus.FIRING, 0, end, 0, 0, "")
        state.apply({"alert/c/s/f": seen})
    assert len(state._due) <= MOVED_MAX + 2
    assert state.due(START_MS * 3, 10) == ["alert/c/s/f"]
