"""What is done for a time alone is undone when that is over: once, when it may be, and in the
sight of people where it cannot be."""

import pytest

from schemas.notices import Notice
from schemas.remediation import Command, CommandKind, OutcomeReason, OutcomeStatus
from streams.core.entries import LeaseState
from streams.core.keys import scope_key
from streams.core.partition import ScopeState
from tests.builders import World, alert
from tests.golden.leases import FOR_AN_HOUR, done_and_verified
from tests.policies import ESCALATE, quick, step

SCALES = "parameters: {by: 1, max: 9}"


@pytest.fixture
def lent() -> World:
    """Scaled for an hour, verified, and its incident closed."""
    world = World(FOR_AN_HOUR)
    done_and_verified(world)
    world.at("11m").ticks()
    assert world.incident.state == "closed"
    return world


def undoings(world: World) -> list[Command]:
    return [c for c in world.every(Command) if c.kind is CommandKind.ROLLBACK]


def leases(world: World) -> list[LeaseState]:
    return [entry for _, entry in world.state.items() if isinstance(entry, LeaseState)]


def test_it_is_bound_to_what_its_act_has_left(lent: World) -> None:
    act = next(c for c in lent.every(Command) if c.kind is CommandKind.ACT)
    lent.at("1h2s").ticks()
    undo = lent.only(Command)
    assert (undo.kind, undo.undoes, undo.target) == ("rollback", act.command_id, act.target)
    assert (undo.uid, undo.generation, undo.marker) == (act.uid, act.generation, act.marker)
    assert undo.parameters == {"replicas": "3"}
    assert undo.expires_at_ms == lent.now_ms + 120_000


def test_whoever_is_asked_reads_for_how_long() -> None:
    world = World(quick(steps=step("scale", SCALES, "lasts: 1h", "approval: always") + ESCALATE))
    world.at("0s").fires()
    world.at("1s").obeys()
    assert "for 3600 s" in world.only(Notice).text


def test_not_a_moment_before(lent: World) -> None:
    lent.at("1h1s").ticks()
    assert undoings(lent) == []
    lent.at("1h2s").ticks()
    assert len(undoings(lent)) == 1


def test_the_incident_and_the_clock_would_order_the_same_command() -> None:
    """So it has its effect once, whoever is first."""
    by_itself, by_the_clock = World(FOR_AN_HOUR), World(FOR_AN_HOUR)
    for world in (by_itself, by_the_clock):
        world.at("0s").fires()
        world.at("1s").obeys()
        world.at("2s").obeys(undo={"replicas": "3"})
    by_the_clock.at("5s").clears()
    for world in (by_itself, by_the_clock):
        world.at("1m2s").ticks()
    by_the_clock.at("1h2s").ticks()
    assert [c.command_id for c in undoings(by_itself)] == [
        c.command_id for c in undoings(by_the_clock)
    ]
    assert leases(by_itself) == []


def test_what_left_nothing_to_undo_is_not_lent() -> None:
    world = World(FOR_AN_HOUR)
    world.at("0s").fires()
    world.at("1s").obeys()
    world.at("2s").obeys(undo={})
    assert leases(world) == []


@pytest.mark.parametrize("stops", ["kill", "freeze", "clock", "policy"])
def test_what_stops_an_action_stops_it(lent: World, stops: str) -> None:
    lent.at("1h1s")
    match stops:
        case "kill":
            lent.kills("eu-1")
        case "freeze":
            lent.freezes(until="2h")
        case "clock":
            lent.ticks(host_at_ms=lent.now_ms + 3_600_000)
        case "policy":
            lent.publishes(FOR_AN_HOUR.replace("namespaces: [shop]", "namespaces: [other]"))
    lent.at("1h2s").ticks(host_at_ms=lent.now_ms + 3_601_000 if stops == "clock" else None)
    assert undoings(lent) == []


def test_a_namespace_that_is_no_longer_ours_leaves_it_to_people(lent: World) -> None:
    lent.at("1h1s").publishes(FOR_AN_HOUR.replace("namespaces: [shop]", "namespaces: [other]"))
    lent.at("1h2s").ticks()
    told = lent.only(Notice)
    assert told.kind == "lease"
    assert "namespace_not_allowed" in told.text
    assert leases(lent) == []


def test_it_takes_a_place_and_locks_its_target(lent: World) -> None:
    lent.at("1h2s").ticks()
    scope = lent.state.get(scope_key("eu-1"))
    assert isinstance(scope, ScopeState)
    assert scope.in_flight == (lent.only(Command).command_id,)
    lent.at("1h3s").fires()
    assert lent.incident.reason == "target_locked"
    lent.answered(undoings(lent)[-1], OutcomeStatus.APPLIED)
    lent.at("1h8s").ticks()
    assert lent.incident.state == "looking"


def test_it_waits_for_its_place(lent: World) -> None:
    """As many as may be are under way: one more would be too many."""
    for n in range(3):
        lent.at("1h").fires(deployment=f"d{n}")
        lent.obeys()
    lent.at("1h2s").ticks()
    assert undoings(lent) == []
    assert "too_many_at_once" in lent.reasons


def test_it_waits_for_whoever_acts_there(lent: World) -> None:
    lent.at("1h1s").fires()
    lent.obeys()
    lent.at("1h1s").clears()
    lent.at("1h2s").ticks()
    assert undoings(lent) == []
    assert "target_locked" in lent.reasons


@pytest.mark.parametrize("late", [OutcomeStatus.APPLIED, OutcomeStatus.FAILED])
def test_what_is_said_after_the_end_changes_nothing(lent: World, late: OutcomeStatus) -> None:
    lent.at("1h2s").ticks()
    undo = lent.only(Command)
    lent.at("1h3s").answered(undo, OutcomeStatus.APPLIED)
    lent.at("1h4s").answered(undo, late)
    assert lent.given(Notice) == []
    assert lent.given(Command) == []


@pytest.mark.parametrize(
    "reason",
    [
        OutcomeReason.EXPIRED,
        OutcomeReason.THROTTLED,
        OutcomeReason.API_DOWN,
        OutcomeReason.KILLED,
        OutcomeReason.TOO_FEW_HEALTHY,
        OutcomeReason.NO_HEARTBEAT,
    ],
)
def test_what_says_more_of_the_moment_is_tried_again(lent: World, reason: OutcomeReason) -> None:
    for n in range(3):
        lent.at(f"{60 + 11 * n}m2s").ticks()
        lent.at(f"{60 + 11 * n}m3s").disobeys(OutcomeStatus.REJECTED, reason)
    ids = [c.command_id for c in undoings(lent)]
    assert len(set(ids)) == 3
    told = [n for n in lent.every(Notice) if n.kind == "lease"]
    assert len(told) == 1, "people hear of it once"


@pytest.mark.parametrize(
    "reason",
    [
        OutcomeReason.STALE,
        OutcomeReason.NOT_FOUND,
        OutcomeReason.FORBIDDEN,
        OutcomeReason.OWNED_ELSEWHERE,
        OutcomeReason.NOT_OPTED_IN,
    ],
)
def test_what_will_not_change_is_left_to_people(lent: World, reason: OutcomeReason) -> None:
    lent.at("1h2s").ticks()
    lent.at("1h3s").disobeys(OutcomeStatus.REJECTED, reason)
    assert "It is yours" in lent.only(Notice).text
    lent.at("9h").ticks()
    assert len(undoings(lent)) == 1
    assert leases(lent) == []


def test_notices_of_two_of_one_incident_are_two() -> None:
    """Two targets, two leases, each with a word of its own."""
    twice = quick(steps=step("scale", SCALES, "lasts: 1h") * 2 + ESCALATE)
    world = World(twice)
    world.at("0s").fires()
    world.at("1s").obeys()
    world.at("2s").obeys(undo={"replicas": "3"})
    world.at("1m2s").ticks()
    world.at("1m3s").obeys(marker="m")
    world.at("1m4s").obeys(undo={"replicas": "4"})
    world.at("1m10s").clears()
    world.at("3m").ticks()
    for _ in range(4):
        world.at("1h2m").ticks()
        for undo in undoings(world):
            world.answered(undo, OutcomeStatus.APPLIED)
        world.later("30s").ticks()
    ids = [n.notice_id for n in world.every(Notice)]
    assert len(ids) == len(set(ids))
    assert len([n for n in world.every(Notice) if n.kind == "lease"]) == 2


def test_while_its_service_still_fails_it_stands() -> None:
    """Other alerts of the same service count as well."""
    services = "services: [{name: shop, match: ['namespace=\"shop\"']}]"
    world = World(quick(services, steps=step("scale", SCALES, "lasts: 1h") + ESCALATE))
    done_and_verified(world)
    world.at("59m").sees(alert("Other", deployment="cart"))
    world.at("1h2s").ticks()
    assert undoings(world) == []
    assert "still_needed" in world.reasons
