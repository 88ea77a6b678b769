"""`mendlog ingest`: what a source's alerts are read as, without sending any."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from deploy.cli.terminal import commands, show_json, show_table
from deploy.cli.times import moment_ms, now_ms
from schemas.alerts import Sighting
from streams.ingest.formats.alert_json import UNREADABLE
from streams.ingest.formats.catalog import FORMATS
from streams.ingest.formats.cloudevents import cloudevents
from streams.ingest.formats.cloudevents_binary import IN_HTTP
from streams.ingest.formats.format import Format
from streams.ingest.formats.generic import Envelope, generic
from streams.ingest.formats.parsed import Checked
from streams.ingest.gateway.delivery import Delivery
from streams.ingest.gateway.prepared import prepared
from streams.ingest.gateway.scope import check_within
from streams.ingest.gateway.source import Source
from streams.ingest.gateway.source_file import load_sources
from streams.ingest.otlp.kind import OTLP
from streams.ingest.remote_write.kind import REMOTE_WRITE

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
    kind, slash, name = source.partition("/")
    format = format_named(kind)
    sender = _registered(sources, name, format) if slash else Source(source)
    headers = _headers(header)
    received_ms = moment_ms(at) if at else now_ms()
    body = _prepared(format, sender, headers, file.read())
    checked = check_within(sender, format, body, received_ms)
    delivery = Delivery(sender, format.name, body, checked, received_ms, "")
    read = format.parse(body, sender.name, received_ms)
    rows = [row(seen) for seen in read.sightings]
    if as_json:
        show_json(rows)
    elif rows:
        show_table(COLUMNS, [_cells(one) for one in rows])
    for text in _said(checked, format, sender, headers, body):
        typer.echo(f"mendlog: {text}", err=True)
    if not rows and not checked.faults:
        typer.echo("no alert in it: passed over", err=True)
    raise typer.Exit(0 if delivery.status == 200 else 1)


SAMPLES = (OTLP, REMOTE_WRITE)
SPECVERSION = "specversion: missing"
NAMED = "--source {}/NAME --sources FILE"
COLUMNS = ("fingerprint", "status", "starts at", "ends at", "labels")


def format_named(name: str) -> Format:
    """By the last part of its path, or by its own name."""
    doors = {f.path.removesuffix("/{name}"): f for f in FORMATS.values() if f.path}
    known = {**{path.rsplit("/", 1)[1]: f for path, f in doors.items()}, **FORMATS}
    if name in SAMPLES:
        raise typer.BadParameter(f"{name!r} sends samples, and samples are not parsed here")
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


def _registered(file: Path | None, name: str, format: Format) -> Source:
    if not name or file is None:
        raise typer.BadParameter(f"name the source and its file: {NAMED.format(format.name)}")
    found = {source.name: source for source in load_sources(file)}
    if name not in found:
        raise typer.BadParameter(f"{file} has no source {name!r}; it has {', '.join(found)}")
    if format is generic and found[name].mapping is None:
        raise typer.BadParameter(f"the source {name!r} of {file} has no mapping")
    return found[name]


def _headers(texts: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in texts:
        name, colon, value = text.partition(":")
        if not name.strip() or not colon:
            raise typer.BadParameter(f"--header {text!r}: expected name: value")
        found[name.strip().lower()] = value.strip()
    return found


def _said(
    checked: Checked, format: Format, sender: Source, headers: dict[str, str], body: bytes
) -> list[str]:
    """What is wrong, and what was perhaps forgotten on the command line."""
    faults = [str(fault) for fault in checked.faults]
    if faults and format is generic and not sender.mapping and not _is_kept(body):
        return [f"name the source whose mapping reads it: {NAMED.format(format.name)}"]
    is_binary = any(name.startswith(IN_HTTP) for name in headers)
    if format is cloudevents and not is_binary and any(SPECVERSION in text for text in faults):
        faults.append("of an event in binary mode give the headers: --header 'ce-specversion: 1.0'")
    return faults


def _is_kept(body: bytes) -> bool:
    """With its mapping, as it is in `alerts`."""
    try:
        msgspec.json.decode(body, type=Envelope)
    except UNREADABLE:
        return False
    return True


def _prepared(format: Format, sender: Source, named: dict[str, str], body: bytes) -> bytes:
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
