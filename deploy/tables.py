"""Tables in documents, made from those in code.

A table stands between `<!-- NAME:begin -->` and `<!-- NAME:end -->`.
"""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

Tables = Mapping[str, Callable[[], str]]


def with_tables(page: Path, tables: Tables) -> str:
    """The page as it should be. Raises ValueError where it lacks a mark."""
    document = page.read_text()
    for name, made in tables.items():
        begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
        before, found, rest = document.partition(begin)
        _old, closed, after = rest.partition(end)
        if not (found and closed):
            raise ValueError(f"{page.name} has no {begin} … {end}")
        document = f"{before}{begin}\n{made()}\n{end}{after}"
    return document


def table(headings: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    rule = ("---",) * len(headings)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (headings, rule, *rows))
