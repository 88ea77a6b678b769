"""Input that could not be read, kept as received."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reject:
    topic: str
    partition: int
    offset: int
    """-1 when the gateway refused it and it never was in a topic."""
    reason: str
    detail: str
    source: str
    at_ms: int
    body: bytes
    truncated: bool = False
