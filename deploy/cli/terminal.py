"""What commands print: drawn for a person at a terminal, plain text or JSON for a program."""

import json
import logging
import sys
from collections.abc import Sequence
from typing import Any, Literal

import typer


def quiet_clients() -> None:
    """Kafka's client logs every attempt; a person at a terminal is told the result, once."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)


def commands(purpose: str, *, bare: bool = False) -> typer.Typer:
    """What `deploy/cli/<name>.py` holds as `app`. `bare`: it does something without arguments."""
    return typer.Typer(
        help=purpose,
        add_completion=False,  # the main command's own covers all
        no_args_is_help=not bare,
        pretty_exceptions_enable=False,
        rich_markup_mode=markup(),
    )


def markup() -> Literal["rich"] | None:
    """Help in boxes and colours only where a person sees it."""
    return "rich" if sys.stdout.isatty() else None


def show_json(value: Any) -> None:
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False))


def show_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    if sys.stdout.isatty():
        _drawn(headings, rows)
    else:
        _aligned([headings, *rows])


def _drawn(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*headings, header_style="bold", box=None, pad_edge=False)
    for row in rows:
        # Text, not str: what a broker or a person wrote must not be read as markup.
        table.add_row(*(Text(cell) for cell in row))
    Console().print(table)


def _aligned(rows: Sequence[Sequence[str]]) -> None:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        typer.echo("  ".join(cells).rstrip())


def show_fields(fields: Sequence[tuple[str, str]]) -> None:
    """A heading and what it says, a line each; at a terminal a heading is said once."""
    if not sys.stdout.isatty():
        for heading, text in fields:
            typer.echo(f"{heading:<12}{text}".rstrip())
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=False, pad_edge=False)
    last = ""
    for heading, text in fields:
        table.add_row(Text("" if heading == last else heading, style="bold"), Text(text))
        last = heading
    Console().print(table)
