"""`mendlog policy`: check a policy's text; put it in force."""

import asyncio
from pathlib import Path
from typing import Annotated, Any

import typer

from deploy.cli.terminal import commands, quiet_clients, show_json
from streams.reading.faults import FileError

app = commands("Check a policy; put it in force.")

File = Annotated[Path, typer.Argument(help="The policy, a YAML file.", exists=True, dir_okay=False)]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
def check(file: File, as_json: AsJson = False) -> None:
    """Say all that is wrong, each with file:line:column; exit 1 where anything is."""
    from streams.policy.load import load_file

    try:
        policy, _ = load_file(file)
    except FileError as fault:
        _show_faults(fault, as_json)
        raise typer.Exit(1) from None
    if as_json:
        show_json({"ok": True, "digest": policy.digest, "faults": []})
        return
    typer.echo(f"{file}: good, digest {policy.digest}")
    for book in policy.playbooks:
        typer.echo(f"  {book.name}: " + " → ".join(rung.action for rung in book.rungs))


@app.command()
def publish(
    file: File,
    reason: Annotated[str, typer.Option(help="Why, for the record.")],
    bootstrap: Annotated[str | None, typer.Option(help="Broker; else MENDLOG_BOOTSTRAP.")] = None,
    prefix: Annotated[str | None, typer.Option(help="Else MENDLOG_TOPIC_PREFIX.")] = None,
    as_json: AsJson = False,
) -> None:
    """Put a policy in force on every cluster. One that is wrong is refused, and the one in force
    stays."""
    from deploy.registry import join_registry
    from streams.controls import policy_control
    from streams.controls import publish as published
    from streams.policy.load import load_file
    from streams.settings import KafkaSettings

    quiet_clients()
    policy, source = load_file(file)
    given: dict[str, Any] = {"bootstrap": bootstrap, "topic_prefix": prefix}
    settings = KafkaSettings(**{k: v for k, v in given.items() if v is not None})
    join_registry(settings.registry_url, settings.topic_prefix)
    control = policy_control(policy, source, reason)
    partition, offset = asyncio.run(published(settings.bootstrap, settings.topic_prefix, control))
    facts = {"digest": policy.digest, "partition": partition, "offset": offset}
    if as_json:
        show_json(facts)
    else:
        typer.echo(
            f"published {policy.digest} at {settings.topic_prefix}.controls/{partition}/{offset}"
        )


def _show_faults(fault: FileError, as_json: bool) -> None:
    if as_json:
        faults = [
            {"file": f.file, "line": f.line, "column": f.column, "why": f.why} for f in fault.faults
        ]
        show_json({"ok": False, "digest": None, "faults": faults})
    else:
        typer.echo(str(fault), err=True)
