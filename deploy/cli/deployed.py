"""`mendlog deployed`: a pipeline tells of a deployment."""

from typing import Annotated

import typer

from deploy.cli.ordering import Asked, Desk
from deploy.cli.people import (
    WAIT,
    AsJson,
    Bootstrap,
    Clusters,
    MayReason,
    Prefix,
    Wait,
    clusters_of,
)
from deploy.cli.terminal import commands

app = commands("Tell of a deployment: what fails after it is seen with it.")


@app.command()
def deployed(
    workload: Annotated[str, typer.Argument(metavar="NAMESPACE/NAME", help="What changed.")],
    kind: Annotated[str, typer.Option(help="Of the workload.")] = "Deployment",
    revision: Annotated[str, typer.Option(help="A commit, a tag, an image.")] = "",
    reason: MayReason = "deployed",
    cluster: Clusters = None,
    wait: Wait = WAIT,
    bootstrap: Bootstrap = None,
    prefix: Prefix = None,
    as_json: AsJson = False,
) -> None:
    """For pipelines, after each rollout: an incident that begins shortly after it is marked as
    related to the change, and a rollback comes before a restart."""
    namespace, _, name = workload.partition("/")
    if not namespace or not name or "/" in name:
        raise typer.BadParameter(f"expected NAMESPACE/NAME, not {workload!r}")
    desk = Desk(bootstrap, prefix, wait, as_json)
    given = {"namespace": namespace, "kind": kind, "name": name}
    clusters = clusters_of(desk.settings, cluster, every=False)
    desk.give(
        Asked("change", clusters, reason, given | ({"revision": revision} if revision else {}))
    )
