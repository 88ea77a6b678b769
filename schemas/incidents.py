"""What was decided and why, and the incident as it stands."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from schemas.remediation import Target
from schemas.tape import Origin


@dataclass(frozen=True, slots=True)
class Verdict:
    """One thing decided in a step: about which incident, what, and why."""

    incident_id: str
    what: str
    reason: str
    state: str
    emitted: tuple[str, ...] = ()
    """Ids of the commands and notices that follow from it."""


@dataclass(frozen=True, slots=True)
class Decision:
    """A step of the core that decided something. Chained per cluster by `previous`;
    `facts_hash` covers the bytes of all tape records of the cluster since the decision before."""

    cluster: str
    seq: int
    at_ms: int
    tape_partition: int
    tape_offset: int
    cause: str
    origin: Origin | None
    policy: str
    logic: int
    verdicts: tuple[Verdict, ...]
    previous: str
    facts_hash: str


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    at_ms: int
    tape_offset: int
    what: str
    reason: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Incident:
    """The incident as it stands after the fact at `tape_offset`; readers keep the highest."""

    incident_id: str
    cluster: str
    tape_partition: int
    tape_offset: int
    state: str
    title: str
    severity: str
    group: Mapping[str, str]
    playbook: str
    policy: str
    step: int
    attempt: int
    opened_at_ms: int
    updated_at_ms: int
    firing: tuple[str, ...]
    members: int
    timeline: tuple[TimelineEntry, ...]
    labels: Mapping[str, str] = field(default_factory=dict)
    """Of the alert that opened it, and what the policy added."""
    reason: str = ""
    """Why it is in this state."""
    service: str = ""
    mode: str = ""
    """How far the playbook may go by itself."""
    receivers: tuple[str, ...] = ()
    proposal: str = ""
    """What awaits approval: the hash that an approval must name."""
    approvals: tuple[str, ...] = ()
    """Who has approved it so far."""
    change_related: bool = False
    due_at_ms: int | None = None
    """When it will be looked at next by itself."""
    target: Target | None = None
    action: str = ""
    """Of the step that it is on."""
    parameters: Mapping[str, str] = field(default_factory=dict)
    """Of that action."""
    persons: int = 0
    """How many must approve what is proposed."""
    links: Mapping[str, str] = field(default_factory=dict)
    """`runbook`, `dashboard` and the like, by name."""
