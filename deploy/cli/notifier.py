"""`mendlog notifier`: tells people what notices say."""

from pathlib import Path
from typing import Annotated

import typer

from deploy.cli.terminal import commands

app = commands("Tell people: notices to Slack, PagerDuty and webhooks.")


@app.command()
def notifier(
    check: Annotated[
        Path | None,
        typer.Option(help="Only say what is wrong with this file.", exists=True, dir_okay=False),
    ] = None,
) -> None:
    """Tell people; settings from MENDLOG_*, see docs/notifications.md."""
    if check:
        _check(check)
        return
    from deploy.failpoints import failpoint
    from deploy.logs import configure
    from deploy.registry import join_registry
    from remediators.notifier_bootstrap import run_notifier
    from remediators.settings import NotifierSettings

    configure()
    settings = NotifierSettings()
    join_registry(settings.registry_url, settings.topic_prefix)
    raise typer.Exit(run_notifier(settings, failpoint()))


def _check(path: Path) -> None:
    """Exit 1 where anything is wrong. Secrets are named, and not looked for: they are elsewhere."""
    from remediators.notify.config import load
    from remediators.notify.opening import secrets_of
    from remediators.reading import BadFile

    try:
        file = load(path)
    except BadFile as fault:
        typer.echo(str(fault), err=True)
        raise typer.Exit(1) from None
    typer.echo(f"{path}: good; {len(file.receivers)} receivers, {len(file.channels)} channels")
    for line in secrets_of(file):
        typer.echo(f"  {line}")
