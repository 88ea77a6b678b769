"""Alerts: as a producer may write them to `alerts`, and as every source is read once inside."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class AlertStatus(StrEnum):
    FIRING = "firing"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert that a producer writes to `alerts` in Avro, without the gateway.

    `ends_at_ms` of None or in the future is still firing, as Alertmanager reads it.
    """

    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    starts_at_ms: int | None = None
    ends_at_ms: int | None = None
    generator_url: str = ""


@dataclass(frozen=True, slots=True)
class Sighting:
    """One alert seen once: what every source's parser produces.

    A repeat of (source, fingerprint, starts_at_ms, status) tells nothing new; `ends_at_ms` moves
    with every resend and is not part of that identity.
    """

    source: str
    fingerprint: str
    status: AlertStatus
    starts_at_ms: int
    ends_at_ms: int
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
