"""Records that the platform writes about itself."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TopicBorn:
    """Written once by `mendlog topics create`; a topic made anew has another incarnation."""

    topic: str
    incarnation: str
    partitions: int
    created_at_ms: int


@dataclass(frozen=True, slots=True)
class SnapshotChunk:
    digest: str
    index: int
    count: int
    body: bytes
