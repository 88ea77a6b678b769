"""`mendlog policy`: check a policy's text; put it in force; make one of an alertmanager.yml."""

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from deploy.cli.terminal import commands, quiet_clients, show_json
from streams.reading.faults import Fault, FileError

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


@app.command("import-alertmanager")
def import_alertmanager(
    file: Annotated[Path, typer.Argument(help="An alertmanager.yml.", exists=True, dir_okay=False)],
    as_json: AsJson = False,
) -> None:
    """Write the policy that says the same, on standard output; what it cannot say is listed on
    standard error. Exit 1 with each place at fault where Alertmanager would refuse the file."""
    from streams.policy.alertmanager import import_file

    try:
        imported = import_file(file)
    except FileError as fault:
        _show_faults(fault, as_json)
        raise typer.Exit(1) from None
    if as_json:
        notes = _listed(imported.notes)
        show_json({"ok": True, "policy": imported.policy, "notes": notes, "faults": []})
        return
    typer.echo(imported.policy, nl=False)
    for note in imported.notes:
        place = f"{note.file}:{note.line}:{note.column}"
        typer.echo(f"{place}: not in the policy: {note.why}", err=True)


def _show_faults(fault: FileError, as_json: bool) -> None:
    if as_json:
        show_json({"ok": False, "digest": None, "faults": _listed(fault.faults)})
    else:
        typer.echo(str(fault), err=True)


def _listed(faults: Iterable[Fault]) -> list[dict[str, Any]]:
    return [{"file": f.file, "line": f.line, "column": f.column, "why": f.why} for f in faults]
