"""The file of authors: whose key is whose. What is signed with a key is that author's.

version: 1
authors:
  - name: ann
    keys: ["ssh-ed25519 AAAA… ann@laptop"]
"""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from yaml.nodes import Node

from schemas.signing import BadKey, PublicKey, read_public_key
from streams.reading.faults import Fault, FileError
from streams.reading.nodes import Reading, Section

Authors = Mapping[str, tuple[PublicKey, ...]]
NOBODY: Authors = {}
KEYS_MAX = 4
"""Of one author: each of their machines, and the next one during a rotation."""
_NAME_CHARS_MAX = 253

_Author = tuple[str, tuple[PublicKey, ...]]


def load_authors(path: Path) -> Authors:
    """Raises FileError."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        raise FileError([Fault(str(path), 1, 1, f"cannot be read: {fault}")]) from None
    return compile_authors(text, str(path))


def compile_authors(text: str, file: str = "authors") -> Authors:
    reading = Reading(file)
    top = Section(reading, reading.root(text), "a file of authors")
    top.need("version", lambda n: reading.whole(n, most=1), 1)
    none: tuple[_Author, ...] = ()
    authors = top.need(
        "authors", lambda n: tuple(_author(reading, item) for item in reading.items(n)), none
    )
    top.done("version, authors")
    for name, count in Counter(name for name, _ in authors).items():
        if count > 1:
            reading.fault(top.node, f"{count} authors are named {name!r}")
    reading.stop_at_faults()
    return dict(authors)


def _author(reading: Reading, node: Node) -> _Author:
    section = Section(reading, node, "an author")
    none: tuple[PublicKey, ...] = ()
    name = section.need("name", lambda n: _name(reading, n), "")
    keys = section.need("keys", lambda n: _keys(reading, n), none)
    section.done("name, keys")
    return name, keys


def _name(reading: Reading, node: Node) -> str:
    name = reading.text(node)
    if not 0 < len(name) <= _NAME_CHARS_MAX:
        reading.fault(node, f"expected a name of at most {_NAME_CHARS_MAX} characters")
    return name


def _keys(reading: Reading, node: Node) -> tuple[PublicKey, ...]:
    items = reading.items(node, least=1)
    if len(items) > KEYS_MAX:
        reading.fault(node, f"an author has at most {KEYS_MAX} keys")
    found = []
    for item in items:
        try:
            found.append(read_public_key(reading.text(item)))
        except BadKey as fault:
            reading.fault(item, str(fault))
    return tuple(found)
