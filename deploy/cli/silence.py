"""`mendlog silence`: alerts that match neither tell nor act, for a while."""

import json
from typing import Annotated, Any

import typer

from deploy.cli.ordering import Asked, Desk
from deploy.cli.people import (
    WAIT,
    AllClusters,
    AsJson,
    Bootstrap,
    Clusters,
    During,
    Prefix,
    Reason,
    Until,
    Wait,
    answer,
    clusters_of,
    progress,
    settings_of,
)
from deploy.cli.plain import plain
from deploy.cli.terminal import commands, show_json, show_table
from deploy.cli.times import age, end_ms, moment_ms, now_ms, shown

app = commands("Silence alerts for a while; list and end silences.")

Id = Annotated[str, typer.Option(help="Of a silence that is changed; a new one without it.")]


@app.command()
def add(
    matchers: Annotated[
        list[str], typer.Argument(metavar="MATCHER...", help="As in Alertmanager; all must match.")
    ],
    reason: Reason,
    during: During = None,
    until: Until = None,
    begin: Annotated[str | None, typer.Option("--from", help="When it begins; now.")] = None,
    maintenance: Annotated[bool, typer.Option(help="Work that was announced.")] = False,
    id: Id = "",
    cluster: Clusters = None,
    all_clusters: AllClusters = False,
    wait: Wait = WAIT,
    bootstrap: Bootstrap = None,
    prefix: Prefix = None,
    as_json: AsJson = False,
) -> None:
    """Alerts that match neither tell nor act. With the --id of one that is there, it takes its
    place. Example: mendlog silence add 'alertname="Slow"' 'env=~"dev|test"' --for 2h --reason …"""
    _check(matchers)
    desk = Desk(bootstrap, prefix, wait, as_json)
    begin_ms = moment_ms(begin) if begin else None
    ends_at_ms = end_ms(during, until, begin_ms)
    name = id or _new_id(matchers, ends_at_ms)
    clusters = clusters_of(desk.settings, cluster, all_clusters)
    given = {"id": name, "matchers": json.dumps(matchers, ensure_ascii=False)}
    if begin_ms is not None:
        given["starts_at_ms"] = str(begin_ms)
    if not as_json:
        typer.echo(f"silence {name} until {shown(ends_at_ms)}")
    kind = "maintenance" if maintenance else "silence"
    desk.give(Asked(kind, clusters, reason, given, ends_at_ms))


@app.command()
def expire(
    id: Annotated[str, typer.Argument(help="As `list` shows it.")],
    reason: Reason,
    cluster: Clusters = None,
    all_clusters: AllClusters = False,
    wait: Wait = WAIT,
    bootstrap: Bootstrap = None,
    prefix: Prefix = None,
    as_json: AsJson = False,
) -> None:
    """End a silence before its time."""
    desk = Desk(bootstrap, prefix, wait, as_json)
    clusters = clusters_of(desk.settings, cluster, all_clusters)
    desk.give(Asked("expire", clusters, reason, {"id": id}))


@app.command("list")
def list_silences(
    cluster: Annotated[str | None, typer.Option(help="What holds for this cluster.")] = None,
    bootstrap: Bootstrap = None,
    prefix: Prefix = None,
    as_json: AsJson = False,
) -> None:
    """Those that stand, by the time of their end."""
    settings = settings_of(bootstrap, prefix)
    found = [
        one
        for one in answer(settings, _standing(settings))
        if cluster is None or one.cluster in (cluster, "*")
    ]
    found.sort(key=lambda one: (one.entry.ends_at_ms, one.id))
    if as_json:
        show_json([_as_json(one) for one in found])
    elif not found:
        typer.echo("no silences")
    else:
        headings = ("id", "cluster", "state", "ends in", "matchers", "by", "why")
        show_table(headings, [_row(one, now_ms()) for one in found])


def _check(matchers: list[str]) -> None:
    """What the processor would refuse is refused here, with the reason."""
    from streams.core.matching import Matchers
    from streams.policy.matchers import joined, parse_all
    from streams.policy.selectors import matches_everything

    found: list[Matchers] = []
    for text in matchers:
        try:
            found.append(parse_all(text))
        except ValueError as fault:
            raise typer.BadParameter(f"{text!r}: {fault}") from None
    if matches_everything(joined(found)):
        raise typer.BadParameter(
            "this would silence every alert; name at least one label with a value. "
            "To stop actions and still be told, there is `mendlog freeze`"
        )


def _new_id(matchers: list[str], ends_at_ms: int) -> str:
    from schemas.ids import digest

    return digest("silence", now_ms(), ends_at_ms, *matchers)[:8]


async def _standing(settings: Any) -> list[Any]:
    from streams.people.standing import standing

    with progress("reading silences") as read:
        return await standing(settings.bootstrap, settings.topic_prefix, "silence", read)


def _row(one: Any, at_ms: int) -> tuple[str, ...]:
    entry = one.entry
    return (
        plain(one.id),
        "all" if one.cluster == "*" else plain(one.cluster),
        _state(entry, at_ms),
        age(entry.ends_at_ms - at_ms),
        plain(" ".join(entry.matchers), 100),
        plain(entry.author, 40),
        plain(entry.comment, 60),
    )


def _state(entry: Any, at_ms: int) -> str:
    word = "maintenance" if entry.maintenance else "silence"
    return f"{word}, pending" if at_ms < entry.starts_at_ms else word


def _as_json(one: Any) -> dict[str, Any]:
    entry = one.entry
    return {
        "id": one.id,
        "cluster": one.cluster,
        "matchers": list(entry.matchers),
        "starts_at_ms": entry.starts_at_ms,
        "ends_at_ms": entry.ends_at_ms,
        "author": entry.author,
        "reason": entry.comment,
        "maintenance": entry.maintenance,
    }
