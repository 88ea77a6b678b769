"""`mendlog policy init`: a policy to begin with."""

from pathlib import Path
from typing import Annotated

import typer


def init(
    folder: Annotated[Path, typer.Argument(help="New or empty.")] = Path("policy"),
    namespace: Annotated[
        list[str] | None, typer.Option(help="Where actions are allowed; may be given again.")
    ] = None,
) -> None:
    """Write a commented policy to begin with, from the library of playbooks. It allows nothing by
    itself: every playbook begins in the mode `shadow`."""
    from deploy.policies.starting import YOURS, CannotStart, write
    from deploy.policies.where import DEPLOYMENT_LABEL

    try:
        files = write(folder, namespace or [])
    except CannotStart as why:
        typer.echo(f"mendlog: {why}", err=True)
        raise typer.Exit(1) from None
    for file in files:
        typer.echo(f"wrote {file}")
    typer.echo(f"\nNext: read {folder / YOURS}, then")
    typer.echo(f"  mendlog policy check {folder}")
    typer.echo(f"  mendlog policy publish {folder} --reason 'the library, in shadow'")
    typer.echo("Alerts of pods need a label more; these Prometheus rules add it:")
    typer.echo(f"  {DEPLOYMENT_LABEL}")
