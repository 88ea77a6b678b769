"""What we do when we cannot trust what we see."""

from schemas.remediation import Command
from streams.core.reasons import Reason
from tests.builders import QUICK, World

WATCHED = (
    QUICK
    + """
watchdogs:
  - {name: prometheus, match: ['alertname="Watchdog"'], missing_after: 5m}
"""
)
BRAKED = (
    QUICK
    + """
brakes:
  - {name: few-pods, match: ['alertname="TooFewPods"'], equal: [namespace], actions: [restart]}
"""
)


def test_without_its_watchdog_a_cluster_is_not_acted_on() -> None:
    world = World(WATCHED)
    world.at("0s").fires()
    assert world.reasons[-1] == Reason.WATCHDOG_MISSING
    world.at("1s").fires("Watchdog", deployment="")
    world.at("6s").ticks()
    assert world.given(Command)


def test_that_a_watchdog_fires_is_no_incident() -> None:
    world = World(WATCHED)
    world.at("0s").fires("Watchdog", deployment="")
    assert not world.every(Command)
    assert not [e for key, e in world.state.items() if key.startswith("incident/")]
    world.at("1m").clears("Watchdog", deployment="")
    assert not world.notices()


def test_a_watchdog_that_fell_silent_stops_what_it_had_allowed() -> None:
    world = World(WATCHED)
    world.at("0s").fires("Watchdog", deployment="")
    world.at("6m").fires()
    assert world.reasons[-1] == Reason.WATCHDOG_MISSING


def test_a_brake_stops_the_actions_that_it_names_and_no_others() -> None:
    world = World(BRAKED)
    world.at("0s").fires("TooFewPods", deployment="")
    world.at("1s").fires()
    assert world.reasons[-1] == Reason.BRAKED
    gentle = World(BRAKED.replace("actions: [restart]", "actions: [scale]"))
    gentle.at("0s").fires("TooFewPods", deployment="")
    gentle.at("1s").fires()
    assert gentle.given(Command)


def test_a_brake_is_of_its_own_namespace() -> None:
    world = World(BRAKED)
    world.at("0s").fires("TooFewPods", deployment="", namespace="bank")
    world.at("1s").fires()
    assert world.given(Command)
