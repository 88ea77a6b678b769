"""Remembers which jars were verified, so that a start need not read 45 MB again.

A mark holds the digest that was found and the file's size and modification time at that moment.
When any of them differs today, the mark says nothing and the jar is verified anew.
"""

import json
from collections.abc import Iterable
from pathlib import Path

from deploy.sandbox.cache import write_whole
from deploy.sandbox.jar_lock import Jar

MARKS = "verified.json"


def unmarked(jars: Iterable[Jar], folder: Path) -> list[Jar]:
    marks = _read(folder)
    return [jar for jar in jars if marks.get(jar.file_name, "no mark") != _today(jar, folder)]


def mark(jars: Iterable[Jar], folder: Path) -> None:
    """For whoever has just compared these files with their digests."""
    marks = _read(folder) | {jar.file_name: _today(jar, folder) for jar in jars}
    write_whole(folder / MARKS, json.dumps(marks, indent=1))


def _read(folder: Path) -> dict[str, list[str | int]]:
    try:
        marks: dict[str, list[str | int]] = json.loads((folder / MARKS).read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return marks


def _today(jar: Jar, folder: Path) -> list[str | int]:
    try:
        status = (folder / jar.file_name).stat()
    except FileNotFoundError:
        return []
    return [jar.sha256, status.st_size, status.st_mtime_ns]
