"""`mendlog gateway`: alerts by HTTP into Kafka."""

import typer

from deploy.cli.terminal import commands

app = commands("Take alerts by HTTP and write them to Kafka; 2xx only when they are on disk.")


@app.command()
def gateway() -> None:
    """Take alerts by HTTP; settings from MENDLOG_*, see docs/operations.md."""
    from deploy.failpoints import failpoint
    from deploy.logs import configure
    from deploy.registry import join_registry
    from streams.ingest.gateway.process import run_gateway
    from streams.people.held_alerts import HeldAlerts
    from streams.settings import GatewaySettings

    configure()
    settings = GatewaySettings()
    join_registry(settings.registry_url, settings.topic_prefix)
    holdings = HeldAlerts(settings.bootstrap, settings.topic_prefix)
    raise typer.Exit(run_gateway(settings, failpoint(), holdings))
