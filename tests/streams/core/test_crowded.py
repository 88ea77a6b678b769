"""More alerts at once than anybody could read: memory stays small, and nothing is done."""

from itertools import permutations

import pytest

from schemas.incidents import Decision, Incident
from schemas.remediation import Command
from streams.core.alerts import sight
from streams.core.entries import AlertState
from streams.core.reasons import Reason
from streams.steps.state_codec import decode_state, encoded
from tests.builders import QUICK, World, alert
from tests.streams.core.test_blind import BRAKED, WATCHED

MOST = 3


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sight, "ALERTS_MAX", MOST)


def followed(world: World) -> set[str]:
    alerts = (entry for _, entry in world.state.items() if isinstance(entry, AlertState))
    return {entry.labels["pod"] for entry in alerts}


def crowd(world: World, count: int, first: int = 0) -> None:
    world.sees(
        *(alert(pod=f"p{n}", starts_at_ms=world.now_ms) for n in range(first, first + count))
    )


def storms(world: World) -> list[Incident]:
    return [i for i in world.incidents() if i.labels["alertname"] == "MendlogStorm"]


def left_out(world: World) -> list[str]:
    verdicts = [v for d in world.every(Decision) for v in d.verdicts]
    return [v.what for v in verdicts if v.reason == Reason.TOO_MANY_ALERTS]


def test_what_is_beyond_the_limit_is_left_out_and_said_so() -> None:
    world = World()
    world.at("0s")
    crowd(world, 5)
    assert len(followed(world)) == MOST
    assert left_out(world) == ["left_out: 2"]
    (storm,) = storms(world)
    assert storm.state == "escalated"
    assert "see what fires at its source" in storm.timeline[-1].detail


def test_a_crowd_is_a_storm_in_which_nothing_is_done() -> None:
    world = World()
    world.at("0s")
    crowd(world, 5)
    assert not world.every(Command)
    world.waits_until(world.now_ms + 9 * 60_000)
    assert not world.every(Command)
    world.waits_until(world.now_ms + 3 * 60_000)
    assert world.every(Command)


def test_which_are_left_out_does_not_hang_on_how_the_sender_put_them() -> None:
    worlds = []
    for order in permutations(range(MOST + 1)):
        world = World()
        world.at("0s").sees(*(alert(pod=f"p{n}", starts_at_ms=world.now_ms) for n in order))
        worlds.append(followed(world))
    assert all(found == worlds[0] for found in worlds)


def test_a_repeat_of_one_that_is_followed_is_heard() -> None:
    world = World()
    world.at("0s")
    crowd(world, MOST)
    world.at("1s")
    crowd(world, MOST)
    assert left_out(world) == []
    world.clears(pod="p0")
    assert left_out(world) == []


def test_an_end_of_one_that_is_not_followed_takes_no_room() -> None:
    world = World()
    world.at("0s")
    crowd(world, MOST)
    world.at("1s").clears(pod="p9")
    assert len(followed(world)) == MOST
    assert left_out(world) == ["left_out: 1"]


def test_there_is_room_again_when_others_are_forgotten() -> None:
    world = World()
    world.at("0s")
    crowd(world, 5)
    gone = sorted(followed(world))
    for pod in gone:
        world.at("1m").clears(pod=pod)
    world.waits_until(world.now_ms + 3_600_000 * 24)
    assert followed(world) == set()
    crowd(world, 2, first=3)
    assert followed(world) == {"p3", "p4"}


def test_the_limit_is_each_clusters_own_also_after_a_recovery() -> None:
    world = World()
    world.at("0s")
    crowd(world, MOST)
    entries = {k: v for k, v in encoded(dict(world.state.items())).items() if v is not None}
    for state in (world.state, decode_state(entries)):
        assert (state.alerts_of("eu-1"), state.alerts_of("eu-2")) == (MOST, 0)


@pytest.mark.parametrize(
    ("policy", "name"), [(WATCHED, "Watchdog"), (BRAKED, "TooFewPods")], ids=["watchdog", "brake"]
)
def test_what_holds_others_back_has_as_much_room_again(policy: str, name: str) -> None:
    world = World(policy)
    world.at("0s")
    crowd(world, MOST)
    world.at("1s").fires(name, deployment="", pod="guard")
    assert "guard" in followed(world)
    world.sees(*(alert(name, pod=f"g{n}", starts_at_ms=world.now_ms) for n in range(2 * MOST)))
    assert len(followed(world)) == 2 * MOST
    assert left_out(world) == [f"left_out: {MOST + 1}"]


def test_in_a_storm_that_is_on_already_people_are_told_once() -> None:
    world = World(
        QUICK.replace("preset: production-1", "preset: production-1\n  storm_incidents: 1")
    )
    world.at("0s").fires(deployment="a", pod="a")
    world.fires(deployment="b", pod="b")
    assert len(storms(world)) == 1
    for second in range(1, 5):
        world.at(f"{second}s")
        crowd(world, 4, first=10 * second)
    (storm,) = storms(world)
    assert [line.what for line in storm.timeline].count("crowded") == 1


def test_without_a_policy_too() -> None:
    world = World(policy=None)
    world.at("0s")
    crowd(world, 5)
    assert len(followed(world)) == MOST
    assert left_out(world) == ["left_out: 2"]
