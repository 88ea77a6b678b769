"""`mendlog ingest`: what a source's alerts are read as, without sending any."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from deploy.cli.terminal import commands, show_json, show_table
from deploy.cli.times import moment_ms, now_ms
from schemas.alerts import Sighting
from streams.ingest.formats.catalog import FORMATS
from streams.ingest.formats.format import Format
from streams.ingest.formats.generic import generic
from streams.ingest.gateway.delivery import Delivery
from streams.ingest.gateway.prepared import prepared
from streams.ingest.gateway.scope import check_within
from streams.ingest.gateway.source import Source
from streams.ingest.gateway.source_file import load_sources

app = commands("Look at how a source's alerts are read.")


@app.callback()
def group() -> None:
    """Without this, typer would drop the name of an only command."""


@app.command()
def parse(
    file: Annotated[
        typer.FileBinaryRead, typer.Argument(help="A body as the source sends it; - reads it here.")
    ],
    source: Annotated[
        str,
        typer.Option(
            help="Whose it is: the end of its path, as `datadog` or `generic/NAME`, or its format."
        ),
    ],
    sources: Annotated[
        Path | None,
        typer.Option(
            help="The file of sources, for the mapping of `generic/NAME`.",
            envvar="MENDLOG_SOURCES_FILE",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    header: Annotated[
        list[str], typer.Option(help="A header of the request, as `name: value`.")
    ] = [],  # noqa: B006
    at: Annotated[
        str | None, typer.Option(help="When it is received; now, unless it is given.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Run the parser that the gateway runs.

    Exit status 1 where the gateway would refuse the delivery; what is wrong is told on stderr.
    """
    kind, _, name = source.partition("/")
    format, sender = format_named(kind), _registered(sources, name) if name else Source(source)
    received_ms = moment_ms(at) if at else now_ms()
    body = _prepared(format, sender, header, file.read())
    checked = check_within(sender, format, body, received_ms)
    delivery = Delivery(sender, format.name, body, checked, received_ms, "")
    read = format.parse(body, sender.name, received_ms)
    rows = [row(seen) for seen in read.sightings]
    if as_json:
        show_json(rows)
    elif rows:
        show_table(COLUMNS, [_cells(one) for one in rows])
    for fault in checked.faults:
        typer.echo(f"mendlog: {fault}", err=True)
    raise typer.Exit(0 if delivery.status == 200 else 1)


COLUMNS = ("fingerprint", "status", "starts at", "ends at", "labels")


def format_named(name: str) -> Format:
    """By the last part of its path, or by its own name."""
    doors = {f.path.removesuffix("/{name}"): f for f in FORMATS.values() if f.path}
    known = {**{path.rsplit("/", 1)[1]: f for path, f in doors.items()}, **FORMATS}
    if name not in known:
        raise typer.BadParameter(f"no source is called {name!r}; known are {', '.join(known)}")
    return known[name]


def row(seen: Sighting) -> dict[str, Any]:
    """A sighting as programs are told of it."""
    return {
        "fingerprint": seen.fingerprint,
        "status": seen.status.value,
        "labels": dict(seen.labels),
        "annotations": dict(seen.annotations),
        "starts_at": _moment(seen.starts_at_ms),
        "ends_at": _moment(seen.ends_at_ms),
        "source": seen.source,
    }


def _moment(at_ms: int) -> str | None:
    if not at_ms:
        return None
    text = datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def _cells(one: dict[str, Any]) -> tuple[str, ...]:
    labels = ", ".join(f"{name}={value}" for name, value in sorted(one["labels"].items()))
    return (one["fingerprint"], one["status"], one["starts_at"] or "", one["ends_at"] or "", labels)


def _registered(file: Path | None, name: str) -> Source:
    if file is None:
        raise typer.BadParameter("a source by its name needs --sources")
    found = {source.name: source for source in load_sources(file)}
    if name not in found:
        raise typer.BadParameter(f"{file} has no source {name!r}; it has {', '.join(found)}")
    return found[name]


def _prepared(format: Format, sender: Source, headers: list[str], body: bytes) -> bytes:
    pairs = (text.partition(":") for text in headers)
    named = {name.strip().lower(): value.strip() for name, _, value in pairs}
    try:
        # Without a name it is a body as it was kept, with its mapping.
        return (
            body
            if format is generic and not sender.mapping
            else prepared(named, sender, format, body)
        )
    except ValueError as error:
        typer.echo(f"mendlog: body: {error}", err=True)
        raise typer.Exit(1) from None
