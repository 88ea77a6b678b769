"""What a sender may speak for: its alerts about anything else are refused, one by one."""

from schemas.sightings import row_bytes
from streams.ingest.formats.format import Format
from streams.ingest.formats.parsed import Checked, Fault, FaultReason
from streams.ingest.gateway.source import Source


def check_within(source: Source, format: Format, body: bytes, received_ms: int) -> Checked:
    """What the delivery holds that this source may say; the rest are faults."""
    if not source.is_limited:
        return format.check(body, received_ms)
    parsed = format.parse(body, source.name, received_ms)
    refused: dict[int, Fault] = {}
    for nth, seen in enumerate(parsed.sightings):
        if fault := source.may_not_say(seen):
            label, why = fault
            at = parsed.index_of(nth)
            where = f"alerts[{at}].labels.{label}" if format.without else f"labels.{label}"
            refused[at] = Fault(where, why, row_bytes(seen), FaultReason.NOT_ALLOWED, at)
    kept = sum(parsed.index_of(nth) not in refused for nth in range(len(parsed.sightings)))
    return Checked(kept, (*parsed.faults, *refused.values()))
