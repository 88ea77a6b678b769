"""What is remembered between facts: frozen entries, each under a key that says whose it is.

The host stores entries one by one and knows nothing about them. `deadline_ms` is when an entry
needs time to pass; what it is worth then is `decide`'s affair.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from schemas.alerts import AlertStatus
from schemas.incidents import TimelineEntry
from schemas.remediation import Command, Target
from streams.core.lifecycle import Phase
from streams.core.partition import PARTITION, OriginMark, PartitionState, PolicyText, ScopeState
from streams.core.standing import (
    AutonomyState,
    BreakerState,
    ChangeState,
    FreezeState,
    ServiceState,
    SilenceState,
    StormState,
    TargetState,
)

EXPIRY_GRACE_MS = 60_000
"""An alert's end is stored this coarsely, so it is believed to have ended this much later."""

RESOLVED_KEPT_MS = 3_600_000
"""How long an ended alert is remembered, so that late copies of it are recognised."""


@dataclass(frozen=True, slots=True)
class AlertState:
    """One alert of one source. `last_seen_at_ms` and `ends_at_ms` are kept coarsely: a repeat that
    tells nothing durable writes nothing."""

    source: str
    fingerprint: str
    status: AlertStatus
    starts_at_ms: int
    ends_at_ms: int
    first_seen_at_ms: int
    last_seen_at_ms: int
    incident_id: str
    silent: bool = False
    """It ended because its source fell silent, and not because its source said so."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """As the sender gave them: silences and inhibitions that come later ask for them."""
    flips_at_ms: tuple[int, ...] = ()
    """When it last began or ended, at most `FLIPS_MAX` times back."""
    explained: bool = False
    """It follows from its incident, and is not what that is about."""
    vital: bool = False
    """Its absence makes us blind, so that it was seen is worth a write sooner."""

    @property
    def deadline_ms(self) -> int | None:
        if self.status is AlertStatus.RESOLVED:
            return self.last_seen_at_ms + RESOLVED_KEPT_MS
        return self.ends_at_ms + EXPIRY_GRACE_MS if self.ends_at_ms else None


FLIPS_MAX = 16

SAMPLE_MAX = 8


@dataclass(frozen=True, slots=True)
class GroupState:
    """Which incident the alerts of a group belong to, until it is closed."""

    incident_id: str
    explained: bool = False
    """They follow from that incident and are not what it is about."""


@dataclass(frozen=True, slots=True)
class CrowdState:
    """How many alerts an incident has.

    Apart from the incident, so that an alert that joins costs a small entry and not a large one.
    """

    firing: int = 0
    members: int = 0
    explained: int = 0
    """Of those that fire: how many only follow from what the incident is about."""
    sample: tuple[str, ...] = ()
    """Up to `SAMPLE_MAX` fingerprints of its alerts, for people."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What an observation said that the next ACT is bound to."""

    at_ms: int
    offset: int
    uid: str
    generation: int
    marker: str


@dataclass(frozen=True, slots=True)
class Approver:
    name: str
    verified: bool


@dataclass(frozen=True, slots=True)
class IncidentState:
    incident_id: str
    cluster: str
    group_key: str
    group: Mapping[str, str]
    labels: Mapping[str, str]
    phase: Phase
    reason: str
    title: str
    severity: str
    opened_at_ms: int
    updated_at_ms: int
    due_at_ms: int | None
    clear_since_ms: int | None = None
    """Since when none of its alerts fires; None while one does."""
    policy: str = ""
    playbook: str = ""
    ladder: str = ""
    step: int = 0
    attempt: int = 0
    step_since_ms: int = 0
    attempts: int = 0
    """ACTs sent, over all steps."""
    withdrawn: int = 0
    """Of these: how many came to nothing, as its alerts had ended by then."""
    looks: int = 0
    checks: int = 0
    notices: int = 0
    held_since_ms: int | None = None
    target: Target | None = None
    evidence: Evidence | None = None
    command_id: str = ""
    """The LOOK, ACT, VERIFY or ROLLBACK whose answer is awaited."""
    act_id: str = ""
    undo_id: str = ""
    """The ROLLBACK of that ACT, if there was one: it holds the target in its place."""
    acted_at_ms: int | None = None
    checked_at_ms: int | None = None
    passed_at_ms: int | None = None
    undo: Mapping[str, str] = field(default_factory=dict)
    timeline: tuple[TimelineEntry, ...] = ()
    source: str = ""
    """Of the alert that opened it: its labels choose the target, within its scope."""
    service: str = ""
    node: str = ""
    """The node that it is about, if it is about one."""
    on_node: str = ""
    """The node that it fires on."""
    key: str = ""
    """What ties it to incidents of other sources and groups."""
    receivers: tuple[str, ...] = ()
    links: Mapping[str, str] = field(default_factory=dict)
    mode: str = ""
    portion: int = 0
    """Of a gradual step: how many repetitions came before this one."""
    undo_of: str = ""
    """The ACT that `undo` undoes, where it is not the last: an earlier portion's."""
    undo_evidence: Evidence | None = None
    """What that ACT was bound to."""
    granted: int = 0
    """How many people have said yes to this step, when its first portion was taken."""
    granted_uid: str = ""
    """And on which object."""
    change_related: bool = False
    measured: Mapping[str, float] = field(default_factory=dict)
    """By rule: what a detection of ours measured last."""
    proposal: str = ""
    """The hash of what people are asked to approve, or to agree with."""
    persons: int = 1
    """How many must approve it."""
    approvals: tuple[Approver, ...] = ()
    approved: str = ""
    """The proposal that has all of its approvals: a look that finds the same may act."""
    approved_at_ms: int = 0
    looked_at_ms: int = 0
    judged: bool = False
    """People have said whether they agree with it."""
    snoozed_until_ms: int = 0
    ticketed: bool = False
    """People have been told, once, that it begins and ends again and again."""
    told_members: int = 0
    """How many alerts people have been told of."""
    told_at_ms: int = 0

    @property
    def deadline_ms(self) -> int | None:
        return self.due_at_ms

    @property
    def acts(self) -> int:
        """Those of which something may have come."""
        return self.attempts - self.withdrawn

    @property
    def places(self) -> tuple[tuple[str, str, str], ...]:
        """Where others find it, to join it or to count it."""
        named = (
            ("service", self.service),
            ("node", self.node),
            ("on", self.on_node),
            ("key", self.key),
        )
        return tuple((self.cluster, what, name) for what, name in named if name)


TIMELINE_MAX = 100


@dataclass(frozen=True, slots=True)
class LeaseState:
    """What was done for a time alone. It outlives its incident."""

    order: Command
    """The ROLLBACK that undoes it; its times are those of its sending."""
    incident: IncidentState
    """As it stood when it was done, without its timeline: whom to tell, and by what labels."""
    over_at_ms: int
    """When its time is over."""
    due_at_ms: int
    tries: int = 0
    """How often its undoing was ordered and had no effect."""
    sent: bool = False
    """It has been ordered, and the outcome is awaited."""
    lost: bool = False
    """Nobody knows what came of that."""
    reason: str = ""
    """Why it waits, though its time is over."""
    told: int = 0
    """How often people have been told of it."""

    @property
    def deadline_ms(self) -> int:
        return self.due_at_ms


Entry = (
    PartitionState
    | PolicyText
    | OriginMark
    | ScopeState
    | AlertState
    | GroupState
    | CrowdState
    | IncidentState
    | LeaseState
    | TargetState
    | ServiceState
    | ChangeState
    | SilenceState
    | FreezeState
    | StormState
    | BreakerState
    | AutonomyState
)

KINDS: Mapping[str, type] = {
    PARTITION: PartitionState,
    "policy": PolicyText,
    "origin": OriginMark,
    "scope": ScopeState,
    "alert": AlertState,
    "group": GroupState,
    "crowd": CrowdState,
    "incident": IncidentState,
    "target": TargetState,
    "service": ServiceState,
    "change": ChangeState,
    "lease": LeaseState,
    "silence": SilenceState,
    "freeze": FreezeState,
    "storm": StormState,
    "breaker": BreakerState,
    "autonomy": AutonomyState,
}
"""The record of an entry, by the first word of its key."""
