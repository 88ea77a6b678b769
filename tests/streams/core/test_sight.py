"""Repeats merge, order does not matter more than content says, and silence ends an alert."""

import pytest

from schemas import sightings
from schemas.alerts import AlertStatus
from schemas.incidents import Incident
from schemas.remediation import Command
from schemas.tape import Origin, Part
from streams.core.draft import UnreadableFact
from streams.core.entries import AlertState
from tests.builders import START_MS, World, alert, ms


def opened(world: World) -> int:
    return len({i.incident_id for i in world.every(Incident)})


def test_a_hundred_repeats_open_one_incident_and_change_nothing_durable() -> None:
    world = World()
    world.at("0s").sees(alert())
    for second in range(1, 100):
        step = world.at(f"{second}s").sees(alert())
        alerts = [key for key in step.changes if key.startswith("alert/")]
        assert not alerts
        assert not world.given(Command)
    assert opened(world) == 1


def test_a_resend_only_moves_the_end() -> None:
    world = World()
    world.at("0s").sees(alert(ends_at_ms=START_MS + ms("4m")))
    world.at("1m").sees(alert(ends_at_ms=START_MS + ms("5m")))
    kept = [e for _, e in world.state.items() if isinstance(e, AlertState)]
    assert [a.ends_at_ms for a in kept] == [START_MS + ms("5m")]


def test_an_alert_whose_source_falls_silent_ends_with_its_last_end() -> None:
    world = World()
    world.at("0s").sees(alert("Unmatched", ends_at_ms=START_MS + ms("4m")))
    world.at("4m").ticks()
    assert world.incident.state == "escalated"
    world.at("5m").ticks()
    assert world.incident.state == "resolved"


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["in order", "resolved comes first"])
def test_a_firing_and_its_end_leave_nothing_firing_in_either_order(order: tuple[int, int]) -> None:
    world = World()
    pair = (alert(), alert(status=AlertStatus.RESOLVED))
    for second, which in enumerate(order):
        world.at(f"{second}s").sees(pair[which])
    firing = [
        e
        for _, e in world.state.items()
        if isinstance(e, AlertState) and e.status is AlertStatus.FIRING
    ]
    assert not firing


def test_an_old_end_does_not_end_a_newer_firing() -> None:
    world = World()
    world.at("0s").sees(alert("Unmatched", starts_at_ms=START_MS + 10))
    world.at("1s").sees(alert("Unmatched", AlertStatus.RESOLVED, starts_at_ms=START_MS))
    assert world.incident.state == "escalated"


def test_an_origin_that_was_applied_is_dropped_and_counted() -> None:
    world = World()
    origin = Origin("alerts", "born", 3, 17, 0)
    world.at("0s").sees(alert(), origin=origin)
    before = opened(world)
    world.at("1s").sees(alert("Another", deployment="other"), origin=origin)
    world.at("2s").sees(
        alert("Another", deployment="other"), origin=Origin("alerts", "born", 3, 16, 4)
    )
    assert opened(world) == before
    mark = world.state.get("origin/alerts@born/3/eu-1")
    assert getattr(mark, "dropped", None) == 2


def test_of_what_was_packed_anew_only_the_rest_is_taken() -> None:
    """Its first delivery was applied already; that one's alert has cleared since and stays so."""
    world = World()
    world.at("0s").sees(alert("A"), origin=Origin("alerts", "born", 3, 16, 0))
    world.at("1s").sees(alert("A", AlertStatus.RESOLVED), origin=Origin("alerts", "born", 4, 1, 0))
    packed = sightings.pack_rows(
        [sightings.row_bytes(alert("A")), sightings.row_bytes(alert("B"))],
        parts=(Part(16, 1), Part(17, 1)),
    )
    world.at("2s").hears(packed, origin=Origin("alerts", "born", 3, 17, 0))
    firing = {
        entry.labels["alertname"]
        for _, entry in world.state.items()
        if isinstance(entry, AlertState) and entry.status is AlertStatus.FIRING
    }
    assert firing == {"B"}


def test_parts_that_are_not_those_of_the_body_are_unreadable() -> None:
    world = World()
    packed = sightings.pack_rows([sightings.row_bytes(alert())], parts=(Part(1, 1), Part(2, 1)))
    with pytest.raises(UnreadableFact):
        world.hears(packed)


def test_a_topic_made_anew_starts_its_origins_again() -> None:
    world = World()
    world.at("0s").sees(alert(), origin=Origin("alerts", "born", 0, 17, 0))
    world.at("1s").sees(
        alert("Another", deployment="other"), origin=Origin("alerts", "reborn", 0, 0, 0)
    )
    assert opened(world) == 2


def test_alerts_of_one_group_join_one_incident() -> None:
    world = World()
    world.at("0s").sees(*(alert(pod=f"p{n}") for n in range(64)))
    assert opened(world) == 1
    assert world.incident.members == 64
    assert len(world.incident.firing) == 8, "a sample for people, not the whole storm"


def test_the_incident_is_clear_only_when_the_last_alert_has_ended() -> None:
    world = World()
    world.at("0s").sees(alert("Unmatched", pod="a"), alert("Unmatched", pod="b"))
    world.at("1s").sees(alert("Unmatched", AlertStatus.RESOLVED, pod="a"))
    assert world.incident.state == "escalated"
    world.at("2s").sees(alert("Unmatched", AlertStatus.RESOLVED, pod="b"))
    assert world.incident.state == "resolved"


def test_an_ended_alert_is_forgotten_in_time() -> None:
    world = World()
    world.at("0s").sees(alert("Unmatched"))
    world.at("1s").sees(alert("Unmatched", AlertStatus.RESOLVED))
    world.at("2h").ticks()
    world.ticks()
    assert not [k for k, _ in world.state.items() if k.startswith(("alert/", "incident/"))]
