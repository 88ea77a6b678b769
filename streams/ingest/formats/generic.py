"""Any JSON, read by a mapping.

What is kept of a delivery is an envelope, `{"mapping":{...},"delivery":...}`: so it is read again
as it was when it came, whatever the file of sources says by then.
"""

import math
from functools import lru_cache

import msgspec

from schemas.topics import MIB
from streams.ingest.formats.alert_json import UNREADABLE, check_utf8, named
from streams.ingest.formats.evaluation import Evaluation, TooManySteps, whole
from streams.ingest.formats.format import Format
from streams.ingest.formats.limits import ALERTS_MAX, DEPTH_MAX, depth
from streams.ingest.formats.mapped import alerts_in, report
from streams.ingest.formats.mapping import TEXT_BYTES_MAX, Compiled, Mapping, compiled
from streams.ingest.formats.parsed import BadField, Fault, FaultReason, Parsed, unreadable
from streams.ingest.formats.report import checking

DELIVERY_BYTES_MAX = MIB
PLACE_BYTES_MAX = 7
"""One of `without`, with its comma."""
COMPILED_MAX = 64
"""Mappings that are remembered."""


class Envelope(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    mapping: msgspec.Raw
    delivery: msgspec.Raw
    without: tuple[int, ...] = ()
    """The places of alerts that are left out: they could not be read, and were rejected."""


def wrap(mapping: Mapping, body: bytes) -> bytes:
    """Raises ValueError where the body is no JSON or too long. So nothing that is sent passes for
    another part of the envelope."""
    if len(body) > DELIVERY_BYTES_MAX:
        raise ValueError(f"longer than {DELIVERY_BYTES_MAX} bytes")
    check_utf8(body)
    return _to_json(Envelope(msgspec.Raw(_to_json(mapping)), _syntax(body)))


def without(body: bytes, places: frozenset[int]) -> bytes:
    envelope = _envelope(body)
    envelope.without = tuple(sorted(places.union(envelope.without)))
    return _to_json(envelope)


def parse(body: bytes, source: str, received_ms: int) -> Parsed:
    try:
        return _parse(body, source, received_ms)
    except BadField as bad:
        return Parsed((), (Fault(bad.field or "body", bad.why, body, bad.reason),))
    except UNREADABLE as error:
        return unreadable(f"not a mapping and a delivery in JSON: {error}", body)


def _parse(body: bytes, source: str, received_ms: int) -> Parsed:
    _check_size(body)
    envelope = _envelope(body)
    how = _compiled(bytes(envelope.mapping))
    delivery = bytes(envelope.delivery)
    work = Evaluation()
    left_out = frozenset(envelope.without)
    sightings, faults, places = [], [], []
    for place, alert in enumerate(alerts_in(work, how, _any(delivery))):
        if place in left_out:
            continue
        try:
            sightings.append(report(work, how, alert).sighting(source, received_ms))
            places.append(place)
        except TooManySteps:
            raise
        except BadField as bad:
            if how.alerts is None:
                faults.append(Fault(bad.field or "body", bad.why, delivery, bad.reason, 0))
            else:
                work.go_through(alert)
                faults.append(bad.at(place, _to_json(alert)))
    return Parsed(tuple(sightings), tuple(faults), tuple(places))


def _check_size(body: bytes) -> None:
    if len(body) > DELIVERY_BYTES_MAX + 2 * TEXT_BYTES_MAX + PLACE_BYTES_MAX * ALERTS_MAX:
        why = f"longer than {DELIVERY_BYTES_MAX} bytes"
        raise BadField("", why, FaultReason.OVER_LIMIT)
    if depth(body) > DEPTH_MAX + 1:
        raise BadField("", f"nested deeper than {DEPTH_MAX}", FaultReason.OVER_LIMIT)
    check_utf8(body)


@lru_cache(COMPILED_MAX)
def _compiled(raw: bytes) -> Compiled:
    """Raises BadField."""
    try:
        mapping = _mapping(raw)
    except msgspec.ValidationError as error:
        bad = named(str(error))
        raise BadField(f"mapping.{bad.field}".rstrip("."), bad.why) from None
    return compiled(mapping)


def _number(text: str) -> float | int:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"a number out of range: {text[:60]}")
    return whole(number)


_to_json = msgspec.json.Encoder().encode
_syntax = msgspec.json.Decoder(msgspec.Raw).decode
_envelope = msgspec.json.Decoder(Envelope).decode
_mapping = msgspec.json.Decoder(Mapping).decode
_any = msgspec.json.Decoder(float_hook=_number).decode

generic = Format("generic", parse, checking(parse), "/webhook/generic/{name}", without=without)
