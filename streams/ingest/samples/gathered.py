"""What is known of a request of samples, whichever way it came: what was taken, and what not."""

import struct
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

from schemas.topics import KIB, METRICS, MIB
from streams.ingest.formats.parsed import BadField, Fault, FaultReason
from streams.ingest.gateway.source import Source

SERIES_BYTES_MAX = 256 * KIB
RECORD_BYTES_MAX = 4 * MIB
"""What a target says at one moment is cut in two there."""
RECORD_OVERHEAD_BYTES = 1024
AHEAD_MAX_MS = 5 * 60 * 1000
"""A detection uses nothing that is further in the future."""
BEHIND_MAX_MS = METRICS.retention_ms or 0
"""A sender catches up by hours after an outage; the topic itself keeps no more than this."""
STALE = bytes.fromhex("7ff0000000000002")
"""The one NaN that says: this series has ended. Any other says: no value."""
_FAULTS_TOLD_MAX = 10


class Skipped(StrEnum):
    """What is well-formed, and no value for a detection."""

    STALE = "stale"
    NO_VALUE = "no_value"
    METADATA = "metadata"
    EXEMPLAR = "exemplar"
    HISTOGRAM = "histogram"
    REPEATED = "repeated"
    """A series at a moment that it was given for: a detection would add the two up."""
    DELTA = "delta"
    EXPONENTIAL_HISTOGRAM = "exponential_histogram"


class TooMuch(ValueError):
    """The request holds, or would become, more than is taken at once."""


@dataclass(slots=True)
class Gathered:
    """One request, as far as it has been read."""

    source: Source
    now_ms: int
    bytes_max: int
    """What the records may hold in all."""
    taken: int = 0
    skipped: Counter[Skipped] = field(default_factory=Counter)
    rejected: Counter[FaultReason] = field(default_factory=Counter)
    faults: list[Fault] = field(default_factory=list)
    """The first of them."""

    @property
    def is_forbidden(self) -> bool:
        """Nothing is left, and only for what its sender may not say."""
        return not self.taken and set(self.rejected) == {FaultReason.NOT_ALLOWED}

    def skip(self, value: float) -> None:
        """What is not finite."""
        is_stale = struct.pack(">d", value) == STALE
        self.skipped[Skipped.STALE if is_stale else Skipped.NO_VALUE] += 1

    def reject(self, where: str, bad: BadField, count: int = 1) -> None:
        self.rejected[bad.reason] += count
        self.tell(f"{where}.{bad.field}" if bad.field else where, bad.why, bad.reason)

    def tell(self, where: str, why: str, reason: FaultReason = FaultReason.WRONG_FIELD) -> None:
        if len(self.faults) < _FAULTS_TOLD_MAX:
            self.faults.append(Fault(where, why, reason=reason))


def wrong_time(field: str, at_ms: int) -> BadField:
    why = f"{at_ms} is more than 7 days ago, or more than 5 minutes ahead"
    return BadField(field, why, FaultReason.WRONG_TIME)
