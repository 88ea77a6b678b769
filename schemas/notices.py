"""What a human must be told."""

from dataclasses import dataclass


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
