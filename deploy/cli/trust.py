"""`mendlog trust`: a playbook that lost its autonomy gets it back."""

from typing import Annotated

import typer

from deploy.cli.ordering import Asked, Desk
from deploy.cli.people import WAIT, AsJson, Bootstrap, Clusters, Prefix, Reason, Wait, clusters_of
from deploy.cli.terminal import commands

app = commands("Let a demoted playbook act by itself again.")


@app.command()
def trust(
    playbook: Annotated[str, typer.Argument(help="As the policy names it.")],
    reason: Reason,
    cluster: Clusters = None,
    wait: Wait = WAIT,
    bootstrap: Bootstrap = None,
    prefix: Prefix = None,
    as_json: AsJson = False,
) -> None:
    """Lift the demotion of a playbook whose actions did not help, or put it back where a cluster's
    API had refused it for want of a right. Both are per cluster."""
    desk = Desk(bootstrap, prefix, wait, as_json)
    clusters = clusters_of(desk.settings, cluster, every=False)
    desk.give(Asked("trust", clusters, reason, {"playbook": playbook}))
