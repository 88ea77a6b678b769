"""`python -m tests.schemas.tape_body`: what 64 sightings cost as JSON in one field, and as Avro.

The figures behind docs/decisions/0004-tape-body.md; run it on a quiet machine.
"""

import io
import timeit
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import fastavro

from schemas import sightings
from schemas.alerts import AlertStatus, Sighting
from schemas.codec import decode, encode
from schemas.shape import from_plain, schema_of, to_plain
from schemas.tape import Origin, TapeRecord, Tick

COUNT = 64
ORIGIN = Origin("mendlog.alerts", "a" * 32, 3, 123_456, 0)


@dataclass(frozen=True, slots=True)
class SightingList:
    """What `Sightings` would be without its JSON body."""

    sightings: tuple[Sighting, ...]


@dataclass(frozen=True, slots=True)
class AvroRecord:
    """What `TapeRecord` would be."""

    cluster: str
    fact: SightingList | Tick
    origin: Origin | None = None


def sighting(number: int) -> Sighting:
    labels = {
        "alertname": "HighErrorRate",
        "cluster": "prod-eu-1",
        "namespace": "shop",
        "deployment": "checkout",
        "pod": f"checkout-7d9f8b6c5-{number:05d}",
        "severity": "critical",
        "job": "checkout",
        "instance": f"10.0.0.{number}:8080",
    }
    annotations = {
        "summary": "checkout answers with errors",
        "description": "5xx above 5% for 2 minutes",
        "runbook_url": "https://runbooks.example/checkout/high-error-rate",
    }
    starts_at_ms = 1_700_000_000_000 + number
    name = f"{number:016x}"
    return Sighting("am", name, AlertStatus.FIRING, starts_at_ms, 0, labels, annotations)


def main() -> None:
    seen = tuple(sighting(number) for number in range(COUNT))
    body = sightings.pack(seen)
    record = TapeRecord("prod-eu-1", body, ORIGIN)
    as_json = encode(record)
    show("JSON body: pack", lambda: sightings.pack(seen))
    show("JSON body: envelope to bytes", lambda: encode(record))
    show("JSON body: envelope from bytes", lambda: decode(as_json, TapeRecord))
    show("JSON body: unpack", lambda: list(sightings.unpack(body)))

    whole = AvroRecord("prod-eu-1", SightingList(seen), ORIGIN)
    schema = fastavro.parse_schema(schema_of(AvroRecord), named_schemas={})
    plain = to_plain(AvroRecord)(whole)
    as_avro = written(schema, plain)
    read = from_plain(AvroRecord)
    assert read(plain_from(schema, as_avro)) == whole
    show("Avro: record to bytes", lambda: written(schema, to_plain(AvroRecord)(whole)))
    show("Avro: of which fastavro", lambda: written(schema, plain))
    show("Avro: record from bytes", lambda: read(plain_from(schema, as_avro)))
    show("Avro: of which fastavro", lambda: plain_from(schema, as_avro))
    print(f"{'bytes, JSON body / Avro':34} {len(as_json)} / {len(as_avro)}")


def written(schema: Any, plain: Any) -> bytes:
    out = io.BytesIO()
    fastavro.schemaless_writer(out, schema, plain)
    return out.getvalue()


def plain_from(schema: Any, data: bytes) -> Any:
    return fastavro.schemaless_reader(io.BytesIO(data), schema, None, return_record_name=True)


def show(what: str, work: Callable[[], object], runs: int = 500) -> None:
    best_s = min(timeit.repeat(work, number=runs, repeat=7)) / runs
    print(f"{what:34} {best_s * 1e6:6.0f} µs")


if __name__ == "__main__":
    main()
