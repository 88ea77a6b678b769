"""Ways around the rails: each history once found one."""

import pytest

from schemas.controls import ControlKind
from schemas.incidents import Incident
from schemas.remediation import Command, CommandKind, OutcomeReason, OutcomeStatus
from streams.core.reasons import Reason
from streams.core.standing import BreakerState, StormState
from tests.builders import World
from tests.policies import ESCALATE, quick, step

GRADUAL = step("restart", "repeat: {times: 30, pause: 1s}")
FAST = "verify: {first_check: 1s, every: 1s, hold: 1s, deadline: 1h, probes: [rollout]}"
WIDE = {
    "burst": "900",
    "actions_per_minute": "900",
    "actions_per_hour": "900",
    "attempts_per_incident": "900",
    "cooldown": "1ms",
}


def acts(world: World) -> list[Command]:
    return [c for c in world.every(Command) if c.kind is CommandKind.ACT]


def acted(world: World, deployment: str = "checkout") -> Command:
    """Fires, is looked at, and its ACT is out."""
    world.fires(deployment=deployment)
    look = [c for c in world.given(Command) if c.target.name == deployment][-1]
    world.observed(look, uid=deployment)
    return [c for c in world.given(Command) if c.kind is CommandKind.ACT][-1]


def obeyed(world: World, most: int) -> None:
    """A good executor whose actions pass their probes, while the alerts fire on."""
    for _ in range(most):
        for command in world.given(Command):
            if command.kind is CommandKind.LOOK:
                world.observed(command)
            elif command.kind is CommandKind.ACT:
                world.answered(command, OutcomeStatus.APPLIED)
            else:
                world.checked(command, passed=True)
            break
        else:
            world.later("1s").ticks()


# Budgets.


def test_portions_do_not_push_attempts_out_of_memory() -> None:
    steps = step("restart", "repeat: {times: 30, pause: 0s}", verify=FAST) + ESCALATE
    world = World(quick(steps=steps, **WIDE, attempts_per_target="1"))
    world.at("0s").fires()
    obeyed(world, 140)
    assert len(acts(world)) == 30
    world.clears()
    world.later("2h").ticks()
    world.later("2h").ticks()
    assert world.incident.state == "closed"
    world.fires()
    assert world.reasons[-1] == Reason.ATTEMPTS_SPENT


def test_a_portion_that_was_refused_does_not_begin_the_step_anew() -> None:
    steps = step("restart", "repeat: {times: 3, pause: 0s}", verify=FAST) + ESCALATE
    world = World(quick(steps=steps, **WIDE))
    world.at("0s").fires()
    applied = 0
    for n in range(60):
        for command in world.given(Command):
            if command.kind is CommandKind.LOOK:
                world.observed(command)
            elif command.kind is CommandKind.ACT and applied == 2 and n < 20:
                world.answered(command, OutcomeStatus.REJECTED, OutcomeReason.STALE)
            elif command.kind is CommandKind.ACT:
                applied += 1
                world.answered(command, OutcomeStatus.APPLIED)
            else:
                world.checked(command, passed=True)
            break
        else:
            world.later("1s").ticks()
    assert applied <= 3


def test_a_portion_that_is_refused_again_and_again_ends_with_a_human() -> None:
    steps = step("restart", "repeat: {times: 3, pause: 0s}", verify=FAST) + ESCALATE
    world = World(quick(steps=steps, **{**WIDE, "attempts_per_incident": "3"}))
    world.at("0s").fires()
    refused = 0
    for _ in range(200):
        for command in world.given(Command):
            if command.kind is CommandKind.LOOK:
                world.observed(command)
            elif command.kind is CommandKind.ACT and len(acts(world)) > 1:
                refused += 1
                world.answered(command, OutcomeStatus.REJECTED, OutcomeReason.STALE)
            elif command.kind is CommandKind.ACT:
                world.answered(command, OutcomeStatus.APPLIED)
            else:
                world.checked(command, passed=True)
            break
        else:
            world.later("1s").ticks()
    assert (world.incident.state, world.incident.reason) == ("escalated", "attempts_spent")
    assert refused <= 3


def test_a_step_after_a_gradual_one_counts_as_an_attempt() -> None:
    steps = (
        step("restart", "repeat: {times: 2, pause: 0s}", verify=FAST)
        + step("roll_back", verify=FAST)
        + ESCALATE
    )
    world = World(quick(steps=steps, **{**WIDE, "attempts_per_incident": "1"}))
    world.at("0s").fires()
    obeyed(world, 8)
    assert len(acts(world)) == 2
    world.clears()
    obeyed(world, 8)
    assert world.incident.state == "resolved"
    world.fires()
    assert (world.incident.state, world.reasons[-1]) == ("escalated", Reason.ATTEMPTS_SPENT)


# Patience.


def test_a_storm_costs_no_patience() -> None:
    world = World(quick(storm_incidents="1", storm_cooldown="10m", actions_per_hour="1"))
    world.at("0s")
    world.answered(acted(world, "a"), OutcomeStatus.FAILED, OutcomeReason.INVALID)
    world.at("1s").fires(deployment="b")
    assert of(world, "b").reason == "storm"
    for second in range(5, 880, 5):
        world.at(f"{second}s").ticks()
    assert (of(world, "b").state, of(world, "b").reason) == ("open", "rate_per_hour")
    for second in range(880, 1000, 5):
        world.at(f"{second}s").ticks()
    assert of(world, "b").state == "escalated"


def of(world: World, deployment: str) -> Incident:
    return next(i for i in world.incidents() if i.labels.get("deployment") == deployment)


# A ladder of many steps.


def test_a_ladder_of_steps_that_are_all_passed_over_ends_with_a_human() -> None:
    steps = "".join(step("restart", "when: count > 900") for _ in range(40)) + ESCALATE
    world = World(quick(steps=steps))
    world.at("0s").fires()
    assert (world.incident.state, world.reasons[-1]) == ("escalated", Reason.LADDER_SPENT)


# The breaker.

BREAKS = quick(steps=step() + ESCALATE, **{**WIDE, "concurrent": "9", "breaker_straight": "2"})


def breaker(world: World, key: str = "breaker/eu-1/errors") -> BreakerState:
    found = world.state.get(key)
    assert isinstance(found, BreakerState)
    return found


def opened(world: World) -> None:
    world.at("0s")
    for name in "ab":
        world.answered(acted(world, name), OutcomeStatus.FAILED, OutcomeReason.INVALID)
        world.orders(ControlKind.TRUST, playbook="errors")
    assert breaker(world).opened_at_ms


def test_only_the_canary_closes_the_breaker() -> None:
    world = World(BREAKS)
    world.at("0s")
    early = acted(world, "early")
    opened(world)
    world.at("1s").answered(early, OutcomeStatus.APPLIED)
    world.at("2s").clears(deployment="early")
    world.at("12s").ticks()
    world.checked(world.only(Command), passed=True)
    assert [i.state for i in world.incidents() if i.labels["deployment"] == "early"] == ["resolved"]
    assert breaker(world).opened_at_ms


def test_a_half_open_breaker_lets_one_through() -> None:
    world = World(BREAKS)
    opened(world)
    world.at("31m").fires(deployment="c")
    look_c = world.given(Command)[-1]
    world.fires(deployment="d")
    look_d = world.given(Command)[-1]
    world.observed(look_c, uid="c")
    world.observed(look_d, uid="d")
    assert [a.target.name for a in acts(world)] == ["a", "b", "c"]
    assert world.reasons[-1] == Reason.BREAKER_OPEN


@pytest.mark.parametrize("status", [OutcomeStatus.UNKNOWN, OutcomeStatus.REJECTED])
def test_a_canary_that_tells_nothing_does_not_stop_everybody_for_good(
    status: OutcomeStatus,
) -> None:
    world = World(BREAKS)
    opened(world)
    world.at("31m")
    world.answered(acted(world, "canary"), status, OutcomeReason.FORBIDDEN)
    assert world.incident.state == "escalated"
    world.at("40m").orders(ControlKind.TRUST, playbook="errors")
    world.fires(deployment="d")
    assert world.reasons[-1] == Reason.BREAKER_OPEN, "it is open again"
    world.at("1h32m").fires(deployment="e")
    assert world.given(Command)[-1].kind is CommandKind.LOOK


def test_a_playbook_may_have_any_name() -> None:
    world = World(BREAKS.replace("name: errors", 'name: "*"'))
    world.at("0s")
    world.answered(acted(world, "a"), OutcomeStatus.FAILED, OutcomeReason.INVALID)
    kept = [e for _, e in world.state.items() if isinstance(e, BreakerState)]
    assert [b.results for b in kept] == [(False,), (False,)]


# Storms.


def test_a_storm_ends_and_leaves_nothing_behind() -> None:
    world = World(quick(storm_incidents="1", storm_cooldown="10m"))
    world.at("0s").fires("A", deployment="a")
    world.fires("B", deployment="b")
    (storm,) = [i for i in world.incidents() if i.labels["alertname"] == "MendlogStorm"]
    assert storm.state == "escalated"
    world.at("11m").ticks()
    (storm,) = [i for i in world.incidents() if i.labels["alertname"] == "MendlogStorm"]
    assert storm.state == "resolved"
    world.at("30h").ticks()
    world.ticks()
    assert not [e for _, e in world.state.items() if isinstance(e, StormState)]
    assert not world.state.due(world.now_ms, 10)


def test_nothing_is_undone_in_a_freeze() -> None:
    undoing = quick(steps=step("scale", "parameters: {by: 1, max: 9}", "undo: true") + ESCALATE)
    world = World(undoing)
    world.at("0s")
    world.answered(acted(world), OutcomeStatus.APPLIED, undo={"replicas": "3"})
    world.at("1s").freezes(until="1h")
    world.at("61s").ticks()
    assert not [c for c in world.every(Command) if c.kind is CommandKind.ROLLBACK]
    assert (world.incident.state, world.reasons[-1]) == ("escalated", Reason.FROZEN)
