"""Incidents that become one in ways that nobody planned: each history once broke a rule."""

import pytest

from schemas.alerts import AlertStatus
from schemas.remediation import Command, CommandKind
from streams.core.entries import AlertState, CrowdState, GroupState, IncidentState
from tests.builders import World, alert
from tests.policies import CATALOGUE, CORRELATED, quick

TOLD_LATER = quick(CATALOGUE, CORRELATED).replace("group_wait: 0s", "group_wait: 30s")


def crowd(world: World, incident_id: str) -> CrowdState:
    found = world.state.get(f"crowd/{incident_id}")
    assert isinstance(found, CrowdState)
    return found


def open_incidents(world: World) -> list[IncidentState]:
    return [e for _, e in world.state.items() if isinstance(e, IncidentState)]


def test_a_root_may_explain_the_same_incident_in_two_ways() -> None:
    world = World(TOLD_LATER)
    world.at("0s").fires("Slow", deployment="cart", node="n1")
    world.at("1s").fires("NodeDown", deployment="db", node="n1")
    (root,) = open_incidents(world)
    assert root.node == "n1"
    assert crowd(world, root.incident_id) == CrowdState(
        2, 2, 1, crowd(world, root.incident_id).sample
    )


def test_an_alert_whose_incident_was_merged_ends_in_the_other() -> None:
    world = World(TOLD_LATER)
    world.at("0s").fires("Slow", deployment="cart")
    world.at("1s").fires("Slow", deployment="checkout")
    world.at("2s").fires("Down", deployment="db")
    (root,) = open_incidents(world)
    assert crowd(world, root.incident_id).firing == 3
    for second, deployment in enumerate(("cart", "checkout", "db"), start=3):
        world.at(f"{second}s")
        name = "Down" if deployment == "db" else "Slow"
        world.clears(name, deployment=deployment)
    assert crowd(world, root.incident_id).firing == 0
    world.at("2h").ticks()
    world.ticks()
    left = [e for _, e in world.state.items() if isinstance(e, GroupState | IncidentState)]
    assert not left


def test_an_incident_that_refires_is_found_by_the_next_alert_of_the_same_delivery() -> None:
    """As it would be by one of the next delivery."""
    world = World(TOLD_LATER)
    world.at("0s").fires("Down", deployment="db")
    world.at("1s").clears("Down", deployment="db")
    assert world.incident.state == "resolved"
    world.at("2s")
    again = alert("Down", deployment="db", starts_at_ms=world.now_ms)
    dependant = alert("Slow", deployment="cart", starts_at_ms=world.now_ms)
    world.sees(again, dependant)
    assert len(open_incidents(world)) == 1


def test_the_storm_incident_is_nobody_elses_group() -> None:
    world = World(quick(storm_incidents="1"))
    world.at("0s").fires("A", deployment="a")
    world.fires("B", deployment="b")
    assert "storm" in world.reasons
    world.publishes(quick().replace("group_by: [alertname, deployment]", "group_by: [...]"))
    nameless = alert("", namespace="", deployment="", severity="", starts_at_ms=world.now_ms)
    world.at("1s").sees(
        type(nameless)("p", "f", AlertStatus.FIRING, world.now_ms, 0, {"": "storm"}, {})
    )
    assert world.incident.group == {"": "storm"}
    assert world.incident.members == 1


def test_an_alert_that_comes_again_is_no_further_alert() -> None:
    world = World()
    world.at("0s").fires("Unmatched")
    for second in range(1, 9, 2):
        world.at(f"{second}s").clears("Unmatched")
        world.at(f"{second + 1}s").fires("Unmatched")
    assert world.incident.members == 1


def test_order_and_parts_of_a_delivery_make_the_same_incidents() -> None:
    seen = [
        alert("Down", deployment="db"),
        alert("Slow", deployment="cart"),
        alert("Slow", deployment="checkout"),
    ]
    whole, turned = World(TOLD_LATER), World(TOLD_LATER)
    whole.at("0s").sees(*seen)
    turned.at("0s").sees(*reversed(seen))
    assert [i.incident_id for i in open_incidents(whole)] == [
        i.incident_id for i in open_incidents(turned)
    ]
    assert whole.reasons == turned.reasons


def test_nothing_is_done_to_a_root_whose_own_alerts_have_ended() -> None:
    """What depended on it fires on, for reasons of its own."""
    world = World(quick(CATALOGUE, CORRELATED).replace("group_wait: 0s", "group_wait: 30s"))
    world.at("0s").fires(deployment="db")
    world.at("1s").fires(deployment="cart")
    world.at("2s").clears(deployment="db")
    world.at("30s").ticks()
    looks = [c for c in world.every(Command) if c.kind is CommandKind.LOOK]
    assert [look.target.name for look in looks] != ["db"]


def firing(world: World) -> list[AlertState]:
    alerts = (e for _, e in world.state.items() if isinstance(e, AlertState))
    return [a for a in alerts if a.status is AlertStatus.FIRING]


@pytest.mark.parametrize("node", [f"n{n}" for n in range(4)])
def test_what_begins_as_its_node_comes_back_is_not_explained_by_it(node: str) -> None:
    """Whether both come in one delivery must not matter: it would never be acted on."""
    world = World(quick(CATALOGUE, CORRELATED))
    world.at("0s").fires("NodeDown", deployment="db", node=node)
    world.at("1m")
    down = {"deployment": "db", "node": node}
    world.sees(
        alert("NodeDown", status=AlertStatus.RESOLVED, **down),
        alert(deployment="checkout", node=node, starts_at_ms=world.now_ms),
    )
    (begun,) = [i for i in world.incidents() if i.labels["alertname"] == "HighErrors"]
    assert begun.state != "resolved"
