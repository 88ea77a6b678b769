"""What people and machines order: approvals, freezes, policies; and the switches as they stand."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

ALL_CLUSTERS = "*"


class ControlKind(StrEnum):
    """What can be ordered. Parameters are texts; `streams.core.controls` reads them, and an order
    that it cannot read changes nothing and says so."""

    POLICY = "policy"
    """Parameters: `source` (the text) and `digest`."""
    CANDIDATE = "candidate"
    """A policy to run beside the one in force, sending nothing. Parameters as of POLICY."""
    PROMOTE = "promote"
    """Put the candidate in force. Parameters: `digest`."""
    DROP = "drop"
    """End the candidate's run. Parameters: `digest`."""
    LOGIC = "logic"
    """Parameters: `version`."""
    KILL = "kill"
    UNKILL = "unkill"
    FREEZE = "freeze"
    """No actions until `expires_at_ms`, which must be given. Parameters: `id`."""
    UNFREEZE = "unfreeze"
    """Parameters: `id`; without it every freeze of the cluster ends."""
    SILENCE = "silence"
    """Alerts that match neither tell nor act, until `expires_at_ms`, which must be given. The same
    `id` again edits it. Parameters: `id`, `matchers` (a JSON list of texts), `starts_at_ms` (may be
    left out: now)."""
    MAINTENANCE = "maintenance"
    """As SILENCE, for work that was announced."""
    EXPIRE = "expire"
    """End a silence or a maintenance window. Parameters: `id`."""
    APPROVE = "approve"
    """Parameters: `incident` and `proposal`, the hash of exactly what is approved."""
    REJECT = "reject"
    """Parameters as of APPROVE."""
    SNOOZE = "snooze"
    """Leave the incident alone until `expires_at_ms`. Parameters: `incident`."""
    CHANGE = "change"
    """Somebody deployed. Parameters: `namespace`, `kind`, `name` and, if known, `revision`."""
    TRUST = "trust"
    """Lift a demotion. Parameters: `playbook`."""


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
    verified: bool = False
    """Its author has signed it. Set where it comes onto the tape, whatever a sender says: see
    `streams.steps.witness`. Two-person approval counts verified authors only."""


@dataclass(frozen=True, slots=True)
class Switch:
    """The kill switch as it stands now; key `cluster` or `*`. Executors read it themselves, so that
    it works while nobody decides. A freeze is not among them: it waits for no emergency, and the
    tape decides it."""

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
