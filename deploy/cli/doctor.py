"""`mendlog doctor`: what this machine lacks, and how to get it."""

import dataclasses
from typing import Annotated

import typer

from deploy.cli.terminal import commands, quiet_clients, show_json, show_table

app = commands("Say what this machine lacks, and how to get it.")


@app.command()
def doctor(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Say what this machine lacks, and how to get it; exit 1 where something is missing."""
    from deploy.doctor import Verdict, examine

    quiet_clients()
    findings = list(examine())
    if as_json:
        show_json([dataclasses.asdict(finding) for finding in findings])
    else:
        rows = [(f.verdict.value, f.what, f.found, f.fix) for f in findings]
        show_table(("", "what", "found", "to do"), rows)
    if any(finding.verdict is Verdict.MISSING for finding in findings):
        raise typer.Exit(1)
