"""`mendlog kill`: no effects any more, within seconds, whatever still runs."""

from typing import Any

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
    answer,
    clusters_of,
)
from deploy.cli.terminal import commands

app = commands("No effects any more, within seconds, until `mendlog unkill`.")


@app.command()
def kill(
    reason: Reason,
    cluster: Clusters = None,
    all_clusters: AllClusters = False,
    wait: Wait = WAIT,
    bootstrap: Bootstrap = None,
    prefix: Prefix = None,
    as_json: AsJson = False,
) -> None:
    """Stop every effect. The switch that executors read themselves is thrown first, so it works
    while the processor is down; exit 0 says that it is thrown. It has no end but `unkill`."""
    desk = Desk(bootstrap, prefix, wait, as_json, urgent=True)
    asked = Asked("kill", clusters_of(desk.settings, cluster, all_clusters), reason)
    controls = desk.controls(asked)
    throw_all(desk, controls)
    try:
        desk.tell(desk.given(controls))
    except typer.Exit:
        # The switch is on disk, and that stops effects; the record follows.
        typer.echo("  executors stop by the switch alone", err=True)


def throw_all(desk: Desk, controls: list[Any]) -> None:
    """Each cluster's switch as the order says; on disk when it returns."""
    from streams.people.switches import switch_of, throw

    settings = desk.settings
    for control in controls:
        at = answer(settings, throw(settings.bootstrap, settings.topic_prefix, switch_of(control)))
        if not desk.as_json:
            place = "/".join(map(str, (f"{settings.topic_prefix}.switches", *at)))
            where = "all clusters" if control.cluster == "*" else control.cluster
            typer.echo(f"switch of {where} {'on' if control.kind == 'kill' else 'off'}: {place}")
