"""`mendlog demo`: break checkout and watch the loop close."""

import asyncio
import json
import tempfile
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from deploy.cli.terminal import commands, quiet_clients, show_table

CLUSTERS = ("sandbox", "real")

app = commands("Break checkout and watch the loop close.")


@app.command()
def demo(
    scenario: Annotated[str, typer.Argument(help="leak or bad-release.")] = "leak",
    cluster: Annotated[
        str,
        typer.Option(help="sandbox, or real: a Kubernetes control plane, built with Go once."),
    ] = "sandbox",
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the facts to this file, for scripts.")
    ] = None,
) -> None:
    """Start the stack, break checkout, watch it being mended, then replay the tape.

    Exit status 0 only if the fix was verified and the replay is identical.
    """
    from deploy.sandbox.demo.run import run
    from deploy.sandbox.demo.scenarios import SCENARIOS
    from deploy.sandbox.progress import reporter
    from deploy.sandbox.stack import Options, Stack

    if scenario not in SCENARIOS:
        raise typer.BadParameter(f"choose among {', '.join(SCENARIOS)}")
    if cluster not in CLUSTERS:
        raise typer.BadParameter(f"choose among {', '.join(CLUSTERS)}")
    quiet_clients()
    began_s = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mendlog-demo-") as folder:
        options = Options(real_cluster=cluster == "real")
        stack = Stack(Path(folder), options, progress=reporter())
        stack.start()
        try:
            facts, replayed = asyncio.run(run(stack, SCENARIOS[scenario], Teller(stack)))
        finally:
            stack.stop()
    if json_file is not None:
        json_file.write_text(json.dumps(facts.as_json(), indent=1) + "\n")
    summarise(facts, replayed, time.monotonic() - began_s)
    raise typer.Exit(0 if facts.ok else 1)


class Teller:
    """Prints what happens as it happens."""

    def __init__(self, stack: Any) -> None:
        self._progress = stack.progress

    def say(self, text: str) -> None:
        self._progress.say(text)

    def line(self, line: Any, since_ms: int) -> None:
        place = f"   [{line.place}]" if line.place else ""
        typer.echo(f"{(line.at_ms - since_ms) / 1000:>7.2f} s  {line.what}{place}")


def summarise(facts: Any, replayed: Any, took_s: float) -> None:
    def seconds(value: float | None) -> str:
        return "never" if value is None else f"{value:.2f} s"

    typer.echo("")
    show_table(
        ("since the fault", ""),
        [
            ("detected", seconds(facts.detected_s)),
            ("decided (ACT)", seconds(facts.commanded_s)),
            ("acted", seconds(facts.acted_s)),
            ("verified and resolved", seconds(facts.resolved_s)),
            ("requests, failed", f"{facts.requests}, {facts.failed}"),
        ],
    )
    typer.echo(
        f"\nreplay: {facts.replayed} decisions recomputed from {replayed.facts} facts, "
        f"{facts.differ} differ"
    )
    if replayed.first is not None:
        typer.echo(f"first difference: {replayed.first}")
    typer.echo(f"{'ok' if facts.ok else 'FAILED'}; {took_s:.0f} s in all")
