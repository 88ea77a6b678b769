"""`mendlog policy compare`: where a candidate has decided otherwise, so far."""

from dataclasses import asdict
from typing import Annotated, Any

import typer

from deploy.cli.people import AsJson, Bootstrap, Prefix, answer, fail, progress, settings_of
from deploy.cli.plain import plain
from deploy.cli.terminal import show_json, show_table


def compare(
    every: Annotated[bool, typer.Option("--all", help="Also where they agree.")] = False,
    bootstrap: Bootstrap = None,
    prefix: Prefix = None,
    as_json: AsJson = False,
) -> None:
    """Say of each incident since the candidate began what the policy in force decided and what the
    candidate would have: which step first, or why none. Alerts that fired before it began are new
    to the candidate when they are sent again."""
    settings = settings_of(bootstrap, prefix)
    with progress("reading decisions") as read:
        found = answer(settings, _compared(settings, read))
    differ = [one for one in found if not one.same]
    if as_json:
        rows = [{**asdict(one), "same": one.same} for one in found]
        show_json({"same": len(found) - len(differ), "differ": len(differ), "incidents": rows})
        return
    shown = found if every else differ
    if shown:
        headings = ("incident", "cluster", "in force", "candidate", "title")
        show_table(headings, [_row(one) for one in shown])
    typer.echo(f"{len(found) - len(differ)} the same, {len(differ)} differ")


def _row(one: Any) -> tuple[str, ...]:
    told = (one.incident_id[:8], one.cluster, one.in_force, one.candidate, one.title)
    return tuple(plain(text, 120) for text in told)


async def _compared(settings: Any, read: Any) -> Any:
    from streams.desk.compare import Heard
    from streams.people.decisions import decisions
    from streams.people.incidents import IncidentReader
    from streams.people.policies import policies

    at = (settings.bootstrap, settings.topic_prefix)
    runs = {number: found.run for number, found in (await policies(*at)).items()}
    if not any(runs.values()):
        raise fail("there is no candidate: mendlog policy publish --shadow makes one")
    heard = Heard(runs)
    async for decision in decisions(*at, read):
        heard.take(decision)
    async with IncidentReader(*at) as reader:
        return heard.compared(await reader.beginning_with(""))
