"""`mendlog watcher`: what goes wrong in a Kubernetes cluster, by its own API, into Kafka."""

import typer

from deploy.cli.terminal import commands

app = commands("Watch one Kubernetes cluster: its troubles into `alerts`, its rollouts as changes.")


@app.command()
def watcher() -> None:
    """Watch one cluster; settings from MENDLOG_*, see docs/sources.md.

    MENDLOG_CLUSTER names it. MENDLOG_CLUSTERS or MENDLOG_CLUSTERS_FILE say how it is reached, as
    for the executor; without them it is the cluster that this runs in. It only reads.
    """
    from deploy.logs import configure
    from deploy.registry import join_registry
    from deploy.watcher import run
    from streams.settings import WatcherSettings

    configure()
    settings = WatcherSettings()
    join_registry(settings.registry_url, settings.topic_prefix)
    raise typer.Exit(run(settings))
