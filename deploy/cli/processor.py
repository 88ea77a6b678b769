"""`mendlog processor`: the Faust agents that turn records into decisions."""

import typer

from deploy.cli.terminal import commands

app = commands("Run the agents observe, detect, relay and decide.")


@app.command()
def processor() -> None:
    """Run the agents; settings from MENDLOG_*, see docs/operations.md."""
    from deploy.failpoints import failpoint
    from deploy.logs import configure
    from deploy.processor import run
    from deploy.registry import join_registry
    from streams.settings import ProcessorSettings

    configure()
    settings = ProcessorSettings()
    join_registry(settings.registry_url, settings.topic_prefix)
    raise typer.Exit(run(settings, failpoint()))
