"""What a human must be told."""

from collections.abc import Mapping
from dataclasses import dataclass, field


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
