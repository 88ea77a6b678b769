"""Schemas that differ from a given one in a few random places."""

import copy
from itertools import count
from typing import Any

from hypothesis import strategies as st

TYPES = ["string", "int", "long", "double", "boolean", "bytes"]


@st.composite
def mutations(draw: st.DrawFn, schema: Any) -> Any:
    changed = copy.deepcopy(schema)
    for _ in range(draw(st.integers(0, 3))):
        fields = draw(st.sampled_from(_field_lists(changed)))
        draw(st.sampled_from([_drop, _add, _retype, _nullable, _bare, _narrow]))(draw, fields)
    return changed


def _drop(draw: st.DrawFn, fields: list[Any]) -> None:
    """Only what defines no record that another field may refer to."""
    plain = [field for field in fields if not _field_lists(field["type"])]
    if len(plain) > 1:
        fields.remove(draw(st.sampled_from(plain)))


def _add(draw: st.DrawFn, fields: list[Any]) -> None:
    taken = {field["name"] for field in fields}
    name = next(name for n in count() if (name := f"added_{n}") not in taken)
    fields.insert(0, {"name": name, "type": draw(st.sampled_from(TYPES))})


def _retype(draw: st.DrawFn, fields: list[Any]) -> None:
    if plain := [field for field in fields if field["type"] in TYPES]:
        field = draw(st.sampled_from(plain))
        field["type"] = draw(st.sampled_from(TYPES))
        field.pop("default", None)


def _nullable(draw: st.DrawFn, fields: list[Any]) -> None:
    if single := [field for field in fields if not isinstance(field["type"], list)]:
        field = draw(st.sampled_from(single))
        field["type"] = ["null", field["type"]]
        field.pop("default", None)


def _bare(draw: st.DrawFn, fields: list[Any]) -> None:
    """A union becomes its last arm, unless the others define what is used elsewhere."""
    unions = [f for f in fields if isinstance(f["type"], list) and not _field_lists(f["type"][:-1])]
    if unions:
        field = draw(st.sampled_from(unions))
        field["type"] = field["type"][-1]
        field.pop("default", None)


def _narrow(draw: st.DrawFn, fields: list[Any]) -> None:
    """One record of a union less."""
    for field in fields:
        if isinstance(field["type"], list) and len(field["type"]) > 2:
            field["type"].pop()


def _field_lists(schema: Any) -> list[list[Any]]:
    """The list of fields of every record that is defined in `schema`."""
    if isinstance(schema, list):
        return [fields for arm in schema for fields in _field_lists(arm)]
    if not isinstance(schema, dict):
        return []
    fields = schema.get("fields", [])
    inner = [field["type"] for field in fields]
    inner += [schema[part] for part in ("items", "values") if part in schema]
    found = [fields] if fields else []
    return found + [fields for part in inner for fields in _field_lists(part)]
