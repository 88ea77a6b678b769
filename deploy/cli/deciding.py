"""Saying yes or no to a proposal: it is shown first, and exactly that is decided on."""

import sys
from typing import Any

import typer

from deploy.cli.incident_text import proposed
from deploy.cli.ordering import Asked, Desk
from deploy.cli.people import answer, fail, the_incident
from deploy.cli.times import now_ms


def decide(desk: Desk, kind: str, prefix: str, reason: str, proposal: str, yes: bool) -> None:
    """`proposal` is what the caller has seen before; without it, what is shown here."""
    incident = answer(desk.settings, the_incident(desk.settings, prefix))
    if not incident.proposal:
        raise fail(
            f"{incident.incident_id[:8]} proposes nothing: "
            f"it is {incident.state} ({incident.reason})"
        )
    if proposal and proposal != incident.proposal:
        raise fail(f"void: what is proposed now is {incident.proposal}, and not {proposal}")
    if not desk.as_json:
        for line in proposed(incident, now_ms()):
            typer.echo(line)
    confirm(f"{kind.capitalize()}?", yes)
    given = {"incident": incident.incident_id, "proposal": incident.proposal}
    desk.give(Asked(kind, (incident.cluster,), reason, given))


def confirm(question: str, yes: bool) -> None:
    """Only a person at a terminal can be asked."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise fail("nobody is there to be asked: --yes answers for them", exit_code=2)
    typer.confirm(question, abort=True)


def snooze(desk: Desk, prefix: str, reason: str, until_ms: int) -> None:
    incident: Any = answer(desk.settings, the_incident(desk.settings, prefix))
    given = {"incident": incident.incident_id}
    desk.give(Asked("snooze", (incident.cluster,), reason, given, until_ms))
