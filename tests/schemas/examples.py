"""A few values of every record, made from its type hints: the same ones on every run.

`full` has something in every field, `bare` as little as the type allows; a union of records gives
one more for each of them.
"""

import dataclasses
import types
import typing
import zlib
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any


def examples(record: type) -> dict[str, Any]:
    made = {"full": _full(record, record.__name__), "bare": _bare(record)}
    hints = typing.get_type_hints(record)
    for f in dataclasses.fields(record):
        for arm in _records_of(hints[f.name]):
            value = _full(arm, f.name)
            made[f"{f.name}: {arm.__name__}"] = dataclasses.replace(made["full"], **{f.name: value})
    return made


def _full(tp: Any, place: str) -> Any:
    if tp in _LEAVES:
        return _LEAVES[tp](place)
    if dataclasses.is_dataclass(tp):
        return _built(tp, lambda hint, name: _full(hint, f"{place}.{name}"))
    if isinstance(tp, type) and issubclass(tp, Enum):
        return list(tp)[_number(place) % len(tp)]
    args = typing.get_args(tp)
    if _is_union(tp):
        return _full(next(arm for arm in args if arm is not type(None)), place)
    if typing.get_origin(tp) is tuple:
        return tuple(_full(args[0], f"{place}[{i}]") for i in range(2))
    return {key: _full(args[1], f"{place}{{{key}}}") for key in ("b", "a", "ä")}


def _number(place: str) -> int:
    return zlib.crc32(place.encode())


def _whole(place: str) -> int:
    """Long and negative, or short."""
    number = _number(place)
    return number if number % 2 else -(number << 20)


_LEAVES: dict[Any, Callable[[str], Any]] = {
    str: lambda place: f"{place} é→",
    int: _whole,
    float: lambda place: _number(place) / 64,
    bool: lambda place: True,
    bytes: lambda place: b"\x00\xff" + place.encode(),
}


def _bare(tp: Any) -> Any:
    if dataclasses.is_dataclass(tp):
        return _built(tp, lambda hint, _name: _bare(hint))
    if isinstance(tp, type) and issubclass(tp, Enum):
        return next(iter(tp))
    if _is_union(tp):
        args = typing.get_args(tp)
        return None if type(None) in args else _bare(args[0])
    if typing.get_origin(tp) is Mapping:
        return {}
    return (typing.get_origin(tp) or tp)()


def _built(tp: Any, value: Any) -> Any:
    hints = typing.get_type_hints(tp)
    return tp(**{f.name: value(hints[f.name], f.name) for f in dataclasses.fields(tp)})


def _is_union(tp: Any) -> bool:
    return typing.get_origin(tp) in (typing.Union, types.UnionType)


def _records_of(tp: Any) -> list[type]:
    """The arms, where there are several."""
    arms = [arm for arm in typing.get_args(tp) if dataclasses.is_dataclass(arm)]
    return arms if _is_union(tp) and len(arms) > 1 else []
