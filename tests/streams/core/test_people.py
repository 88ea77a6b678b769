"""What people are asked, and what of it they are told."""

from schemas.incidents import Incident
from schemas.notices import Notice
from schemas.remediation import Command
from tests.builders import World
from tests.policies import ESCALATE, quick, step

SCALE = quick(
    steps=step("scale", "parameters: {by: 2, max: 6}", "approval: always", "undo: true") + ESCALATE
)


def asked_to_scale() -> World:
    world = World(SCALE)
    world.at("0s").fires()
    world.at("1s").observed(world.only(Command))
    return world


def test_who_is_asked_reads_how_much_and_not_only_what() -> None:
    world = asked_to_scale()
    told = world.only(Notice)
    assert told.kind == "approval"
    assert told.text.startswith("May I scale (by=2, max=6) deployment/checkout in shop of eu-1?")
    assert world.incident.timeline[-1].detail.startswith("scale (by=2, max=6) ")


def test_a_shadow_says_how_much_it_would_have_done() -> None:
    world = World(SCALE.replace("mode: auto\n    trusted: the tests' own", "mode: shadow"))
    world.at("0s").fires()
    world.at("1s").observed(world.only(Command))
    assert "would scale (by=2, max=6) deployment/checkout" in world.only(Notice).text


def test_an_incident_says_what_a_yes_would_be_to() -> None:
    incident = asked_to_scale().only(Incident)
    assert (incident.action, dict(incident.parameters)) == ("scale", {"by": "2", "max": "6"})
    assert incident.persons == 1
    assert incident.proposal


def test_an_incident_without_a_target_has_no_action_to_show() -> None:
    world = World(SCALE)
    world.at("0s").fires("Unmatched")
    assert (world.incident.action, world.incident.persons) == ("", 0)
