"""Our own Avro `Alert`: for producers that write to `alerts` without the gateway."""

from schemas.alerts import Alert
from schemas.codec import SchemaById, Undecodable, decode
from streams.ingest.formats.format import Format
from streams.ingest.formats.parsed import BadField, Fault, FaultReason, Parsed, unreadable
from streams.ingest.formats.report import checking
from streams.ingest.formats.sighting import identity, sighting

AVRO = "mendlog-avro"
_YEAR_1_MS = -62_135_596_800_000
_YEAR_10000_MS = 253_402_300_800_000


def parse_avro(
    body: bytes, source: str, received_ms: int, registry: SchemaById | None = None
) -> Parsed:
    alert = decode(body, Alert, registry=registry)
    if isinstance(alert, Undecodable):
        return unreadable(f"not an Avro Alert: {alert.fault} {alert.detail}".rstrip(), body)
    try:
        _check_times(alert)
        seen = sighting(
            source,
            identity(alert.labels),
            alert.annotations,
            alert.starts_at_ms,
            alert.ends_at_ms,
            received_ms,
        )
    except BadField as bad:
        return Parsed((), (Fault(bad.field, bad.why, body, bad.reason, 0),))
    return Parsed((seen,))


def _check_times(alert: Alert) -> None:
    for field, at_ms in (("starts_at_ms", alert.starts_at_ms), ("ends_at_ms", alert.ends_at_ms)):
        if at_ms is not None and not _YEAR_1_MS <= at_ms < _YEAR_10000_MS:
            raise BadField(field, "not in the years 1 to 9999", FaultReason.WRONG_TIME)


avro = Format(AVRO, parse_avro, checking(parse_avro))
