"""How a frozen record maps to Avro: its schema, and the way to and from fastavro's plain values.

Reading goes by field name, whatever schema the bytes were written with: an unknown field is
dropped, and an absent one takes the class's default. `compatibility.py` says which schemas that
is right for.
"""

import dataclasses
import types
import typing
from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import cache
from typing import Any

Plain = Any
Convert = Callable[[Any], Plain]
NAMESPACE = "mendlog"
_PRIMITIVES: dict[type, str] = {
    str: "string",
    int: "long",
    float: "double",
    bool: "boolean",
    bytes: "bytes",
}


def schema_of(record: type) -> dict[str, Any]:
    """The Avro schema of a record class; nested records are written out where first met."""
    schema = _schema(record, set())
    assert isinstance(schema, dict)
    return schema


def full_name(record: type) -> str:
    return f"{NAMESPACE}.{record.__name__}"


def _schema(tp: Any, seen: set[str]) -> Any:
    if tp in _PRIMITIVES:
        return _PRIMITIVES[tp]
    if _is_enum(tp):
        return "string"  # so that a new member needs no new schema
    if dataclasses.is_dataclass(tp) and isinstance(tp, type):
        return _record_schema(tp, seen)
    if _is_union(tp):
        return ["null" if arm is type(None) else _schema(arm, seen) for arm in _arms_null_first(tp)]
    if typing.get_origin(tp) is tuple:
        return {"type": "array", "items": _schema(_item(tp), seen)}
    assert typing.get_origin(tp) is Mapping, f"no Avro form for {tp}"
    return {"type": "map", "values": _schema(_item(tp), seen)}


def _record_schema(tp: type, seen: set[str]) -> Any:
    name = full_name(tp)
    if name in seen:
        return name
    seen.add(name)
    fields = []
    for f, hint in _fields(tp):
        entry: dict[str, Any] = {"name": f.name, "type": _schema(hint, seen)}
        if (default := _default(f)) is not dataclasses.MISSING:
            entry["default"] = _json(to_plain(hint)(default))
        fields.append(entry)
    return {"type": "record", "name": name, "fields": fields}


def _default(f: "dataclasses.Field[Any]") -> Any:
    return f.default_factory() if f.default_factory is not dataclasses.MISSING else f.default


def _json(default: Plain) -> Any:
    """Avro writes a default of bytes as a string of the same code points."""
    return default.decode("latin-1") if isinstance(default, bytes) else default


@cache
def to_plain(tp: Any) -> Convert:
    """A function from a record (or a field's value) to what fastavro writes."""
    if tp is float:
        return _one_zero
    if tp in _PRIMITIVES:
        return _same
    if _is_enum(tp):
        return str
    if dataclasses.is_dataclass(tp) and isinstance(tp, type):
        parts = [(f.name, to_plain(hint)) for f, hint in _fields(tp)]
        return lambda record: {name: conv(getattr(record, name)) for name, conv in parts}
    if _is_union(tp):
        return _union_to(tp)
    item = to_plain(_item(tp))
    if typing.get_origin(tp) is tuple:
        return lambda values: [item(v) for v in values]
    # Sorted, so that equal records are equal bytes.
    return lambda mapping: {k: item(mapping[k]) for k in sorted(mapping)}


def _union_to(tp: Any) -> Convert:
    arms = _arms(tp)
    if len(arms) == 1:
        only = to_plain(arms[0])
        return lambda value: None if value is None else only(value)
    by_type = {arm: (full_name(arm), to_plain(arm)) for arm in arms}

    def convert(value: Any) -> Plain:
        if value is None:
            return None
        name, conv = by_type[type(value)]
        return (name, conv(value))

    return convert


@cache
def from_plain(tp: Any) -> Convert:
    """The way back. Raises ValueError for an enum value that this release does not know."""
    if tp is float:
        return float  # another writer's may be whole numbers
    if tp in _PRIMITIVES:
        return _same
    if _is_enum(tp):
        return typing.cast(Convert, tp)
    if dataclasses.is_dataclass(tp) and isinstance(tp, type):
        parts = [(f.name, from_plain(hint)) for f, hint in _fields(tp)]
        return lambda plain: tp(**{n: conv(plain[n]) for n, conv in parts if n in plain})
    if _is_union(tp):
        return _union_from(tp)
    item = from_plain(_item(tp))
    if typing.get_origin(tp) is tuple:
        return lambda values: tuple([item(v) for v in values])
    return lambda mapping: {k: item(v) for k, v in mapping.items()}


def _union_from(tp: Any) -> Convert:
    """A record that was written as one of a union comes with its name, anything else bare."""
    arms = _arms(tp)
    bare = from_plain(arms[0])
    by_name = {full_name(arm): from_plain(arm) for arm in arms}

    def convert(plain: Plain) -> Any:
        if plain is None:
            return None
        if type(plain) is tuple:
            name, fields = plain
            return by_name[name](fields)
        return bare(plain)

    return convert


def _fields(tp: Any) -> "list[tuple[dataclasses.Field[Any], Any]]":
    hints = typing.get_type_hints(tp)
    return [(f, hints[f.name]) for f in dataclasses.fields(tp)]


def _is_enum(tp: Any) -> bool:
    return isinstance(tp, type) and issubclass(tp, StrEnum)


def _is_union(tp: Any) -> bool:
    return typing.get_origin(tp) in (typing.Union, types.UnionType)


def _arms(tp: Any) -> list[Any]:
    """All but None. Several must be records, as only records are told apart by name."""
    arms = [arm for arm in typing.get_args(tp) if arm is not type(None)]
    assert len(arms) == 1 or all(map(dataclasses.is_dataclass, arms)), f"no Avro form for {tp}"
    return arms


def _arms_null_first(tp: Any) -> list[Any]:
    """Avro wants the default's type first, and every default of a nullable field here is null."""
    return sorted(typing.get_args(tp), key=lambda arm: arm is not type(None))


def _item(tp: Any) -> Any:
    """What a `tuple[X, ...]` or a `Mapping[str, X]` holds."""
    args = typing.get_args(tp)
    assert args[1] is ... or args[0] is str, f"no Avro form for {tp}"
    return args[0] if args[1] is ... else args[1]


def _one_zero(value: float) -> float:
    """Minus zero equals zero, so it must be the same bytes."""
    return value + 0.0


def _same(value: Any) -> Any:
    return value
