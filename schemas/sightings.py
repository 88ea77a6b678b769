"""The body of a `Sightings` fact: JSON arrays, because decoding them costs a tenth of Avro's.

See docs/decisions/0004-tape-body.md for the figures.
"""

from collections.abc import Sequence

import msgspec

from schemas.alerts import Sighting
from schemas.tape import Part, Sightings

_decode = msgspec.json.Decoder(list[Sighting]).decode
row_bytes = msgspec.json.Encoder(order="sorted").encode


def pack(sightings: Sequence[Sighting]) -> Sightings:
    return pack_rows([row_bytes(s) for s in sightings])


def pack_rows(
    rows: Sequence[bytes], received_at_ms: int = 0, parts: Sequence[Part] = ()
) -> Sightings:
    return Sightings(len(rows), b"[" + b",".join(rows) + b"]", received_at_ms, tuple(parts))


def unpack(fact: Sightings) -> list[Sighting]:
    """Raises ValueError on a body that is not what `pack` writes."""
    found = _decode(fact.body)
    if fact.parts and sum(part.count for part in fact.parts) != len(found):
        raise ValueError(f"{len(found)} rows, and its parts have another number")
    return found
