"""`mendlog unkill`: effects may happen again."""

import typer

from deploy.cli.kill import throw_all
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
    answer,
    clusters_of,
)
from deploy.cli.plain import plain
from deploy.cli.terminal import commands

app = commands("Effects may happen again.")


@app.command()
def unkill(
    reason: Reason,
    cluster: Clusters = None,
    all_clusters: AllClusters = False,
    wait: Wait = WAIT,
    bootstrap: Bootstrap = None,
    prefix: Prefix = None,
    as_json: AsJson = False,
) -> None:
    """Take the kill switch back. The order comes first and the executors' switch after it, so that
    nothing happens that is not on the record."""
    desk = Desk(bootstrap, prefix, wait, as_json)
    controls = desk.controls(
        Asked("unkill", clusters_of(desk.settings, cluster, all_clusters), reason)
    )
    answers = desk.given(controls)
    throw_all(desk, controls)
    _warn_of_what_stands(desk)
    desk.tell(answers)


def _warn_of_what_stands(desk: Desk) -> None:
    """The switch of all clusters and that of one are two; both must be off."""
    from streams.people.switches import pulled

    settings = desk.settings
    left = answer(settings, pulled(settings.bootstrap, settings.topic_prefix))
    for cluster, switch in sorted(left.items()):
        where = "all clusters" if cluster == "*" else plain(cluster)
        by = f"by {plain(switch.author)}: {plain(switch.reason)}"
        typer.echo(f"still on: the kill switch of {where}, {by}", err=True)
