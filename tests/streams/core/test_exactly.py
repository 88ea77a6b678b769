"""Limits to the millisecond and to the one: at the limit, and just beside it."""

from datetime import UTC, datetime
from typing import Any

import pytest

from schemas.notices import Notice
from schemas.remediation import Command, CommandKind, OutcomeReason, OutcomeStatus
from streams.core.keys import autonomy_key
from streams.core.ladder import autonomy
from streams.core.policy import Policy
from streams.core.rails import breaker
from streams.core.reasons import Reason
from streams.core.standing import AutonomyState, BreakerState
from streams.policy.load import compile_policy
from tests.builders import QUICK, START_MS, World, ms, observation
from tests.policies import CATALOGUE, ESCALATE, quick, step

BLIND, RATE, OPEN = Reason.WATCHDOG_MISSING, Reason.RATE_PER_MINUTE, Reason.BREAKER_OPEN
LIMITS = compile_policy(QUICK).limits


def looked(policy: str = QUICK, at_ms: int = 0, **seen: Any) -> World:
    """The look that was asked for at 0 s is answered at 1 s; `at_ms` after that it was taken."""
    world = World(policy)
    world.at("0s").fires()
    look = world.only(Command)
    world.at("1s").hears(observation(look, world.now_ms + at_ms, **seen))
    return world


def state_of(world: World) -> str:
    return world.incident.state


# Rails on what was seen.


@pytest.mark.parametrize(("offset_ms", "state"), [(0, "commanded"), (1, "escalated")])
def test_a_pause_ends_when_it_says(offset_ms: int, state: str) -> None:
    until = (START_MS + ms("1s") + offset_ms) / 1000
    when = datetime.fromtimestamp(until, UTC).isoformat()
    assert state_of(looked(paused_until=when)) == state


def test_a_pause_without_a_time_zone_pauses_for_good() -> None:
    assert state_of(looked(paused_until="2001-01-01T00:00:00")) == "escalated"


@pytest.mark.parametrize(("late_ms", "state"), [(30_000, "commanded"), (30_001, "open")])
def test_how_old_a_look_may_be(late_ms: int, state: str) -> None:
    assert state_of(looked(at_ms=-late_ms)) == state


@pytest.mark.parametrize(("lag_ms", "state"), [(30_000, "commanded"), (30_001, "open")])
def test_how_long_a_look_may_take(lag_ms: int, state: str) -> None:
    world = looked(quick(observation_age="1h"), at_ms=lag_ms - 1_000)
    assert state_of(world) == state


def test_who_owns_it_is_told_and_no_owner_hides_behind_an_autoscaler() -> None:
    world = looked(owner="HorizontalPodAutoscaler/cart,Application/shop,Kustomization/x")
    assert world.incident.reason == "owned_elsewhere"
    assert world.incident.timeline[-1].detail == "Application/shop, Kustomization/x"


@pytest.mark.parametrize(
    ("seen", "state"),
    [
        ({"nodes": 10, "nodes_ready": 8}, "commanded"),
        ({"nodes": 10, "nodes_ready": 7}, "open"),
        ({"nodes": 2, "nodes_ready": 1}, "commanded"),
        ({"nodes": 0, "nodes_ready": 0}, "commanded"),
    ],
)
def test_a_crowd_of_nodes_begins_at_ten(seen: dict[str, int], state: str) -> None:
    world = looked(**seen)
    assert state_of(world) == state
    if state == "open":
        assert world.incident.timeline[-1].detail == "3 of 10 are not ready"


def test_scaling_up_takes_no_pods_away() -> None:
    scale = quick(steps=step("scale", "parameters: {by: 1, max: 9}") + ESCALATE)
    world = looked(scale, nodes=5, nodes_ready=1, replicas_ready=0, unavailable_max=3)
    assert state_of(world) == "commanded"


@pytest.mark.parametrize(
    ("wanted", "away", "state"),
    [
        (3, 1, "commanded"),
        (9, 1, "commanded"),
        (9, 2, "awaiting_approval"),
        (10, 1, "commanded"),
        (10, 2, "awaiting_approval"),
        (30, 3, "commanded"),
        (30, 4, "awaiting_approval"),
    ],
)
def test_what_share_one_may_decide(wanted: int, away: int, state: str) -> None:
    counts = dict.fromkeys(("replicas_wanted", "replicas_ready", "replicas_updated"), wanted)
    assert state_of(looked(**counts, unavailable_max=away)) == state


def test_of_two_pods_none_may_go_without_two_people() -> None:
    counts = dict.fromkeys(("replicas_wanted", "replicas_ready", "replicas_updated"), 2)
    world = looked(quick(min_healthy="1", min_healthy_percent="1"), **counts, unavailable_max=1)
    assert state_of(world) == "awaiting_approval"


@pytest.mark.parametrize(("ready", "state"), [(3, "commanded"), (2, "open")])
def test_what_must_be_left(ready: int, state: str) -> None:
    """Three of four: the half and a bit, rounded up, and one away."""
    world = looked(
        quick(min_healthy="1"), replicas_wanted=3, replicas_ready=ready, unavailable_max=1
    )
    assert state_of(world) == state
    if state == "open":
        assert world.incident.timeline[-1].detail == "1 of 3 would be left, 2 needed"


def test_a_rollback_of_what_is_well_takes_pods_as_any_other() -> None:
    back = quick(steps=step("roll_back") + ESCALATE)
    assert state_of(looked(back, replicas_ready=3, unavailable_max=2)) == "open"


def test_what_forbids_it_is_said() -> None:
    world = looked(unavailable_max=1, pdb_allowed=0)
    assert world.incident.timeline[-1].detail == "a disruption budget forbids it"


# Rails on ourselves.

BRAKES = quick(
    "brakes: [{name: other, match: ['alertname=\"Burns\"'], actions: [scale]}, "
    "{name: same, match: ['alertname=\"Burns\"'], equal: [zone]}]"
)


@pytest.mark.parametrize(("zone", "reason"), [("a", "braked"), ("b", "dwell_over")])
def test_a_brake_holds_for_its_actions_and_for_equal_labels(zone: str, reason: str) -> None:
    world = World(BRAKES)
    world.at("0s").fires("Burns", deployment="", zone="a")
    world.fires(zone=zone)
    assert world.reasons[-1] == reason
    if reason == "braked":
        assert world.incident.timeline[-1].detail == "same"


@pytest.mark.parametrize(
    ("span", "reason"), [("4m59s", "dwell_over"), ("5m1s", "watchdog_missing")]
)
def test_how_long_a_watchdog_may_be_missing(span: str, reason: str) -> None:
    dog = "watchdogs: [{name: dog, match: ['alertname=\"Watchdog\"'], missing_after: 5m}]"
    world = World(quick(dog))
    world.at("0s").fires("Watchdog", deployment="")
    world.at(span).fires()
    assert world.reasons[-1] == reason


def test_everything_is_broken_only_when_everything_is() -> None:
    world = World(quick(CATALOGUE, crowd="3", storm_share_percent="100"))
    world.at("0s").fires("Slow", deployment="cart")
    world.fires(deployment="checkout")
    assert world.reasons[-1] == "dwell_over"


@pytest.mark.parametrize(("after", "reason"), [("59s999ms", RATE), ("60s", "dwell_over")])
def test_a_minute_is_a_minute(after: str, reason: str) -> None:
    world = World(quick(actions_per_minute="1", steps=step() + ESCALATE))
    world.at("0s").fires(deployment="a")
    world.obeys()
    world.disobeys()
    world.at(after).fires(deployment="b")
    assert world.reasons[-1] == reason


@pytest.mark.parametrize(("after", "reason"), [("14m59s999ms", "cooldown"), ("15m", "dwell_over")])
def test_a_target_cools_down_to_the_millisecond(after: str, reason: str) -> None:
    world = World(QUICK.replace("by: [alertname, deployment]", "by: [alertname, team]"))
    world.at("0s").fires(team="x")
    world.obeys()
    world.disobeys(OutcomeStatus.REJECTED, OutcomeReason.INVALID)
    world.at(after).fires(team="y")
    assert world.reasons[-1] == reason


def test_a_step_may_cool_down_longer_than_the_limits_say() -> None:
    long = step("restart", "cooldown: 2h") + ESCALATE
    world = World(quick(steps=long).replace("by: [alertname, deployment]", "by: [alertname, team]"))
    world.at("0s").fires(team="x")
    world.obeys()
    world.disobeys(OutcomeStatus.REJECTED, OutcomeReason.INVALID)
    world.at("1h").fires(team="y")
    assert world.reasons[-1] == Reason.COOLDOWN


def test_attempts_of_another_action_do_not_count() -> None:
    world = World(quick(attempts_per_target="1"))
    world.at("0s").fires()
    world.obeys()
    world.disobeys()
    world.at("5s").ticks()
    assert world.only(Command).action == "roll_back"


@pytest.mark.parametrize(("after", "reason"), [("4m59s999ms", "cooldown"), ("5m", "dwell_over")])
def test_a_service_cools_down_to_the_millisecond(after: str, reason: str) -> None:
    by_pod = quick(CATALOGUE, cooldown="1ms").replace("[alertname, deployment]", "[alertname, pod]")
    world = World(by_pod)
    world.at("0s").fires(pod="a")
    world.obeys()
    world.disobeys(OutcomeStatus.REJECTED, OutcomeReason.INVALID)
    world.at(after).fires(pod="b")
    assert world.reasons[-1] == reason


def test_a_freeze_of_another_cluster_is_none_here_and_who_froze_is_said() -> None:
    world = World()
    world.freezes(until="1h", cluster="us-1")
    world.at("1s").fires()
    assert state_of(world) == "looking"
    world.freezes(until="1h")
    world.at("2s").fires(deployment="cart")
    assert world.incident.timeline[-1].detail == "drill (ann)"


def test_a_freeze_of_the_policy_is_for_what_it_matches() -> None:
    days = "time_intervals: [{name: days, time_intervals: [{weekdays: [tuesday]}]}]"
    sale = "freezes: [{name: sale, during: [days], match: ['deployment=\"cart\"']}]"
    world = World(quick(days, sale))
    world.at("0s").fires()
    assert state_of(world) == "looking"
    world.fires(deployment="cart")
    assert world.incident.reason == "frozen"


# The breaker.


def noted(*results: bool) -> BreakerState:
    state = BreakerState()
    for n, worked in enumerate(results):
        state = breaker._noted(state, LIMITS, worked, START_MS + n)
    return state


@pytest.mark.parametrize(
    ("results", "opens"),
    [
        ("++++++++--", False),  # Four in five is enough.
        ("++++++-+--", True),
        ("++++++-+-", False),  # Fewer than ten are not judged.
        ("--+", False),
        ("---", True),
        ("+++++++++---", True),
    ],
)
def test_when_it_opens(results: str, opens: bool) -> None:
    """Below four in five of the last ten to twenty, or three failures in a row."""
    assert bool(noted(*(r == "+" for r in results)).opened_at_ms) is opens


def test_a_canary_that_fails_opens_it_again_and_one_that_works_closes_it() -> None:
    still_open = BreakerState((False,), START_MS, "incident-1")
    failed = breaker._noted(still_open, LIMITS, False, START_MS + 5)
    assert failed == BreakerState((False,), START_MS + 5, "")
    assert breaker._noted(still_open, LIMITS, True, START_MS + 5) == BreakerState()


@pytest.mark.parametrize(("after", "reason"), [("9m59s999ms", OPEN), ("10m", "dwell_over")])
def test_it_is_open_to_the_millisecond_and_says_which_it_is(after: str, reason: str) -> None:
    world = World(quick(steps=step() + ESCALATE, breaker_straight="1", breaker_open="10m"))
    world.at("0s").fires(deployment="a")
    world.obeys()
    world.disobeys()
    world.trusts()
    world.at(after).fires(deployment="b")
    assert world.reasons[-1] == reason
    if reason == OPEN:
        assert world.incident.timeline[-1].detail == "eu-1/errors"


# Approval and autonomy.


def test_a_yes_is_good_for_as_long_as_the_question_was() -> None:
    """Held by a freeze in between, it is asked again."""
    world = World(
        QUICK.replace("mode: auto", "mode: approve").replace("patience: 5m", "patience: 2h")
    )
    world.at("0s").fires()
    world.at("1s").obeys()
    world.at("2s").approves()
    world.freezes(until="15m1s")
    world.at("3s").obeys()
    assert world.incident.reason == "frozen"
    world.at("15m2s").ticks()
    world.obeys()
    assert world.reasons[-1] == Reason.APPROVAL_VOID


def test_a_proposal_is_of_its_parameters_too() -> None:
    def proposal(by: int) -> str:
        scale = step("scale", f"parameters: {{by: {by}, max: 9}}", "approval: always")
        return looked(quick(steps=scale + ESCALATE)).incident.proposal

    assert proposal(1) != proposal(2)


def test_a_question_waits_for_people_and_not_for_the_look() -> None:
    world = looked(QUICK.replace("mode: auto", "mode: approve"))
    look = world.every(Command)[0]
    world.at("2s").observed(look)
    assert world.notices() == ["approval"]
    assert world.incident.timeline[-1].detail == f"restart {look.target}"


def test_a_step_may_go_less_far_than_its_playbook() -> None:
    steps = step("restart", "mode: dry-run") + ESCALATE
    assert looked(quick(steps=steps)).incident.reason == "dry_run"


def proven(cases: tuple[bool, ...], since: str, policy: Policy) -> bool:
    state = AutonomyState("ladder", cases, START_MS)
    return autonomy._is_proven(state, policy.limits, START_MS + ms(since))


def test_when_a_playbook_has_shown_enough() -> None:
    """Twenty cases in fourteen days, nineteen of them agreed with."""
    policy = compile_policy(QUICK)
    nineteen = (*(True,) * 19, False)
    assert proven(nineteen, "14d", policy)
    assert not proven(nineteen, "13d", policy)
    assert not proven((*(True,) * 18, False, False), "14d", policy)
    assert not proven((True,) * 19, "14d", policy)


def test_a_new_ladder_does_not_lift_a_demotion_and_doubts_take_a_grant_back() -> None:
    shadow = quick(shadow_cases="1", shadow_for="1ms").replace("mode: auto", "mode: shadow")
    world = looked(shadow)
    key = autonomy_key("eu-1", "errors")
    world.state.apply({key: AutonomyState("older", (True,), START_MS, True, demoted=True)})
    world.at("2s").approves()
    (ladder,) = {i.ladder for i in incidents_held(world)}
    assert world.state.get(key) == AutonomyState(ladder, (True,), START_MS + ms("2s"), False, True)
    world.at("3s").fires(deployment="cart")
    world.obeys()
    world.approves()
    assert Reason.PROVEN in world.reasons
    world.at("4s").fires(deployment="web")
    world.obeys()
    world.rejects()
    assert world.reasons[-2:] == [Reason.NOT_YET_PROVEN, Reason.DISAGREED]


def incidents_held(world: World) -> list[Any]:
    return [e for k, e in world.state.items() if k.startswith("incident/")]


def test_no_act_was_sent_by_what_only_asks() -> None:
    world = looked(QUICK.replace("mode: auto", "mode: approve"))
    assert [c.kind for c in world.every(Command)] == [CommandKind.LOOK]


AT_NIGHT = quick(
    """
time_intervals:
  - {name: nights, time_intervals: [{times: [{start_time: "22:00", end_time: "23:00"}]}]}
"""
).replace("receivers: [ops]", "receivers: [ops, day]")
ROUTES = """
  routes:
    - matchers: ['deployment="checkout"']
      receiver: day
      mute_time_intervals: [nights]
      continue: %s
    - {matchers: ['deployment="checkout"'], receiver: %s}
"""


@pytest.mark.parametrize(
    ("at", "second", "told"),
    [("0s", "ops", ("ops",)), ("1h", "ops", ("day", "ops")), ("0s", "day", ("day",))],
)
def test_who_is_muted_now_is_not_told_unless_another_route_tells_them(
    at: str, second: str, told: tuple[str, ...]
) -> None:
    """It is 22:13; somebody else is told meanwhile, or the same person by another way."""
    routes = ROUTES.replace("%s", "true", 1).replace("%s", second, 1)
    world = World(AT_NIGHT.replace("  repeat_interval: 1h\n", f"  repeat_interval: 1h{routes}"))
    world.at(at).fires("Unmatched")
    assert world.only(Notice).receivers == told
