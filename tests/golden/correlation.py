"""Incidents that are one: by a key, by a node, by what depends on what."""

from tests.builders import World
from tests.golden.history import History, under
from tests.policies import CATALOGUE, CORRELATED, quick

JOINING = quick(CATALOGUE, CORRELATED)
WAITING = JOINING.replace("group_wait: 0s", "group_wait: 30s")


@under(JOINING)
def two_sources_tell_of_one_fault(world: World) -> None:
    world.at("0s").fires(correlation_id="c-1")
    world.at("1s").fires("Errors", source="datadog", correlation_id="c-1", deployment="web")
    world.at("2s").clears(correlation_id="c-1")
    world.at("3s").clears("Errors", source="datadog", correlation_id="c-1", deployment="web")


@under(JOINING)
def a_dependency_came_first(world: World) -> None:
    """What depends on a service that fails joins its incident."""
    world.at("0s").fires("Down", deployment="db")
    world.at("5m").fires("Slow", deployment="cart")
    world.at("11m").fires("Slow", deployment="checkout")


@under(WAITING)
def a_dependency_comes_last(world: World) -> None:
    """Two incidents are found to follow from a third: one incident, its root first."""
    world.at("0s").fires("Slow", deployment="cart")
    world.at("5s").fires("Slow", deployment="checkout")
    world.at("10s").fires("Down", deployment="db")
    world.at("40s").ticks()


@under(WAITING)
def a_silenced_incident_is_explained(world: World) -> None:
    """It is part of another one then, which is not silenced."""
    world.silences('deployment="cart"', until="1h")
    world.at("0s").fires("Slow", deployment="cart")
    world.at("31s").ticks()
    world.at("40s").fires("Down", deployment="db")
    world.at("1m11s").ticks()


@under(JOINING)
def on_a_node(world: World) -> None:
    """What fires on a node that is down joins the node's incident."""
    world.at("0s").fires("NodeDown", deployment="", node="n1")
    world.at("1s").fires("Slow", deployment="web", node="n1")
    world.at("2s").fires("Slow", deployment="other", node="n2")


@under(WAITING)
def an_incident_is_explained_twice(world: World) -> None:
    """By its node and by its service: merged once."""
    world.at("0s").fires("Slow", deployment="cart", node="n1")
    world.at("1s").fires("NodeDown", deployment="db", node="n1")
    world.at("2s").clears("Slow", deployment="cart", node="n1")
    world.at("3s").clears("NodeDown", deployment="db", node="n1")


@under(WAITING)
def only_what_follows_still_fires(world: World) -> None:
    """The root is over and what follows from it is not: that is no reason to act on the root."""
    world.at("0s").fires("HighErrors", deployment="db")
    world.at("1s").fires("Slow", deployment="cart")
    world.at("2s").clears("HighErrors", deployment="db")
    world.at("30s").ticks()
    world.at("31s").clears("Slow", deployment="cart")


CORRELATION: tuple[History, ...] = (
    two_sources_tell_of_one_fault,
    a_dependency_came_first,
    a_dependency_comes_last,
    a_silenced_incident_is_explained,
    on_a_node,
    an_incident_is_explained_twice,
    only_what_follows_still_fires,
)
