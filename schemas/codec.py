"""Bytes <-> record. Avro in single-object encoding; Confluent framing where a registry is used.

Unknown framing, an unknown schema or broken bytes give an `Undecodable` value: never a guess.
"""

import io
import json
import struct
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import Any, TypeVar

import fastavro
from fastavro.schema import fingerprint, to_parsing_canonical_form

from schemas.records import RECORDS
from schemas.shape import NAMESPACE, from_plain, to_plain

R = TypeVar("R")
Schema = dict[str, Any]
SchemaById = Callable[[int], Schema | None]

SINGLE_OBJECT = b"\xc3\x01"
CONFLUENT = 0


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


def schema_fingerprint(schema: Schema) -> bytes:
    """The 8 bytes that single-object encoding puts after its marker (little-endian already)."""
    return bytes.fromhex(str(fingerprint(to_parsing_canonical_form(schema), "CRC-64-AVRO")))


def full_name(record: type) -> str:
    return f"{NAMESPACE}.{record.__name__}"


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


@dataclass(frozen=True, slots=True)
class _Writer:
    header: bytes
    schema: Any
    convert: Callable[[Any], Any]


@cache
def _writer(record: type) -> _Writer:
    schema = released()[full_name(record)][-1]
    header = SINGLE_OBJECT + schema_fingerprint(schema)
    return _Writer(header, fastavro.parse_schema(schema, named_schemas={}), to_plain(record))


@cache
def _readers() -> dict[bytes, tuple[type, Any]]:
    """By schema fingerprint: the record and the schema that its bytes were written with."""
    by_name = {full_name(record): record for record in RECORDS}
    return {
        schema_fingerprint(schema): (by_name[name], fastavro.parse_schema(schema, named_schemas={}))
        for name, schemas in released().items()
        for schema in schemas
    }


def encode(record: Any, confluent_id: int | None = None) -> bytes:
    writer = _writer(type(record))
    out = io.BytesIO()
    if confluent_id is None:
        out.write(writer.header)
    else:
        out.write(struct.pack(">bI", CONFLUENT, confluent_id))
    fastavro.schemaless_writer(out, writer.schema, writer.convert(record))
    return out.getvalue()


def decode(
    data: bytes | None, *wanted: type[R], registry: SchemaById | None = None
) -> R | Undecodable:
    """The record in `data`, which must be one of `wanted`."""
    if not data:
        return Undecodable(DecodeFault.EMPTY)
    if data[:2] == SINGLE_OBJECT and len(data) >= 10:
        known = _readers().get(data[2:10])
        if known is None:
            return Undecodable(DecodeFault.UNKNOWN_SCHEMA, f"fingerprint {data[2:10].hex()}")
        return _read(data[10:], known, wanted)
    if data[0] == CONFLUENT and len(data) >= 5:
        return _decode_confluent(data, wanted, registry)
    return Undecodable(DecodeFault.UNKNOWN_FRAMING, f"starts with {data[:2].hex()}")


def _decode_confluent(
    data: bytes, wanted: tuple[type[R], ...], registry: SchemaById | None
) -> R | Undecodable:
    schema_id = int.from_bytes(data[1:5], "big")
    schema = registry(schema_id) if registry else None
    if schema is None:
        return Undecodable(DecodeFault.UNKNOWN_SCHEMA, f"registry id {schema_id}")
    record = {full_name(r): r for r in RECORDS}.get(str(schema.get("name")))
    if record is None:
        return Undecodable(DecodeFault.WRONG_RECORD, str(schema.get("name")))
    return _read(data[5:], (record, fastavro.parse_schema(schema, named_schemas={})), wanted)


def _read(data: bytes, known: tuple[type, Any], wanted: tuple[type[R], ...]) -> R | Undecodable:
    record, written = known
    if record not in wanted:
        return Undecodable(DecodeFault.WRONG_RECORD, record.__name__)
    rest = io.BytesIO(data)
    try:
        plain = fastavro.schemaless_reader(
            rest,
            written,
            _writer(record).schema,
            return_record_name=True,
            return_record_name_override=True,
        )
        value: R = from_plain(record)(plain)
    # fastavro raises whatever its C code met: EOFError, IndexError, UnicodeDecodeError, ...
    except Exception as fault:
        return Undecodable(DecodeFault.MALFORMED, f"{type(fault).__name__}: {fault}")
    if rest.read(1):
        return Undecodable(DecodeFault.MALFORMED, "bytes after the end of the record")
    return value
