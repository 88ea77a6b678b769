"""The body of a `Sightings` fact: JSON arrays, because decoding them costs a tenth of Avro's.

See docs/decisions/0004-tape-body.md for the figures.
"""

from collections.abc import Iterable, Sequence

import msgspec

from schemas.alerts import AlertStatus, Sighting
from schemas.tape import Part, Sightings

Row = tuple[str, str, str, int, int, dict[str, str], dict[str, str]]
_decode = msgspec.json.Decoder(list[Row]).decode
_encode = msgspec.json.Encoder(order="sorted").encode
_STATUS = {status.value: status for status in AlertStatus}


def row_bytes(s: Sighting) -> bytes:
    return _encode(
        (
            s.source,
            s.fingerprint,
            s.status.value,
            s.starts_at_ms,
            s.ends_at_ms,
            s.labels,
            s.annotations,
        )
    )


def pack(sightings: Sequence[Sighting]) -> Sightings:
    return pack_rows([row_bytes(s) for s in sightings])


def pack_rows(
    rows: Sequence[bytes], received_at_ms: int = 0, parts: Sequence[Part] = ()
) -> Sightings:
    return Sightings(len(rows), b"[" + b",".join(rows) + b"]", received_at_ms, tuple(parts))


def rows(fact: Sightings) -> list[Row]:
    """The rows as they stand: most of them are repeats, of which nobody needs a Sighting. Raises
    ValueError on a body that is not what `pack` writes."""
    found = _decode(fact.body)
    if fact.parts and sum(part.count for part in fact.parts) != len(found):
        raise ValueError(f"{len(found)} rows, and its parts have another number")
    for row in found:
        if row[2] not in _STATUS:
            raise ValueError(f"unknown status {row[2]!r}")
    return found


def unpack(fact: Sightings) -> Iterable[Sighting]:
    """Raises ValueError as `rows` does."""
    for source, fingerprint, status, starts, ends, labels, annotations in rows(fact):
        yield Sighting(source, fingerprint, _STATUS[status], starts, ends, labels, annotations)
