"""A source that does not know says nothing about the service; one alert at several levels."""

import pytest

from schemas.alerts import NO_DATA, AlertStatus
from schemas.remediation import Command
from tests.builders import QUICK, World, alert

RESOLVED = AlertStatus.RESOLVED
ASKED = """'alertname="HighErrors"'"""
ASKS_FOR_IT = QUICK.replace(ASKED, f"""{ASKED}, 'no_data=~".*"'""")


def test_an_alert_of_a_source_that_does_not_know_is_for_people() -> None:
    world = World()
    world.at("0s").sees(alert(**{NO_DATA: "error"}))
    assert world.incident.state == "escalated"
    assert "no_data" in world.reasons
    assert not world.every(Command)


def test_a_playbook_that_asks_for_it_may_act() -> None:
    assert ASKS_FOR_IT != QUICK
    world = World(ASKS_FOR_IT)
    world.at("0s").sees(alert(**{NO_DATA: "error"}))
    world.at("1m").ticks()
    assert world.every(Command)


@pytest.mark.parametrize("pod", [f"p{n}" for n in range(6)])
def test_an_incident_whose_warning_became_critical_goes_on(pod: str) -> None:
    world = World()
    world.at("0s").sees(alert(level="warning", pod=pod))
    ordered = world.every(Command)
    world.at("1s").sees(
        alert(level="warning", pod=pod, status=RESOLVED), alert(level="critical", pod=pod)
    )
    assert "alerts_clear" not in world.reasons
    assert world.every(Command) == ordered


def test_what_is_not_known_is_no_part_of_an_incident_of_what_is() -> None:
    world = World()
    world.at("0s").sees(alert(pod="a"))
    world.at("1s").sees(alert(pod="b", **{NO_DATA: "error"}))
    assert len(world.incidents()) == 2
    world.at("2s").sees(alert(pod="a", status=RESOLVED))
    states = {i.labels.get(NO_DATA, ""): i.state for i in world.incidents()}
    assert states == {"": "resolved", "error": "escalated"}


def test_what_is_known_is_mended_beside_what_is_not() -> None:
    world = World()
    world.at("0s").sees(alert(pod="b", **{NO_DATA: "error"}))
    assert not world.every(Command)
    world.at("1s").sees(alert(pod="a"))
    assert world.every(Command)
