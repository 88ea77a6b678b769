"""How a frozen record maps to Avro: its schema, and the way to and from fastavro's plain values."""

import dataclasses
import types
import typing
from collections.abc import Callable, Mapping
from enum import StrEnum
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


def _schema(tp: Any, seen: set[str]) -> Any:
    if tp in _PRIMITIVES:
        return _PRIMITIVES[tp]
    if _is_enum(tp):
        return "string"
    if dataclasses.is_dataclass(tp) and isinstance(tp, type):
        return _record_schema(tp, seen)
    if _is_union(tp):
        return ["null" if arm is type(None) else _schema(arm, seen) for arm in _arms_null_first(tp)]
    if typing.get_origin(tp) is tuple:
        return {"type": "array", "items": _schema(typing.get_args(tp)[0], seen)}
    assert typing.get_origin(tp) is Mapping, f"no Avro form for {tp}"
    return {"type": "map", "values": _schema(typing.get_args(tp)[1], seen)}


def _record_schema(tp: type, seen: set[str]) -> Any:
    name = f"{NAMESPACE}.{tp.__name__}"
    if name in seen:
        return name
    seen.add(name)
    hints = typing.get_type_hints(tp)
    fields = []
    for f in dataclasses.fields(tp):
        entry: dict[str, Any] = {"name": f.name, "type": _schema(hints[f.name], seen)}
        if (default := _default(f)) is not dataclasses.MISSING:
            entry["default"] = default
        fields.append(entry)
    return {"type": "record", "name": name, "fields": fields}


def _default(f: "dataclasses.Field[Any]") -> Any:
    if f.default is not dataclasses.MISSING:
        return list(f.default) if isinstance(f.default, tuple) else f.default
    return f.default_factory() if f.default_factory is not dataclasses.MISSING else f.default


def _is_enum(tp: Any) -> bool:
    return isinstance(tp, type) and issubclass(tp, StrEnum)


def _is_union(tp: Any) -> bool:
    return typing.get_origin(tp) in (typing.Union, types.UnionType)


def _arms_null_first(tp: Any) -> list[Any]:
    """Avro wants the default's type first, and every default of a nullable field here is null."""
    return sorted(typing.get_args(tp), key=lambda arm: arm is not type(None))


_to: dict[Any, Convert] = {}
_from: dict[Any, Convert] = {}


def to_plain(tp: Any) -> Convert:
    """A function from a record (or a field's value) to what fastavro writes."""
    if tp not in _to:
        _to[tp] = _make_to(tp)
    return _to[tp]


def from_plain(tp: Any) -> Convert:
    """The way back. Raises ValueError for an enum value that this release does not know."""
    if tp not in _from:
        _from[tp] = _make_from(tp)
    return _from[tp]


def _same(value: Any) -> Any:
    return value


def _make_to(tp: Any) -> Convert:
    if tp in _PRIMITIVES:
        return _same
    if _is_enum(tp):
        return str
    if dataclasses.is_dataclass(tp):
        hints = typing.get_type_hints(tp)
        parts = [(f.name, to_plain(hints[f.name])) for f in dataclasses.fields(tp)]
        return lambda record: {name: conv(getattr(record, name)) for name, conv in parts}
    if _is_union(tp):
        return _union_to(tp)
    if typing.get_origin(tp) is tuple:
        item = to_plain(typing.get_args(tp)[0])
        return lambda values: [item(v) for v in values]
    item = to_plain(typing.get_args(tp)[1])
    # Sorted, so that equal records are equal bytes.
    return lambda mapping: {k: item(mapping[k]) for k in sorted(mapping)}


def _union_to(tp: Any) -> Convert:
    arms = [arm for arm in typing.get_args(tp) if arm is not type(None)]
    if len(arms) == 1:
        only = to_plain(arms[0])
        return lambda value: None if value is None else only(value)
    by_type = {arm: (f"{NAMESPACE}.{arm.__name__}", to_plain(arm)) for arm in arms}

    def convert(value: Any) -> Plain:
        name, conv = by_type[type(value)]
        return (name, conv(value))

    return convert


def _make_from(tp: Any) -> Convert:
    if tp in _PRIMITIVES:
        return _same
    if _is_enum(tp):
        return typing.cast(Convert, tp)
    if dataclasses.is_dataclass(tp) and isinstance(tp, type):
        hints = typing.get_type_hints(tp)
        parts = [(f.name, from_plain(hints[f.name])) for f in dataclasses.fields(tp)]
        return lambda plain: tp(**{name: conv(plain[name]) for name, conv in parts})
    if _is_union(tp):
        return _union_from(tp)
    if typing.get_origin(tp) is tuple:
        item = from_plain(typing.get_args(tp)[0])
        return lambda values: tuple(item(v) for v in values)
    item = from_plain(typing.get_args(tp)[1])
    return lambda mapping: {k: item(v) for k, v in mapping.items()}


def _union_from(tp: Any) -> Convert:
    arms = [arm for arm in typing.get_args(tp) if arm is not type(None)]
    if len(arms) == 1:
        only = from_plain(arms[0])
        return lambda plain: None if plain is None else only(plain)
    by_name = {f"{NAMESPACE}.{arm.__name__}": from_plain(arm) for arm in arms}

    def convert(plain: tuple[str, Plain]) -> Any:
        name, fields = plain
        return by_name[name](fields)

    return convert
