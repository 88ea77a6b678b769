"""`mendlog executor`: carries commands out on the clusters."""

import typer

from deploy.cli.terminal import commands

app = commands("Carry commands out on the clusters, each at most once.")


@app.command()
def executor() -> None:
    """Carry commands out; settings from MENDLOG_*, see docs/operations.md."""
    from remediators.bootstrap import run_executor
    from remediators.settings import ExecutorSettings

    from deploy.failpoints import failpoint
    from deploy.logs import configure

    configure()
    raise typer.Exit(run_executor(ExecutorSettings(), failpoint()))
