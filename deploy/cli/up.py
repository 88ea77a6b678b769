"""`mendlog up`: the embedded stack, kept running."""

import signal
import tempfile
import threading
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from deploy.cli.terminal import commands, quiet_clients

app = commands("Run the whole stack on this machine until Ctrl-C.")
TEND_S = 0.5


@app.command()
def up(
    data: Annotated[
        Path | None, typer.Option(help="Keep the data here; a temporary folder without it.")
    ] = None,
    policy: Annotated[Path | None, typer.Option(help="Another policy than the demo's.")] = None,
    notifier: Annotated[
        Path | None,
        typer.Option(
            help="Tell people, by this notifier file.",
            envvar="MENDLOG_NOTIFIER_FILE",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
) -> None:
    """Run broker, sandbox cluster, checkout and all of Mendlog until Ctrl-C."""
    from deploy.sandbox.progress import reporter
    from deploy.sandbox.stack import Options, Stack

    quiet_clients()
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    options = Options(notifier_file=notifier.resolve() if notifier else None)
    if policy:
        options = replace(options, policy=policy)
    with tempfile.TemporaryDirectory(prefix="mendlog-") as scratch:
        stack = Stack(data or Path(scratch), options, reporter())
        stack.start()
        try:
            for name, address in stack.addresses.items():
                typer.echo(f"{name:>18}  {address}")
            typer.echo("running; Ctrl-C stops everything")
            while not stop.wait(TEND_S):
                for name in stack.tend():
                    typer.echo(f"{name} had died and was started again")
        finally:
            typer.echo("stopping")
            stack.stop()
