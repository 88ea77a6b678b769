"""What people and machines order: approvals, freezes, policies; and the switches as they stand."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

ALL_CLUSTERS = "*"


class ControlKind(StrEnum):
    POLICY = "policy"
    """Parameters: `source` (the text) and `digest`."""
    LOGIC = "logic"
    """Parameters: `version`."""
    KILL = "kill"
    UNKILL = "unkill"


@dataclass(frozen=True, slots=True)
class Control:
    control_id: str
    cluster: str
    kind: ControlKind
    author: str
    reason: str
    issued_at_ms: int
    expires_at_ms: int | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Switch:
    """The kill switch or a freeze as it stands now; key `cluster` or `*`."""

    cluster: str
    kill: bool
    author: str
    reason: str
    since_ms: int


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """An executor telling itself, through the broker, that broker, path and clock are alive."""

    executor: str
    at_ms: int
