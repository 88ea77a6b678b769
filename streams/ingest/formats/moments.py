"""The ways in which sources write a time, read as Unix milliseconds."""

import re
from datetime import UTC, datetime

from streams.ingest.formats.alert_json import YEAR_10000_MS, unix_ms
from streams.ingest.formats.parsed import BadField, FaultReason

_DIGITS = re.compile(r"\d{1,15}")


def iso_ms(text: str | None, field: str, *, zone: bool = True) -> int | None:
    """ISO 8601, also with `+0000` for a zone and with nanoseconds. None for no text, and for the
    year 1. `zone` False: one that is left out is UTC. Raises BadField."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise _wrong(field, f"no time of ISO 8601: {text[:60]!r}") from None
    if moment.tzinfo is None:
        if zone:
            raise _wrong(field, f"without a time zone: {text[:60]!r}")
        moment = moment.replace(tzinfo=UTC)
    return unix_ms(moment)


def epoch_ms(text: str | None, field: str, *, unit_ms: int = 1) -> int | None:
    """A whole number as text; `unit_ms` 1000 where it counts seconds. None for no text. Raises
    BadField."""
    if not text:
        return None
    if not _DIGITS.fullmatch(text) or int(text) * unit_ms >= YEAR_10000_MS:
        raise _wrong(field, f"no Unix time: {text[:60]!r}")
    return int(text) * unit_ms


def _wrong(field: str, why: str) -> BadField:
    return BadField(field, why, FaultReason.WRONG_TIME)
