"""Bytes <-> record. Avro in single-object encoding; Confluent framing where a registry is used.

Unknown framing, an unknown schema or broken bytes give an `Undecodable` value: never a guess.
"""

import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache, lru_cache
from importlib import resources
from typing import Any, TypeVar

import fastavro
from fastavro.schema import fingerprint, to_parsing_canonical_form

from schemas.compatibility import breaks
from schemas.records import RECORDS
from schemas.shape import from_plain, full_name, to_plain

R = TypeVar("R")
Schema = dict[str, Any]
SchemaById = Callable[[int], Schema | None]

SINGLE_OBJECT = b"\xc3\x01"
CONFLUENT = 0
_SINGLE_OBJECT_HEADER_BYTES = 10
_CONFLUENT_HEADER_BYTES = 5
_FOREIGN_SCHEMAS_MAX = 1000


class DecodeFault(StrEnum):
    EMPTY = "empty"
    UNKNOWN_FRAMING = "unknown_framing"
    UNKNOWN_SCHEMA = "unknown_schema"
    WRONG_RECORD = "wrong_record"
    MALFORMED = "malformed"


@dataclass(frozen=True, slots=True)
class Undecodable:
    """Bytes that are not a record we know, and what is wrong with them."""

    fault: DecodeFault
    detail: str = ""


@dataclass(frozen=True, slots=True)
class _Writer:
    header: bytes
    schema: Any
    convert: Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class _Reader:
    """How to read what was written with one schema. That schema alone: resolving it against the
    reader's is `from_plain`'s part, at a third of the cost of fastavro's."""

    record: type
    written: Any
    convert: Callable[[Any], Any]


@dataclass(slots=True)
class _Framing:
    """How this process frames what it writes; set once, at start, by `frame_with`."""

    headers: dict[type, bytes] = field(default_factory=dict)
    own: dict[bytes, "_Reader"] = field(default_factory=dict)
    registry: SchemaById | None = None


_framing = _Framing()


def frame_with(ids: Mapping[type, int], registry: SchemaById | None) -> None:
    """From now on write Confluent's framing with these ids, and read other ids by this registry.

    Called once, before the first record; without ids, single-object encoding as ever.
    """
    _framing.headers = {record: _confluent_header(number) for record, number in ids.items()}
    _framing.own = {
        _confluent_header(number)[1:]: _readers()[_writers()[record].header[2:]]
        for record, number in ids.items()
    }
    _framing.registry = registry


def _confluent_header(number: int) -> bytes:
    return bytes([CONFLUENT]) + number.to_bytes(4, "big")


def encode(record: object, confluent_id: int | None = None) -> bytes:
    writer = _writers()[type(record)]
    out = io.BytesIO()
    if confluent_id is None:
        out.write(_framing.headers.get(type(record), writer.header))
    else:
        out.write(_confluent_header(confluent_id))
    fastavro.schemaless_writer(out, writer.schema, writer.convert(record))
    return out.getvalue()


def decode(
    data: bytes | None, *wanted: type[R], registry: SchemaById | None = None
) -> R | Undecodable:
    """The record in `data`, which must be one of `wanted`. Raises only what `registry` raises."""
    if not data:
        return Undecodable(DecodeFault.EMPTY)
    if data.startswith(SINGLE_OBJECT):
        reader = _by_fingerprint(data[2:_SINGLE_OBJECT_HEADER_BYTES])
        header_bytes = _SINGLE_OBJECT_HEADER_BYTES
    elif data[0] == CONFLUENT:
        header = data[1:_CONFLUENT_HEADER_BYTES]
        reader = _framing.own.get(header) or _by_registry_id(header, registry or _framing.registry)
        header_bytes = _CONFLUENT_HEADER_BYTES
    else:
        return Undecodable(DecodeFault.UNKNOWN_FRAMING, f"starts with {data[:2].hex()}")
    if isinstance(reader, Undecodable):
        return reader
    if reader.record not in wanted:
        return Undecodable(DecodeFault.WRONG_RECORD, reader.record.__name__)
    value: R | Undecodable = _read(reader, data, header_bytes)
    return value


def _read(reader: _Reader, data: bytes, start: int) -> Any:
    rest = io.BytesIO(data)
    rest.seek(start)
    try:
        plain = fastavro.schemaless_reader(rest, reader.written, None, return_record_name=True)
        value = reader.convert(plain)
    # fastavro raises whatever its C code met: EOFError, IndexError, UnicodeDecodeError, ...
    except Exception as fault:
        return Undecodable(DecodeFault.MALFORMED, f"{type(fault).__name__}: {fault}")
    if rest.read(1):
        return Undecodable(DecodeFault.MALFORMED, "bytes after the end of the record")
    return value


def _by_fingerprint(header: bytes) -> _Reader | Undecodable:
    if len(header) < 8:
        return Undecodable(DecodeFault.MALFORMED, "the header is cut short")
    known = _readers().get(header)
    return known or Undecodable(DecodeFault.UNKNOWN_SCHEMA, f"fingerprint {header.hex()}")


def _by_registry_id(header: bytes, registry: SchemaById | None) -> _Reader | Undecodable:
    if len(header) < 4:
        return Undecodable(DecodeFault.MALFORMED, "the header is cut short")
    schema_id = int.from_bytes(header, "big")
    schema = registry(schema_id) if registry else None
    if schema is None:
        return Undecodable(DecodeFault.UNKNOWN_SCHEMA, f"registry id {schema_id}")
    return _foreign_reader(json.dumps(schema))


@lru_cache(maxsize=_FOREIGN_SCHEMAS_MAX)
def _foreign_reader(schema: str) -> _Reader | Undecodable:
    """For a schema that somebody else registered: ours by name, and readable by ours."""
    try:
        # The canonical form drops logical types: their values are not those of our records.
        written = json.loads(to_parsing_canonical_form(json.loads(schema)))
        name = written["name"]
        parsed = fastavro.parse_schema(written, named_schemas={})
    except Exception as fault:
        return Undecodable(DecodeFault.UNKNOWN_SCHEMA, f"not a record schema: {fault}")
    record = _by_name().get(name)
    if record is None:
        return Undecodable(DecodeFault.WRONG_RECORD, str(name))
    if why := breaks(written, released()[name][-1]):
        return Undecodable(DecodeFault.UNKNOWN_SCHEMA, "; ".join(why))
    return _Reader(record, parsed, from_plain(record))


def schema_fingerprint(schema: Schema) -> bytes:
    """The 8 bytes that single-object encoding puts after its marker (little-endian already)."""
    return bytes.fromhex(str(fingerprint(to_parsing_canonical_form(schema), "CRC-64-AVRO")))


@cache
def released() -> dict[str, tuple[Schema, ...]]:
    """Every schema ever released, oldest first, by record name: `avro/<Record>.v<N>.avsc`."""
    files = sorted(
        (f for f in resources.files("schemas").joinpath("avro").iterdir() if f.name[0] != "_"),
        key=lambda f: (f.name.split(".")[0], int(f.name.split(".")[1][1:])),
    )
    found: dict[str, list[Schema]] = {}
    for file in files:
        schema = json.loads(file.read_text())
        found.setdefault(schema["name"], []).append(schema)
    return {name: tuple(schemas) for name, schemas in found.items()}


@cache
def _by_name() -> dict[str, type]:
    return {full_name(record): record for record in RECORDS}


@cache
def _writers() -> dict[type, _Writer]:
    """By record: its newest schema."""
    return {
        record: _Writer(
            SINGLE_OBJECT + schema_fingerprint(newest),
            fastavro.parse_schema(newest, named_schemas={}),
            to_plain(record),
        )
        for record in RECORDS
        for newest in released()[full_name(record)][-1:]
    }


@cache
def _readers() -> dict[bytes, _Reader]:
    """By schema fingerprint. Versions that differ in defaults alone share one, and their bytes
    are alike."""
    return {
        schema_fingerprint(schema): _Reader(
            _by_name()[name],
            fastavro.parse_schema(schema, named_schemas={}),
            from_plain(_by_name()[name]),
        )
        for name, schemas in released().items()
        for schema in schemas
    }
