"""The types of every field, taken from the kubernetes client's own models.

The client is generated from the same OpenAPI document as the API server's validation, so what
conforms here has the shape that a real server would take.
"""

import re
from datetime import UTC
from functools import cache
from typing import Any

from kubernetes.client import models

from deploy.sandbox.cluster.api import quantities
from deploy.sandbox.cluster.objects import Json, micro_time_text, parse_time, time_text

QUANTITIES = frozenset({"capacity", "allocatable", "limits", "requests"})
"""Maps of quantities, which may be written as numbers and are kept as text."""

GENERIC = re.compile(r"(?P<of>List|Dict)\[(?:str, )?(?P<item>.+)\]")
JSON_NAMES = {"int": "integer", "bool": "boolean", "str": "string", "bytes": "string"}

MICRO_TIMES = frozenset({"acquireTime", "eventTime", "lastObservedTime", "renewTime"})
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
MICRO_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(Z|[+-]\d\d:\d\d)")

CUSTOM = {
    "Rollout": {
        "apiVersion": "str",
        "kind": "str",
        "metadata": "V1ObjectMeta",
        "spec": "object",
        "status": "object",
    }
}
"""Kinds of a CustomResourceDefinition that leaves what is in them to whoever made it."""


class WrongType(ValueError):
    """A value that no API server would decode."""


class Conformed:
    """An object without the fields that its kind does not have, and the names of those."""

    def __init__(self, model: str, obj: Json) -> None:
        self.unknown: list[str] = []
        self.object: Json = self._model(model, obj, "")

    def _model(self, model: str, value: Any, path: str) -> Json:
        if not isinstance(value, dict):
            raise WrongType(f"{path or model}: {_shown(value)} is not an object")
        fields = _fields_of(model)
        kept: Json = {}
        for key, part in value.items():
            where = f"{path}.{key}" if path else key
            if key not in fields:
                self.unknown.append(where)
            elif part is not None:
                kept[key] = self._value(fields[key], key, part, where)
        return kept

    def _value(self, declared: str, field: str, value: Any, path: str) -> Any:
        if generic := GENERIC.fullmatch(declared):
            if generic["of"] == "List":
                return self._list(generic["item"], field, value, path)
            return self._dict(generic["item"], field, value, path)
        if declared == "datetime":
            return _time(field, value, path)
        if declared in JSON_NAMES:
            return _scalar(declared, value, path)
        return value if declared == "object" else self._model(declared, value, path)

    def _list(self, item: str, field: str, value: Any, path: str) -> list[Any]:
        if not isinstance(value, list):
            raise WrongType(f"{path}: {_shown(value)} is not an array")
        return [self._value(item, field, part, f"{path}[{i}]") for i, part in enumerate(value)]

    def _dict(self, item: str, field: str, value: Any, path: str) -> Json:
        if not isinstance(value, dict):
            raise WrongType(f"{path}: {_shown(value)} is not an object")
        if field in QUANTITIES:
            value = {
                key: _quantity(part, f"{path}.{key}")
                for key, part in value.items()
                if part is not None
            }
        zeros = {"str": ""}  # what Go makes of a null
        said = {key: zeros.get(item) if part is None else part for key, part in value.items()}
        return {
            key: self._value(item, field, part, f"{path}.{key}")
            for key, part in said.items()
            if part is not None
        }


@cache
def _fields_of(model: str) -> dict[str, str]:
    """JSON name -> declared type."""
    if model in CUSTOM:
        return CUSTOM[model]
    known = getattr(models, model)
    return {known.attribute_map[name]: kind for name, kind in known.openapi_types.items()}


def _scalar(declared: str, value: Any, path: str) -> Any:
    wanted = {"int": int, "bool": bool}.get(declared, str)
    # Python takes true for a number, JSON does not.
    if not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
        raise WrongType(f"{path}: {_shown(value)} is not of type {JSON_NAMES[declared]}")
    return value


def _quantity(value: Any, path: str) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise WrongType(f"{path}: {_shown(value)} is not a quantity")
    try:
        return quantities.canonical(str(value))
    except quantities.BadQuantity as error:
        raise WrongType(str(error)) from error


def _time(field: str, value: Any, path: str) -> str:
    """In UTC, and as exact as its kind of field is. Go is strict about the micros."""
    form, write = (MICRO_TIME, micro_time_text) if field in MICRO_TIMES else (TIME, time_text)
    text = _scalar("str", value, path)
    try:
        if form.fullmatch(text):
            return write(parse_time(text).astimezone(UTC))
    except ValueError:  # 31 February
        pass
    raise WrongType(f"{path}: cannot parse {text!r} as a time")


def _shown(value: Any) -> str:
    return f"json value of type {type(value).__name__}"
