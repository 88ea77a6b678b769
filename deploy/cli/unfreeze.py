"""`mendlog unfreeze`: end freezes before their time."""

import typer

from deploy.cli.ordering import Asked, Desk
from deploy.cli.people import (
    WAIT,
    AllClusters,
    AsJson,
    Bootstrap,
    Clusters,
    Prefix,
    Reason,
    Wait,
    clusters_of,
)
from deploy.cli.terminal import commands

app = commands("End freezes before their time.")


@app.command()
def unfreeze(
    reason: Reason,
    cluster: Clusters = None,
    all_clusters: AllClusters = False,
    id: str = typer.Option("", help="Of the freeze that ends; all of the cluster without it."),
    wait: Wait = WAIT,
    bootstrap: Bootstrap = None,
    prefix: Prefix = None,
    as_json: AsJson = False,
) -> None:
    """End one freeze by its id, or every one of a cluster. A freeze of all clusters and one of a
    single cluster are different ones."""
    desk = Desk(bootstrap, prefix, wait, as_json)
    clusters = clusters_of(desk.settings, cluster, all_clusters)
    desk.give(Asked("unfreeze", clusters, reason, {"id": id} if id else {}))
