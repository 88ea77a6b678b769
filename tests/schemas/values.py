"""Any record, drawn from its type hints; and any plain value, drawn from an Avro schema."""

import dataclasses
import types
import typing
from collections.abc import Mapping
from enum import Enum
from functools import cache
from typing import Any

import msgspec
from hypothesis import strategies as st

LONGS = st.integers(-(2**63), 2**63 - 1)
DOUBLES = st.floats(allow_nan=False)
"""A NaN is unequal to itself; nothing else about it is special here."""
TEXTS = st.text(max_size=20)
ITEMS_MAX = 3

_LEAVES: Mapping[Any, st.SearchStrategy[Any]] = {
    str: TEXTS,
    int: LONGS,
    float: DOUBLES,
    bool: st.booleans(),
    bytes: st.binary(max_size=20),
    type(None): st.none(),
}
_AVRO_LEAVES: Mapping[str, st.SearchStrategy[Any]] = {
    "string": TEXTS,
    "int": st.integers(-(2**31), 2**31 - 1),
    "long": LONGS,
    "float": st.floats(allow_nan=False, width=32),
    "double": DOUBLES,
    "boolean": st.booleans(),
    "bytes": st.binary(max_size=20),
    "null": st.none(),
}


@cache
def values(tp: Any) -> st.SearchStrategy[Any]:
    if tp in _LEAVES:
        return _LEAVES[tp]
    if isinstance(tp, type) and issubclass(tp, msgspec.Struct):
        return st.builds(tp, **{f.name: values(f.type) for f in msgspec.structs.fields(tp)})
    if dataclasses.is_dataclass(tp):
        hints = typing.get_type_hints(tp)
        return st.builds(tp, **{f.name: values(hints[f.name]) for f in dataclasses.fields(tp)})
    if _is_enum(tp):
        return st.sampled_from(tp)
    args = typing.get_args(tp)
    if typing.get_origin(tp) in (typing.Union, types.UnionType):
        return st.one_of([values(arm) for arm in args])
    if typing.get_origin(tp) is tuple:
        return st.lists(values(args[0]), max_size=ITEMS_MAX).map(tuple)
    return st.dictionaries(values(args[0]), values(args[1]), max_size=ITEMS_MAX)


def plain_values(schema: Any, like: Any = None) -> st.SearchStrategy[Any]:
    """What fastavro can write with `schema`, whose names are written in full. Texts where the
    class `like` has an enum are members of it."""
    return _plain(schema, like, {})


def _plain(schema: Any, like: Any, defined: dict[str, Any]) -> st.SearchStrategy[Any]:
    if isinstance(schema, list):
        return st.one_of([_arm(arm, like, defined) for arm in schema])
    if isinstance(schema, str):
        if schema in defined:
            return _plain(defined[schema], like, defined)
        member = schema == "string" and _is_enum(_not_none(like))
        return st.sampled_from([*_not_none(like)]).map(str) if member else _AVRO_LEAVES[schema]
    if schema["type"] == "array":
        items = _plain(schema["items"], _item(like, 0), defined)
        return st.lists(items, max_size=ITEMS_MAX)
    if schema["type"] == "map":
        items = _plain(schema["values"], _item(like, 1), defined)
        return st.dictionaries(TEXTS, items, max_size=ITEMS_MAX)
    if schema["type"] == "enum":
        return st.sampled_from(schema["symbols"])
    defined[schema["name"]] = schema
    like = _not_none(like)
    hints = typing.get_type_hints(like) if dataclasses.is_dataclass(like) else {}
    return st.fixed_dictionaries(
        {f["name"]: _plain(f["type"], hints.get(f["name"]), defined) for f in schema["fields"]}
    )


def _arm(arm: Any, like: Any, defined: dict[str, Any]) -> st.SearchStrategy[Any]:
    """A record in a union is named, so that fastavro does not have to guess which one it is."""
    schema = defined.get(arm, arm) if isinstance(arm, str) else arm
    if not isinstance(schema, dict) or "fields" not in schema:
        return _plain(arm, like, defined)
    name = schema["name"]
    of_name = [tp for tp in typing.get_args(like) if f"mendlog.{tp.__name__}" == name]
    drawn = _plain(arm, next(iter(of_name), like), defined)
    return drawn.map(lambda fields: (name, fields))


def _is_enum(tp: Any) -> bool:
    return isinstance(tp, type) and issubclass(tp, Enum)


def _item(like: Any, place: int) -> Any:
    args = typing.get_args(_not_none(like))
    return args[place] if len(args) > place else None


def _not_none(like: Any) -> Any:
    if typing.get_origin(like) not in (typing.Union, types.UnionType):
        return like
    return next(arm for arm in typing.get_args(like) if arm is not type(None))


def without_names(plain: Any) -> Any:
    """fastavro reads a union's record bare, and is given it with its name."""
    if isinstance(plain, tuple):
        return without_names(plain[1])
    if isinstance(plain, list):
        return [without_names(item) for item in plain]
    if isinstance(plain, dict):
        return {key: without_names(value) for key, value in plain.items()}
    return plain
