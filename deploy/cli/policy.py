"""`mendlog policy`: what a policy says, does and changes. Larger commands have their own files."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from deploy.cli.policy_compare import compare
from deploy.cli.policy_detect import detect
from deploy.cli.policy_explain import explain
from deploy.cli.policy_init import init
from deploy.cli.policy_publish import drop, promote, publish
from deploy.cli.policy_stories import tell
from deploy.cli.terminal import commands, show_json
from streams.reading.faults import Fault, FileError

app = commands("Check, explain and test a policy; put it in force.")
Text = Annotated[Path, typer.Argument(help="The policy: a YAML file or a folder.", exists=True)]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def check(
    path: Text,
    as_json: AsJson = False,
    strict: Annotated[bool, typer.Option(help="Exit 1 for a warning, too.")] = False,
) -> None:
    """Say all that is wrong, each with file:line:column; exit 1 where anything is. Then warn of
    what can be read and is surely not meant."""
    from streams.policy.lint import differences, remarks
    from streams.policy.load import read_policy
    from streams.policy.parts import text_of

    try:
        policy, root = read_policy(text_of(path), str(path))
    except FileError as fault:
        _show_faults(fault, as_json)
        raise typer.Exit(1) from None
    warnings, changed = remarks(policy, root), differences(policy, root)
    failed = strict and bool(warnings)
    if as_json:
        show_json(
            {
                "ok": not failed,
                "digest": policy.digest,
                "faults": [],
                "warnings": _listed(warnings),
                "differs_from_preset": changed,
            }
        )
    else:
        for warning in warnings:
            typer.echo(f"{warning} (warning)", err=True)
        typer.echo(f"{path}: good, digest {policy.digest}")
        for book in policy.playbooks:
            steps = " → ".join(rung.action for rung in book.rungs)
            typer.echo(f"  {book.name} ({book.mode}): {steps}")
        if changed:
            typer.echo("  limits that differ from the preset: " + "; ".join(changed))
    if failed:
        raise typer.Exit(1)


def schema() -> None:
    """The JSON Schema of a policy, for editors."""
    from streams.policy.schema import SCHEMA

    show_json(SCHEMA)


def import_alertmanager(
    file: Annotated[Path, typer.Argument(help="An alertmanager.yml.", exists=True, dir_okay=False)],
    as_json: AsJson = False,
) -> None:
    """Write the policy that says the same, on standard output; what it cannot say is listed on
    standard error. Exit 1 with each place at fault where Alertmanager would refuse the file."""
    from streams.policy.alertmanager.convert import import_file

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


for name, command in {
    "init": init,
    "check": check,
    "explain": explain,
    "test": tell,
    "detect": detect,
    "publish": publish,
    "compare": compare,
    "promote": promote,
    "drop": drop,
    "schema": schema,
    "import-alertmanager": import_alertmanager,
}.items():
    app.command(name)(command)
