"""`mendlog up`: the embedded stack, kept running."""

import queue
import signal
import tempfile
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
    from deploy.sandbox.stack import ACCEPT_FIRST, Options, Stack

    quiet_clients()
    # No Event: set by a handler that interrupts its own wait, it waits for itself for ever.
    stop: queue.SimpleQueue[int] = queue.SimpleQueue()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _: stop.put(number))
    options = Options(nice=ACCEPT_FIRST, notifier_file=notifier.resolve() if notifier else None)
    if policy:
        options = replace(options, policy=policy)
    with tempfile.TemporaryDirectory(prefix="mendlog-") as scratch:
        stack = Stack(data or Path(scratch), options, reporter())
        stack.start()
        try:
            for name, address in stack.addresses.items():
                typer.echo(f"{name:>18}  {address}")
            typer.echo("running; Ctrl-C stops everything")
            while not _told(stop):
                for name in stack.tend():
                    typer.echo(f"{name} had died and was started again")
        finally:
            typer.echo("stopping")
            stack.stop()


def _told(stop: queue.SimpleQueue[int]) -> bool:
    try:
        stop.get(timeout=TEND_S)
    except queue.Empty:
        return False
    return True
