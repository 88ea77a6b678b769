"""What a parser makes of one delivery: the alerts it could read, and what was wrong with the rest.

A parser is a pure function of the bytes. The gateway asks only what it would find, `observe` reads
it later, and both see the same alerts in the same bytes.
"""

from dataclasses import dataclass
from enum import StrEnum

from schemas.alerts import Sighting


class FaultReason(StrEnum):
    """The kinds of fault: few enough to count by."""

    UNREADABLE = "unreadable"
    UNKNOWN_FORMAT = "unknown_format"
    WRONG_FIELD = "wrong_field"
    NO_LABELS = "no_labels"
    OVER_LIMIT = "over_limit"
    WRONG_TIME = "wrong_time"
    NOT_ALLOWED = "not_allowed"
    """The sender may not speak for what the alert is about."""
    TRUNCATED = "truncated"
    """A note, not an error: the sender itself left alerts out of what it sent."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that could not be read. `where` is a path such as `alerts[3].labels.severity`."""

    where: str
    why: str
    body: bytes = b""
    """The alert at fault, or the whole delivery when it could not be taken apart."""
    reason: FaultReason = FaultReason.WRONG_FIELD
    index: int | None = None
    """Which alert of the delivery; None when the fault is not one alert's."""

    def __str__(self) -> str:
        return f"{self.where}: {self.why}"


@dataclass(frozen=True, slots=True)
class Parsed:
    sightings: tuple[Sighting, ...]
    faults: tuple[Fault, ...] = ()
    indexes: tuple[int, ...] = ()
    """Which alert of the delivery each sighting is of. Empty where each is of its own, in order."""

    def index_of(self, nth: int) -> int:
        return self.indexes[nth] if self.indexes else nth


@dataclass(frozen=True, slots=True)
class Checked:
    """The same without the alerts: what the gateway asks."""

    count: int
    faults: tuple[Fault, ...] = ()


class BadField(ValueError):
    """One alert cannot be used, because of this field. Never leaves the parsers."""

    def __init__(self, field: str, why: str, reason: FaultReason = FaultReason.WRONG_FIELD):
        super().__init__(f"{field}: {why}")
        self.field = field
        self.why = why
        self.reason = reason

    def at(self, index: int, body: bytes) -> Fault:
        where = f"alerts[{index}].{self.field}" if self.field else f"alerts[{index}]"
        return Fault(where, self.why, body, self.reason, index)


def unreadable(why: str, body: bytes, reason: FaultReason = FaultReason.UNREADABLE) -> Parsed:
    """A delivery of which nothing can be used."""
    return Parsed((), (Fault("body", why, body, reason),))
