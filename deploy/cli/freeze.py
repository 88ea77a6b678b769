"""`mendlog freeze`: no actions for a while."""

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
    clusters_of,
)
from deploy.cli.terminal import commands
from deploy.cli.times import end_ms, shown

app = commands("No actions for a while; it ends by itself.")


@app.command()
def freeze(
    reason: Reason,
    during: During = None,
    until: Until = None,
    cluster: Clusters = None,
    all_clusters: AllClusters = False,
    id: str = typer.Option("", help="A name to end it by; the same again moves its end."),
    wait: Wait = WAIT,
    bootstrap: Bootstrap = None,
    prefix: Prefix = None,
    as_json: AsJson = False,
) -> None:
    """Nothing is changed until it ends; people are told as ever. What was ordered before it goes
    on; to stop that too there is `mendlog kill`."""
    from schemas.ids import digest

    desk = Desk(bootstrap, prefix, wait, as_json)
    ends_at_ms = end_ms(during, until)
    clusters = clusters_of(desk.settings, cluster, all_clusters)
    name = id or digest("freeze", reason, ends_at_ms)[:8]
    if not as_json:
        typer.echo(f"freeze {name} until {shown(ends_at_ms)}")
    desk.give(Asked("freeze", clusters, reason, {"id": name}, ends_at_ms))
