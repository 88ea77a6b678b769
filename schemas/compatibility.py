"""Whether records written with one Avro schema can be read with another, by Avro's rules.

Ours are a little stricter. A bare record never becomes one of several, nor a union a bare type,
because reading goes by the name that only a union carries; and nothing is read as what it merely
resembles (enum or bytes as string).
"""

from collections.abc import Iterator, Mapping
from typing import Any

_READABLE_AS: Mapping[str, frozenset[str]] = {
    "int": frozenset({"int", "long", "float", "double"}),
    "long": frozenset({"long", "float", "double"}),
    "float": frozenset({"float", "double"}),
}


def breaks(writer: Any, reader: Any) -> list[str]:
    """Why records of `writer` cannot be read as `reader`, each with its place; empty if they can.

    A nested record is compared where it is first met, so the schemas must not be recursive.
    """
    return list(_Comparison(_definitions(writer), _definitions(reader)).of(writer, reader, ""))


class _Comparison:
    def __init__(self, written: Mapping[str, Any], read: Mapping[str, Any]) -> None:
        self._written = written
        self._read = read

    def of(self, writer: Any, reader: Any, at: str) -> Iterator[str]:
        writer, reader = _resolved(writer, self._written), _resolved(reader, self._read)
        if isinstance(reader, list):
            yield from self._into_union(writer, reader, at)
        elif isinstance(writer, list) or not _same_kind(writer, reader):
            yield f"{at or 'the schema'}: {_kind(writer)} cannot be read as {_kind(reader)}"
        elif _kind(reader) == "array":
            yield from self.of(writer["items"], reader["items"], f"{at}[]")
        elif _kind(reader) == "map":
            yield from self.of(writer["values"], reader["values"], f"{at}{{}}")
        elif "fields" in reader:
            yield from self._fields(writer, reader, at)

    def _fields(self, writer: Any, reader: Any, at: str) -> Iterator[str]:
        written = {field["name"]: field["type"] for field in writer["fields"]}
        for field in reader["fields"]:
            place = f"{at}.{field['name']}".lstrip(".")
            if field["name"] in written:
                yield from self.of(written[field["name"]], field["type"], place)
            elif "default" not in field:
                yield f"{place}: added without a default"

    def _into_union(self, writer: Any, reader: list[Any], at: str) -> Iterator[str]:
        arms = [_resolved(arm, self._read) for arm in reader]
        records = [arm for arm in arms if isinstance(arm, dict) and "fields" in arm]
        if not isinstance(writer, list):
            if len(records) > 1 and isinstance(writer, dict) and "fields" in writer:
                yield f"{at}: {_kind(writer)} was written without its name"
                return
            writer = [writer]
        for written in (_resolved(arm, self._written) for arm in writer):
            arm = next((arm for arm in arms if _same_kind(written, arm)), None)
            if arm is None:
                yield f"{at}: {_kind(written)} is no longer among {', '.join(map(_kind, arms))}"
            else:
                yield from self.of(written, arm, at)


def _same_kind(writer: Any, reader: Any) -> bool:
    written, read = _kind(writer), _kind(reader)
    return read in _READABLE_AS.get(written, {written})


def _kind(schema: Any) -> str:
    """A record's is its name: records of two names are two kinds."""
    if isinstance(schema, list):
        return "union"
    if isinstance(schema, dict):
        return str(schema["name"]) if "name" in schema else str(schema["type"])
    return str(schema)


def _resolved(schema: Any, definitions: Mapping[str, Any]) -> Any:
    return definitions.get(schema, schema) if isinstance(schema, str) else schema


def _definitions(schema: Any) -> dict[str, Any]:
    """Every named type of a schema whose names are written in full."""
    if isinstance(schema, list):
        return {name: found for arm in schema for name, found in _definitions(arm).items()}
    if not isinstance(schema, dict):
        return {}
    inner = [field["type"] for field in schema.get("fields", ())]
    inner += [schema[part] for part in ("items", "values") if part in schema]
    return _definitions(inner) | ({schema["name"]: schema} if "name" in schema else {})
