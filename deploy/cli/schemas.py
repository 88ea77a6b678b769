"""`mendlog schemas`: the records on the wire, as released."""

from typing import Annotated

import typer

from deploy.cli.terminal import commands, show_json, show_table
from schemas.codec import released, schema_fingerprint

app = commands("List the records and their released versions.")


@app.callback()
def group() -> None:
    """Without this, typer would drop the name of an only command."""


@app.command("list")
def list_schemas(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List every released schema with the fingerprint that its records carry."""
    rows = [
        (name, str(number), schema_fingerprint(schema).hex())
        for name, versions in sorted(released().items())
        for number, schema in enumerate(versions, start=1)
    ]
    if as_json:
        keys = ("record", "version", "fingerprint")
        show_json([dict(zip(keys, row, strict=True)) for row in rows])
    else:
        show_table(("record", "version", "fingerprint"), rows)
