"""A file that people write, as plain values: each scalar as written, and where each one stands.

YAML would turn `no` into False and `08` into text. Here every scalar is text until its field says
otherwise. Anchors, aliases, tags and keys that come twice are refused.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

BYTES_MAX = 256 * 1024
DEPTH_MAX = 16
_TAGS = {
    f"tag:yaml.org,2002:{t}"
    for t in ("str", "int", "float", "bool", "null", "map", "seq", "timestamp", "value", "merge")
}
"""What PyYAML finds by itself. It is only looked at to tell that nobody wrote a tag."""
Path = tuple[str | int, ...]
M = TypeVar("M", bound=BaseModel)


class BadFile(Exception):
    """A file that cannot be used: all that is wrong with it, each with its place."""

    def __init__(self, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(faults))


@dataclass(frozen=True, slots=True)
class Document:
    file: str
    plain: Any
    places: Mapping[Path, tuple[int, int]]

    def fault(self, path: Sequence[str | int], why: str) -> str:
        """By the nearest thing that stands in the file: what is missing stands nowhere, and a
        field's kind is no part of its path."""
        known: Path = ()
        for part in path:
            if (*known, part) in self.places:
                known = (*known, part)
        line, column = self.places.get(known, (1, 1))
        return f"{self.file}:{line}:{column}: {'.'.join(map(str, path))}: {why}"


def read_as(model: type[M], path: FilePath) -> M:
    """The whole file as one of pydantic's models. Raises BadFile with all that is wrong."""
    document = read(read_text(path), str(path))
    try:
        return model.model_validate(document.plain)
    except ValidationError as wrong:
        raise BadFile([document.fault(e["loc"], why(e)) for e in wrong.errors()]) from None


def read_text(path: FilePath) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        raise BadFile([f"{path}: cannot be read: {fault}"]) from fault


def read(text: str, file: str) -> Document:
    places: dict[Path, tuple[int, int]] = {}
    try:
        if len(text.encode(errors="replace")) > BYTES_MAX:
            raise BadFile([f"{file}:1:1: larger than {BYTES_MAX} bytes"])
        _refuse_anchors(text, file)
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as fault:
        raise BadFile([_at(file, fault.problem_mark, f"not YAML: {fault.problem}")]) from None
    # PyYAML lets through what a hostile escape or directive makes of `chr` and `int`.
    except (yaml.YAMLError, RecursionError, ValueError, OverflowError) as fault:
        raise BadFile([f"{file}:1:1: not YAML: {fault}"]) from None
    if node is None:
        raise BadFile([f"{file}:1:1: the file is empty"])
    faults: list[str] = []
    plain = _plain(node, (), places, faults, file)
    if faults:
        raise BadFile(faults)
    return Document(file, plain, places)


def why(error: Any) -> str:
    """One of pydantic's findings, in our words."""
    text = str(error["msg"]).removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        text = "unknown key"
    return text[0].lower() + text[1:]


def _refuse_anchors(text: str, file: str) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise BadFile([_at(file, event.start_mark, "anchors and aliases are not allowed")])
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > DEPTH_MAX:
            raise BadFile([_at(file, event.start_mark, "nested too deeply")])


def _plain(
    node: Node, path: Path, places: dict[Path, tuple[int, int]], faults: list[str], file: str
) -> Any:
    places[path] = (node.start_mark.line + 1, node.start_mark.column + 1)
    if node.tag not in _TAGS:
        faults.append(_at(file, node.start_mark, f"the tag {node.tag} is not allowed"))
    if isinstance(node, SequenceNode):
        return [_plain(n, (*path, i), places, faults, file) for i, n in enumerate(node.value)]
    if isinstance(node, MappingNode):
        return {
            name: _plain(value, (*path, name), places, faults, file)
            for name, value in _entries(node, faults, file)
        }
    return node.value


def _entries(node: MappingNode, faults: list[str], file: str) -> Iterator[tuple[str, Node]]:
    seen: set[str] = set()
    for key, value in node.value:
        if not isinstance(key, ScalarNode):
            faults.append(_at(file, key.start_mark, "expected a name"))
        elif key.value in seen:
            faults.append(_at(file, key.start_mark, f"{key.value!r} is here twice"))
        else:
            seen.add(key.value)
            yield key.value, value


def _at(file: str, mark: Any, why: str) -> str:
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    return f"{file}:{line}:{column}: {why}"
