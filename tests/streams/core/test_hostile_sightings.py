"""Sightings late, early, doubled and out of order: each history once was told wrong."""

import itertools

import pytest

from schemas.alerts import AlertStatus, Sighting
from streams.core.entries import AlertState, IncidentState
from tests.builders import START_MS, World, alert, ms
from tests.policies import quick
from tests.streams.core.test_model import recovered


def firing(world: World) -> bool:
    (found,) = [e for _, e in world.state.items() if isinstance(e, AlertState)]
    return found.status is AlertStatus.FIRING


def begins(at_ms: int) -> Sighting:
    return alert("Unmatched", starts_at_ms=START_MS + at_ms)


def ends(at_ms: int) -> Sighting:
    return alert("Unmatched", AlertStatus.RESOLVED, starts_at_ms=START_MS + at_ms)


def test_the_end_of_an_earlier_firing_does_not_end_one_that_began_meanwhile() -> None:
    world = World()
    world.at("0s").sees(begins(0))
    world.at("2s").sees(begins(1_000))
    world.at("3s").sees(ends(0))
    assert firing(world)


def test_a_firing_that_comes_after_its_own_end_is_an_old_copy_also_of_a_known_alert() -> None:
    world = World()
    world.at("0s").sees(begins(0))
    world.at("2s").sees(ends(1_000))
    world.at("3s").sees(begins(1_000))
    assert not firing(world)


def test_an_end_of_what_has_ended_already_may_be_of_a_firing_that_is_still_to_come() -> None:
    world = World()
    world.at("0s").sees(begins(0))
    world.at("1s").sees(ends(0))
    world.at("2s").sees(ends(1_000))
    world.at("3s").sees(begins(1_000))
    assert not firing(world)


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))), ids=str)
def test_the_order_within_a_delivery_says_nothing(order: tuple[int, ...]) -> None:
    seen = [begins(0), ends(0), begins(1_000), ends(1_000)]
    world, other = World(), World()
    for one, rows in ((world, seen), (other, [seen[n] for n in order])):
        one.at("2s").sees(*rows)
        one.at("3s").ticks()
    assert world.reasons == other.reasons
    assert not firing(other)


def test_who_opens_an_incident_does_not_depend_on_the_order() -> None:
    pods = [alert("Unmatched", pod=f"p{n}") for n in range(4)]
    titles = set()
    for order in itertools.permutations(pods):
        world = World()
        world.at("0s").sees(*order)
        titles.add(world.incident.labels["pod"])
    assert len(titles) == 1


def test_a_measurement_that_is_no_number_is_not_kept() -> None:
    world = World()
    for value in (0.2, float("nan"), float("inf")):
        world.at("0s").detects(value)
        world.state = recovered(world.state)
    assert held(world).measured == {"errors": 0.2}


def test_what_was_measured_is_brought_up_to_date_however_many_rules_there_are() -> None:
    world = World()
    for n in range(40):
        world.at("0s").detects(0.5, rule=f"rule-{n}")
    world.at("1s").detects(0.9, rule="rule-3")
    assert held(world).measured["rule-3"] == 0.9


def held(world: World) -> IncidentState:
    (found,) = [e for _, e in world.state.items() if isinstance(e, IncidentState)]
    return found


def test_no_command_for_an_alert_that_lapsed_however_much_else_is_due() -> None:
    from schemas.remediation import Command, CommandKind

    world = World(quick(burst="9"))
    before = START_MS - ms("50s")
    others = [alert("Unmatched", pod=f"p{n}", ends_at_ms=before) for n in range(600)]
    world.at("0s").sees(alert(ends_at_ms=before + 1), *others)
    look = next(c for c in world.given(Command))
    world.at("11s").observed(look)
    assert [c.kind for c in world.every(Command)] == [CommandKind.LOOK]


def test_a_watchdog_that_a_policy_adds_is_watched_though_its_alert_fires_already() -> None:
    watched = quick(
        "watchdogs: [{name: dog, match: ['alertname=\"Watchdog\"'], missing_after: 1m}]",
        patience="1h",
    )
    world = World()
    world.at("0s").fires("Watchdog")
    world.publishes(watched)
    for second in range(10, 900, 10):
        world.at(f"{second}s").sees(alert("Watchdog"))
    world.fires()
    assert world.reasons[-1] == "dwell_over"
