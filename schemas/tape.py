"""The tape: every fact about a cluster, in one order.

A fact's time is the broker's (LogAppendTime) and its place is its partition and offset; neither is
in the record.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from schemas.alerts import AlertStatus
from schemas.controls import Control
from schemas.remediation import Observation, Outcome


@dataclass(frozen=True, slots=True, order=True)
class Origin:
    """The input record that a fact was made from. `incarnation` changes when a topic is made anew;
    `index` counts the facts made from one record for one tape partition."""

    topic: str
    incarnation: str
    partition: int
    offset: int
    index: int

    def __str__(self) -> str:
        return f"{self.topic}@{self.incarnation}/{self.partition}/{self.offset}/{self.index}"


@dataclass(frozen=True, slots=True)
class Part:
    """How many of a fact's sightings one input record has given."""

    offset: int
    count: int


@dataclass(frozen=True, slots=True)
class Sightings:
    """The alerts of one delivery for one cluster, or of several that had queued; `body` is read by
    `schemas.sightings`."""

    count: int
    body: bytes
    received_at_ms: int = 0
    """When the broker took the delivery in; how long it has waited since is the processor's lag.
    0 where that is not known. Of several deliveries: the first."""
    parts: tuple[Part, ...] = ()
    """Of several deliveries, in order: what each has given. The fact's origin is the last of them.
    Empty: all of it is of its origin."""


@dataclass(frozen=True, slots=True)
class Point:
    at_ms: int
    value: float


@dataclass(frozen=True, slots=True)
class Detection:
    """A rule over metrics began or ceased to hold, with the evidence that it was judged on."""

    rule: str
    status: AlertStatus
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    since_ms: int
    value: float
    threshold: float
    window_ms: int
    series: tuple[Point, ...] = ()


@dataclass(frozen=True, slots=True)
class PolicyPublished:
    digest: str
    source: str
    author: str


@dataclass(frozen=True, slots=True)
class LogicActivated:
    version: int
    author: str


@dataclass(frozen=True, slots=True)
class SnapshotTaken:
    position: int
    digest: str
    chunks: int


@dataclass(frozen=True, slots=True)
class Tick:
    """Time passed. `host_at_ms` is compared with the broker's time and never used as time."""

    host_at_ms: int


Fact = (
    Sightings
    | Detection
    | Observation
    | Outcome
    | Control
    | PolicyPublished
    | LogicActivated
    | SnapshotTaken
    | Tick
)


@dataclass(frozen=True, slots=True)
class TapeRecord:
    """`cluster` is `*` for what concerns every cluster of the partition."""

    cluster: str
    fact: Fact
    origin: Origin | None = None
