"""What a file's values may be, said once: how each is read, and what an editor is told about it.

A rule over several values is judged only where each of them could be read, so one mistake is one
fault. What cannot be read has been noted as a fault and is `Unreadable`: nothing is made of it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar

from yaml.nodes import MappingNode, Node, ScalarNode

from streams.reading.nodes import YEAR_MS, Reading, Section

T = TypeVar("T")
U = TypeVar("U")
Schema = Mapping[str, Any]


class Unreadable(Exception):
    """What is wrong has been noted."""


@dataclass(frozen=True, slots=True)
class Shape(Generic[T]):
    read: Callable[[Reading, Node], T]
    """Notes faults; may raise Unreadable."""
    schema: Schema

    def described(self, about: str) -> Schema:
        return {"description": about, **self.schema} if about else self.schema


def referred(shape: Shape[T], name: str) -> Shape[T]:
    """The same, which the schema tells about once, under `name`."""
    return Shape(shape.read, {"$ref": f"#/definitions/{name}"})


_NEEDED = object()


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a record. Without a default it must be there."""

    shape: Shape[Any]
    about: str = ""
    default: Any = _NEEDED

    @property
    def needed(self) -> bool:
        return self.default is _NEEDED


Keys = Mapping[str, Key]


class Found:
    """What a record's keys held, and where; for rules over several of them."""

    def __init__(self, reading: Reading, node: Node, keys: Keys) -> None:
        self.reading, self.node = reading, node
        self._keys = keys
        self._nodes: dict[str, Node] = {}
        self._values: dict[str, Any] = {}

    def read(self, section: Section) -> None:
        for name, key in self._keys.items():
            read = partial(self._read, name)
            if key.needed:
                self._values[name] = section.need(name, read, None)
            else:
                self._values[name] = section.may(name, read, key.default)
        section.done(", ".join(self._keys))

    def _read(self, name: str, node: Node) -> Any:
        self._nodes[name] = node
        try:
            return self._keys[name].shape.read(self.reading, node)
        except Unreadable:
            return None

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __contains__(self, name: str) -> bool:
        """Whether the key was written down."""
        return name in self._nodes

    def at(self, name: str) -> Node:
        return self._nodes.get(name, self.node)

    def fault(self, name: str, why: str) -> None:
        """At the key's value; where it was left out, at the record."""
        self.reading.fault(self.at(name), why)

    def all(self) -> dict[str, Any]:
        return dict(self._values)


def record(what: str, keys: Keys, build: Callable[[Found], T]) -> Shape[T]:
    """A mapping whose keys are ours."""

    def read(reading: Reading, node: Node) -> T:
        before = len(reading.faults)
        found = Found(reading, node, keys)
        found.read(Section(reading, node, what))
        if len(reading.faults) > before:
            raise Unreadable
        return build(found)

    return Shape(read, record_schema(keys))


def record_schema(keys: Keys) -> Schema:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": [name for name, key in keys.items() if key.needed],
        "properties": {name: key.shape.described(key.about) for name, key in keys.items()},
    }


def list_of(shape: Shape[T], least: int = 0) -> Shape[tuple[T, ...]]:
    def read(reading: Reading, node: Node) -> tuple[T, ...]:
        before = len(reading.faults)
        found = []
        for item in reading.items(node, least):
            try:
                found.append(shape.read(reading, item))
            except Unreadable:
                continue
        if len(reading.faults) > before:
            raise Unreadable
        return tuple(found)

    schema: dict[str, Any] = {"type": "array", "items": shape.schema}
    return Shape(read, {**schema, "minItems": least} if least else schema)


def map_of(names: Shape[str], values: Shape[T]) -> Shape[dict[str, T]]:
    """A mapping whose keys are the user's."""

    def read(reading: Reading, node: Node) -> dict[str, T]:
        before = len(reading.faults)
        found: dict[str, T] = {}
        for key, value in Section(reading, node, "a mapping").rest():
            try:
                found[names.read(reading, key)] = values.read(reading, value)
            except Unreadable:
                continue
        if len(reading.faults) > before:
            raise Unreadable
        return found

    return Shape(read, {"type": "object", "additionalProperties": values.schema})


def checked(shape: Shape[T], judge: Callable[[Reading, Node, T], None]) -> Shape[T]:
    """The same, and what `judge` notes about what was read."""

    def read(reading: Reading, node: Node) -> T:
        before = len(reading.faults)
        value = shape.read(reading, node)
        if len(reading.faults) == before:
            judge(reading, node, value)
        return value

    return Shape(read, shape.schema)


def made(shape: Shape[T], make: Callable[[T], U]) -> Shape[U]:
    """Another value made of what was read."""

    def read(reading: Reading, node: Node) -> U:
        before = len(reading.faults)
        value = shape.read(reading, node)
        if len(reading.faults) > before:
            raise Unreadable
        return make(value)

    return Shape(read, shape.schema)


def either(scalar: Shape[T], mapping: Shape[T]) -> Shape[T]:
    """A short form and a long one."""

    def read(reading: Reading, node: Node) -> T:
        return (mapping if isinstance(node, MappingNode) else scalar).read(reading, node)

    return Shape(read, {"oneOf": [scalar.schema, mapping.schema]})


def tagged(what: str, tag: str, shapes: Mapping[str, Shape[T]]) -> Shape[T]:
    """A mapping one of whose keys says which it is."""
    word = one_of(dict.fromkeys(shapes, ""))

    def read(reading: Reading, node: Node) -> T:
        before = len(reading.faults)
        name = Section(reading, node, what).need(tag, partial(word.read, reading), "")
        if len(reading.faults) > before:
            raise Unreadable
        return shapes[name].read(reading, node)

    return Shape(read, {"oneOf": [shape.schema for shape in shapes.values()]})


# Scalars.

TEXT: Shape[str] = Shape(lambda reading, node: reading.text(node), {"type": "string"})
FLAG: Shape[bool] = Shape(lambda reading, node: reading.flag(node), {"type": "boolean"})


def _words(reading: Reading, node: Node) -> str:
    text = reading.text(node)
    if isinstance(node, ScalarNode) and not text.strip():
        reading.fault(node, "expected some text")
    return text


WORDS: Shape[str] = Shape(_words, {"type": "string", "minLength": 1})
"""Text that is not empty."""


def whole(least: int = 1, most: int = 1_000_000) -> Shape[int]:
    schema = {"type": "integer", "minimum": least, "maximum": most}
    return Shape(lambda reading, node: reading.whole(node, least, most), schema)


PERCENT = whole(1, 100)
DURATION_PATTERN = "^([0-9]{1,12}(ms|s|m|h|d))+$"


def duration(least_ms: int = 1, most_ms: int = YEAR_MS) -> Shape[int]:
    """In milliseconds."""
    schema = {"type": "string", "pattern": DURATION_PATTERN}
    return Shape(lambda reading, node: reading.duration_ms(node, least_ms, most_ms), schema)


def one_of(known: Mapping[str, str]) -> Shape[str]:
    """A word of a table that says what each means. A plain `off` is the word where it is one."""

    def read(reading: Reading, node: Node) -> str:
        if isinstance(node, ScalarNode) and node.value in known:
            return str(node.value)
        before = len(reading.faults)
        text = reading.text(node)
        if len(reading.faults) == before:
            reading.fault(node, f"unknown: {text!r}; known: {', '.join(sorted(known))}")
        raise Unreadable

    words = sorted(known)
    return Shape(
        read,
        {"type": "string", "enum": words, "enumDescriptions": [known[word] for word in words]},
    )


def names(of: str) -> Shape[str]:
    """A name that is defined here."""

    def read(reading: Reading, node: Node) -> str:
        name = _words(reading, node)
        if name:
            reading.names.define(of, name, node)
        return name

    return Shape(read, WORDS.schema)


def refers_to(of: str) -> Shape[str]:
    """A name that must be defined somewhere in the file."""

    def read(reading: Reading, node: Node) -> str:
        name = _words(reading, node)
        if name:
            reading.names.refer(of, name, node)
        return name

    return Shape(read, WORDS.schema)
