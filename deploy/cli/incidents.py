"""`mendlog incidents`: what is going on, and whose turn it is."""

import dataclasses
import json
from collections.abc import Callable
from typing import Annotated, Any

import typer

from deploy.cli.people import (
    AsJson,
    Bootstrap,
    IncidentId,
    Prefix,
    answer,
    progress,
    settings_of,
    the_incident,
)
from deploy.cli.terminal import commands, show_json, show_table
from deploy.cli.times import now_ms

app = commands("See incidents: a list, one of them whole, or as they change.")

Cluster = Annotated[str | None, typer.Option(help="Of this cluster alone.")]
States = Annotated[
    list[str] | None, typer.Option("--state", help="In this state alone; may be repeated.")
]
All = Annotated[bool, typer.Option("--all/--open", help="Those that are over, too.")]
Wanted = Callable[[Any], bool]


@app.command("list")
def list_incidents(
    cluster: Cluster = None,
    state: States = None,
    every: All = False,
    bootstrap: Bootstrap = None,
    prefix: Prefix = None,
    as_json: AsJson = False,
) -> None:
    """The open ones, the newest first."""
    wanted = wanted_by(cluster, state, every)
    settings = settings_of(bootstrap, prefix)
    found = answer(settings, _all(settings, wanted))
    if as_json:
        show_json([_listed(incident) for incident in found])
    elif not found:
        typer.echo("no incidents" if every or state else "no open incidents")
    else:
        from deploy.cli.incident_text import HEADINGS, row

        show_table(HEADINGS, [row(incident, now_ms()) for incident in found])


@app.command()
def show(
    incident: IncidentId,
    bootstrap: Bootstrap = None,
    prefix: Prefix = None,
    as_json: AsJson = False,
) -> None:
    """Everything about one: what happened and why, what is proposed, and how to approve it."""
    from deploy.cli.incident_text import whole

    settings = settings_of(bootstrap, prefix)
    found = answer(settings, the_incident(settings, incident))
    if as_json:
        show_json(dataclasses.asdict(found))
        return
    for line in whole(found, now_ms()):
        typer.echo(line)


@app.command()
def watch(
    cluster: Cluster = None,
    state: States = None,
    every: All = False,
    bootstrap: Bootstrap = None,
    prefix: Prefix = None,
    as_json: AsJson = False,
) -> None:
    """What is open now, then a line for each change, until Ctrl-C. With --json each line is an
    object."""
    settings = settings_of(bootstrap, prefix)
    try:
        answer(settings, _watch(settings, wanted_by(cluster, state, every), as_json))
    except KeyboardInterrupt:
        pass


def wanted_by(cluster: str | None, states: list[str] | None, every: bool) -> Wanted:
    from streams.core.lifecycle import Phase
    from streams.people.incidents import OVER

    for state in states or ():
        if state not in {*Phase}:
            raise typer.BadParameter(f"{state!r} is no state; known are {', '.join(Phase)}")
    shown = set(states or ())

    def wanted(incident: Any) -> bool:
        if cluster is not None and incident.cluster != cluster:
            return False
        return incident.state in shown if shown else every or incident.state not in OVER

    return wanted


async def _all(settings: Any, wanted: Wanted) -> list[Any]:
    from streams.people.incidents import IncidentReader

    with progress("reading incidents") as read:
        async with IncidentReader(settings.bootstrap, settings.topic_prefix, read) as reader:
            return await reader.all(wanted)


async def _watch(settings: Any, wanted: Wanted, as_json: bool) -> None:
    from streams.people.incidents import IncidentReader

    async with IncidentReader(settings.bootstrap, settings.topic_prefix) as reader:
        began = await reader.all(wanted)
        for incident in reversed(began):
            _tell(incident, as_json)
        known = {incident.incident_id for incident in began}
        async for incident in reader.changes():
            # That what was shown is no longer wanted is news, too.
            if wanted(incident) or incident.incident_id in known:
                _tell(incident, as_json)
            (known.add if wanted(incident) else known.discard)(incident.incident_id)


def _tell(incident: Any, as_json: bool) -> None:
    import sys

    from deploy.cli.incident_text import change

    typer.echo(json.dumps(_listed(incident), ensure_ascii=False) if as_json else change(incident))
    sys.stdout.flush()


def _listed(incident: Any) -> dict[str, Any]:
    """All but the timeline, which may be long: of that, `show` tells."""
    told = dataclasses.asdict(incident)
    last = told.pop("timeline")[-1:]
    return {**told, "last": last[0] if last else None}
