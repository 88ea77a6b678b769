"""Nobody is told, for the time being: silences, maintenance, inhibition, times, flapping."""

from schemas.controls import ControlKind
from tests.builders import QUICK, World
from tests.golden.history import History, under
from tests.policies import quick

AT_NIGHT = QUICK.replace(
    "route:\n",
    "time_intervals:\n"
    "  - name: nights\n"
    '    time_intervals: [{times: [{start_time: "22:00", end_time: "23:00"}]}]\n'
    "route:\n"
    "  routes:\n"
    "    - {matchers: ['deployment=\"checkout\"'], mute_time_intervals: [nights]}\n",
)
INHIBITING = quick(
    """
inhibit_rules:
  - source_matchers: ['alertname="ClusterDown"']
    target_matchers: ['alertname!="ClusterDown"']
"""
)


def silenced(world: World) -> None:
    """Silenced, then announced as maintenance, then over: it goes on as if it had just begun."""
    world.at("0s").silences('deployment="checkout"', until="10m")
    world.at("1s").fires()
    world.at("1m").silences(
        'deployment="checkout"', until="5m", id="a1", kind=ControlKind.MAINTENANCE
    )
    world.orders(ControlKind.EXPIRE, id="s1")
    world.at("1m31s").ticks()
    world.at("5m1s").ticks()


def ends_in_silence(world: World) -> None:
    """Nobody was told that it began, and nobody is told that it has ended."""
    world.at("0s").silences('deployment="checkout"', until="10m")
    world.at("1s").fires()
    world.at("1m").clears()


def silenced_before_it_acts(world: World) -> None:
    """Between look and act: nothing is done."""
    world.at("0s").fires()
    world.at("1s").silences('deployment="checkout"', until="10m")
    world.at("2s").obeys()
    world.at("7s").ticks()


@under(INHIBITING)
def inhibited(world: World) -> None:
    """The cluster is down: of what follows nobody need be told."""
    world.at("0s").fires("ClusterDown", deployment="")
    world.at("1s").fires()
    world.at("5m").clears("ClusterDown", deployment="")
    world.at("5m31s").ticks()


@under(AT_NIGHT)
def muted_at_night(world: World) -> None:
    """It is 22:13; at 23:00 the night of this route is over."""
    world.at("0s").fires()
    world.at("46m39s").ticks()
    world.at("47m10s").ticks()


def flapping(world: World) -> None:
    """It begins and ends again and again: told once, and left alone until it keeps still."""
    for minute in range(4):
        world.at(f"{minute}m").fires("Unmatched")
        world.at(f"{minute}m30s").clears("Unmatched")
    world.at("4m").fires("Unmatched")
    world.at("40m").ticks()


MUTING: tuple[History, ...] = (
    silenced,
    ends_in_silence,
    silenced_before_it_acts,
    inhibited,
    muted_at_night,
    flapping,
)
