"""An alert that ends while its command is on its way: what is withdrawn, and what that costs."""

import pytest

from schemas.controls import ALL_CLUSTERS, ControlKind
from schemas.remediation import Command, CommandKind, OutcomeReason, OutcomeStatus, Withdrawal
from streams.core.entries import IncidentState
from streams.core.keys import breaker_key, scope_key
from streams.core.lifecycle import Phase
from streams.core.partition import ScopeState
from streams.core.standing import AutonomyState, BreakerState
from tests.builders import QUICK, World, alert
from tests.golden.ladder import DRAINING
from tests.policies import ESCALATE, quick, step

CLEARED = (OutcomeStatus.REJECTED, OutcomeReason.CONDITION_CLEARED)
UNDOING = quick(steps=step("scale", "parameters: {by: 1, max: 9}", "undo: true") + ESCALATE)


def ordered(world: World) -> Command:
    world.at("0s").fires()
    world.at("1s").obeys()
    return world.only(Command)


def of(world: World) -> IncidentState:
    return next(e for _, e in world.state.items() if isinstance(e, IncidentState))


def test_it_names_the_command_and_ends_when_that_does() -> None:
    world = World()
    act = ordered(world)
    world.at("2s").clears()
    assert world.only(Withdrawal) == Withdrawal(
        act.command_id,
        act.cluster,
        act.incident_id,
        act.target,
        world.now_ms,
        act.expires_at_ms,
        act.incident_id,
    )
    assert of(world).phase is Phase.COMMANDED


def test_as_long_as_one_of_its_alerts_fires_nothing_is_withdrawn() -> None:
    world = World()
    world.at("0s").fires(pod="a")
    world.fires(pod="b")
    world.at("1s").obeys()
    world.at("2s").clears(pod="a")
    assert not world.every(Withdrawal)
    world.at("3s").clears(pod="b")
    assert world.only(Withdrawal)


def test_alerts_that_lapse_have_ended_too() -> None:
    world = World()
    world.at("0s").sees(alert(ends_at_ms=world.now_ms + 1_000))
    world.at("1s").obeys()
    world.at("1m2s").ticks()
    assert world.only(Withdrawal)


def test_what_was_announced_is_not_withdrawn() -> None:
    world = World()
    ordered(world)
    world.at("2s").announces()
    world.at("3s").clears()
    assert not world.every(Withdrawal)


def test_an_undo_is_not_withdrawn() -> None:
    world = World(UNDOING)
    ordered(world)
    world.at("2s").obeys(undo={"replicas": "3"})
    world.at("1m2s").ticks()
    assert world.every(Command)[-1].kind is CommandKind.ROLLBACK
    world.at("1m3s").clears()
    assert not world.every(Withdrawal)


def test_what_a_candidate_would_do_is_not_withdrawn() -> None:
    world = World()
    candidate = {"digest": "candidate-1", "source": f"{QUICK}# newer\n"}
    world.orders(ControlKind.CANDIDATE, cluster=ALL_CLUSTERS, **candidate)
    ordered(world)
    world.at("2s").clears()
    assert len(world.every(Withdrawal)) == 1


def test_its_place_in_the_budget_stays_spent_and_its_target_is_free() -> None:
    world = World()
    ordered(world)
    world.at("2s").clears()
    world.at("3s").disobeys(*CLEARED)
    scope = world.state.get(scope_key("eu-1"))
    assert isinstance(scope, ScopeState)
    assert (len(scope.acted_at_ms), scope.in_flight) == (1, ())
    world.at("4s").fires()
    world.at("5s").ticks()
    world.obeys()
    assert world.only(Command).kind is CommandKind.ACT


@pytest.mark.parametrize("back", [True, False], ids=["fires again", "stays clear"])
def test_nothing_is_held_against_the_playbook(back: bool) -> None:
    """Neither by its breaker nor by its autonomy, however the incident ends then."""
    world = World(quick(steps=step("restart", "attempts: 1") + ESCALATE))
    ordered(world)
    world.at("2s").clears()
    if back:
        world.at("3s").fires()
    world.at("4s").disobeys(*CLEARED)
    world.at("5s").fires()
    for second in range(6, 60, 5):
        world.at(f"{second}s").ticks()
        if world.incident.state == "looking":
            world.obeys(opted_in=False)
    assert world.incident.state == "escalated"
    assert not [e for _, e in world.state.items() if isinstance(e, AutonomyState)]
    breaker = world.state.get(breaker_key("eu-1", "errors"))
    assert breaker is None or (isinstance(breaker, BreakerState) and not breaker.results)


def test_the_canary_of_a_breaker_is_let_go() -> None:
    """The next incident may try."""
    world = World(quick(breaker_straight="1", breaker_open="1m"))
    ordered(world)
    world.at("2s").disobeys()
    world.at("3s").clears()
    world.at("2m").fires(deployment="cart")
    world.at("2m1s").obeys()
    key = breaker_key("eu-1", "errors")
    canary = world.state.get(key)
    assert isinstance(canary, BreakerState)
    assert canary.canary == world.incident.incident_id
    world.at("2m2s").clears(deployment="cart")
    world.at("2m3s").disobeys(*CLEARED)
    free = world.state.get(key)
    assert isinstance(free, BreakerState)
    assert (free.canary, free.opened_at_ms) == ("", canary.opened_at_ms)


def test_nobody_knows_without_an_answer() -> None:
    """An executor that never heard of it, or died with it in hand: a human, as ever."""
    world = World()
    ordered(world)
    world.at("2s").clears()
    world.at("3m").ticks()
    assert (world.incident.state, world.incident.reason) == ("escalated", "no_outcome")


def test_a_flapping_alert_does_not_have_it_try_for_ever() -> None:
    """Each order counts as an attempt of its incident."""
    world = World(quick(flap_transitions="16"))
    for second in range(0, 600, 20):
        world.at(f"{second}s").fires()
        world.ticks()
        world.at(f"{second + 10}s").ticks()
        if world.incident.state == "looking":
            world.obeys()
        if world.incident.state == "commanded":
            world.clears()
            world.disobeys(*CLEARED)
    acts = [c for c in world.every(Command) if c.kind is CommandKind.ACT]
    assert len({c.command_id for c in acts}) == len(acts)
    assert 1 < len(acts) <= 3


def test_a_second_step_that_was_withdrawn_is_taken_again() -> None:
    """The first was carried out, and did not help; that the second would not, nobody knows."""
    world = World()
    ordered(world)
    world.at("2s").obeys()
    world.at("1m2s").ticks()
    world.at("1m7s").ticks()
    world.at("1m8s").obeys(generation=5, observed_generation=5)
    second = world.only(Command)
    assert (second.kind, second.step) == (CommandKind.ACT, 1)
    world.at("1m9s").clears()
    world.at("1m10s").disobeys(*CLEARED)
    world.at("2m").fires()
    world.at("2m5s").ticks()
    look = world.every(Command)[-1]
    assert (look.kind, look.step, look.action) == (CommandKind.LOOK, 1, second.action)


def test_the_first_step_stays_the_first_until_something_was_done() -> None:
    world = World(quick(flap_transitions="16"))
    ordered(world)
    world.at("2s").clears()
    world.at("3s").disobeys(*CLEARED)
    for second in (10, 20):
        world.at(f"{second}s").fires()
        world.at(f"{second + 1}s").ticks()
        assert (world.incident.state, world.incident.step) == ("looking", 0)
        world.at(f"{second + 2}s").clears()
        assert world.incident.reason == "alerts_clear"


def test_a_drain_goes_on_where_its_node_fails_again() -> None:
    world = World(DRAINING)
    world.at("0s").fires(node="n1")
    world.at("1s").obeys()
    world.at("2s").obeys()
    world.at("4s").ticks()
    world.at("5s").obeys()
    world.at("6s").clears(node="n1")
    world.at("7s").fires(node="n1")
    world.at("8s").disobeys(*CLEARED)
    world.at("10s").ticks()
    world.at("11s").obeys()
    again = world.only(Command)
    assert (again.kind, again.step, again.attempt) == (CommandKind.ACT, 0, 2)
