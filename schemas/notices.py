"""What a human must be told, and what became of telling it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Notice:
    notice_id: str
    incident_id: str
    cluster: str
    kind: str
    severity: str
    title: str
    text: str
    at_ms: int
    expires_at_ms: int
    correlation_id: str = ""
    receivers: tuple[str, ...] = ()
    """Who is told, by the policy's names of receivers."""
    proposal: str = ""
    """For a notice that asks for approval: the hash that an approval must name."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """Of the incident: its alert's, and what the policy added."""
    links: Mapping[str, str] = field(default_factory=dict)
    """`runbook`, `dashboard` and the like, by name."""


class DeliveryStatus(StrEnum):
    ATTEMPTED = "attempted"
    """Announced before the first byte leaves. Found without an end, it may have arrived."""
    SENT = "sent"
    """The channel has accepted it as a message of its own."""
    DIGESTED = "digested"
    """The channel has accepted a digest that names it."""
    EXPIRED = "expired"
    """Its time was over before any channel accepted it; it is never sent late."""
    FAILED = "failed"
    """Every channel has refused it."""
    UNWANTED = "unwanted"
    """The receiver's route says that nobody is told of this."""

    @property
    def terminal(self) -> bool:
        return self is not DeliveryStatus.ATTEMPTED


@dataclass(frozen=True, slots=True)
class Delivery:
    """Where one notice stands for one of its receivers."""

    notice_id: str
    receiver: str
    incident_id: str
    cluster: str
    status: DeliveryStatus
    at_ms: int
    notifier: str
    channel: str = ""
    """That was tried, or that has accepted it."""
    detail: str = ""
