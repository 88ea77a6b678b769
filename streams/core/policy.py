"""The policy as a value: what to do about which alerts, and everything that stops it.

`streams.policy` makes it from text. Regular expressions, conditions and time zones come in as
callables and values, so that the core needs no library for them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from schemas.actions import ESCALATE
from schemas.remediation import Target
from streams.core.inhibition import InhibitRule
from streams.core.intervals import Interval
from streams.core.matching import Matchers
from streams.core.routing import Route
from streams.core.seen import Onlooker


class Mode(StrEnum):
    """How far a playbook may go by itself, from nowhere to all the way."""

    OFF = "off"
    DRY_RUN = "dry-run"
    """Looks, asks every rail, says what it would do, and hands over."""
    SHADOW = "shadow"
    """As a dry run, and asks people whether they agree: that is its evidence."""
    APPROVE = "approve"
    """Acts when people have said yes."""
    AUTO = "auto"


MODES = tuple(Mode)


class ConditionFailed(Exception):
    """A condition could not be evaluated: what depends on it is refused."""


@dataclass(frozen=True, slots=True)
class Condition:
    text: str
    holds: Callable[[Mapping[str, object]], bool] = field(compare=False, repr=False)
    """Over the variables of `streams.core.facts`. Raises ConditionFailed."""


@dataclass(frozen=True, slots=True)
class Probe:
    """One question of a verification, put by the executor; `kind` is a row of `schemas.actions`."""

    kind: str
    name: str
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verification:
    """When a step counts as a success: the alerts clear and stay clear, and the probes pass."""

    first_check_ms: int
    every_ms: int
    hold_ms: int
    deadline_ms: int
    probes: tuple[Probe, ...]


@dataclass(frozen=True, slots=True)
class Approval:
    """Who must say yes before a step is taken. With neither `always` nor `when` only the mode
    `approve` asks."""

    always: bool = False
    when: Condition | None = None
    who: frozenset[str] = frozenset()
    """Names; empty: anybody who may write controls."""
    persons: int = 1
    expiry_ms: int = 900_000


@dataclass(frozen=True, slots=True)
class Rung:
    """One step of a ladder."""

    action: str
    parameters: Mapping[str, str]
    dwell_ms: int
    verify: Verification
    undo: bool
    """Undo the action where it could not be verified."""
    when: Condition | None = None
    """The step is passed over where this does not hold."""
    mode: Mode | None = None
    """Lower than the playbook's, for this step alone."""
    approval: Approval = Approval()
    cooldown_ms: int | None = None
    """Longer or shorter than the policy's, for this step alone."""
    attempts: int | None = None
    """Fewer attempts on one target than the limits allow."""
    times: int = 1
    """Gradual steps: how often the action may be repeated, each time after its probes have passed
    and the alerts still fire."""
    pause_ms: int = 0
    """Between two repetitions."""

    @property
    def hands_over(self) -> bool:
        return self.action == ESCALATE


@dataclass(frozen=True, slots=True)
class TargetTemplate:
    """Where to act; `{label}` stands for the value of an alert's label."""

    kind: str
    namespace: str
    name: str


@dataclass(frozen=True, slots=True)
class Playbook:
    name: str
    matches: Matchers
    target: TargetTemplate
    rungs: tuple[Rung, ...]
    digest: str
    """Of the ladder's text: part of every command's id."""
    mode: Mode = Mode.AUTO
    trusted: str = ""
    """Why this playbook may go beyond what the recorded evidence allows; empty: it may not."""
    prefer_rollback: bool = True
    """Where the incident is related to a change, begin at the first step that rolls back."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Every one is written down in the policy, or taken from a preset that it names."""

    actions_per_minute: int
    actions_per_hour: int
    burst: int
    """Actions within any ten seconds."""
    concurrent: int
    concurrent_per_service: int
    attempts_per_incident: int
    attempts_per_target: int
    """Of one action on one target, within `attempts_window_ms`."""
    attempts_window_ms: int
    cooldown_ms: int
    service_cooldown_ms: int
    observation_age_ms: int
    command_ttl_ms: int
    patience_ms: int
    """How long an incident may be held by passing refusals before a human is told."""
    close_after_ms: int
    share_percent: int
    """Of a workload's pods that an action may take away, the unavailable ones included."""
    min_healthy_percent: int
    min_healthy: int
    crowd: int
    """Shares of services, nodes or pods are judged from so many on; below that, one at a time."""
    unhealthy_nodes_percent: int
    unhealthy_nodes: int
    flap_transitions: int
    flap_window_ms: int
    storm_incidents: int
    storm_window_ms: int
    storm_share_percent: int
    """Of the catalogue's services with an open incident."""
    storm_cooldown_ms: int
    breaker_percent: int
    breaker_of: int
    breaker_least: int
    breaker_straight: int
    breaker_open_ms: int
    decision_lag_ms: int
    """From ordering a look to its being taken."""
    sightings_lag_ms: int
    """How long a delivery may have waited before it was read."""
    shadow_cases: int
    shadow_agreed_percent: int
    shadow_for_ms: int


@dataclass(frozen=True, slots=True)
class Service:
    name: str
    matches: Matchers
    owner: str = ""
    criticality: str = ""
    depends_on: tuple[str, ...] = ()
    receivers: tuple[str, ...] = ()
    """Told beside those of the routes."""
    links: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Enrichment:
    """What the policy adds to alerts that match. Its labels win over the sender's: they may decide
    who is told and what is done, so they are the policy's to say."""

    matches: Matchers
    labels: Mapping[str, str]
    links: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Severity:
    """What is done for a severity. One that the table lacks is told of, and never remediated."""

    remediate: bool
    receivers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SourceScope:
    """Which targets a source's labels may choose."""

    clusters: frozenset[str]
    namespaces: frozenset[str]


@dataclass(frozen=True, slots=True)
class Brake:
    """While such an alert fires, nothing is done about incidents with equal values of `equal`."""

    name: str
    matches: Matchers
    equal: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    """None of these is done; empty: nothing is."""


@dataclass(frozen=True, slots=True)
class Watchdog:
    """An alert that always fires. Not seen firing for `missing_after_ms`: we are blind."""

    name: str
    matches: Matchers
    missing_after_ms: int


@dataclass(frozen=True, slots=True)
class Freeze:
    """Times in which nothing is done about incidents that match."""

    name: str
    during: tuple[Interval, ...]
    matches: Matchers


@dataclass(frozen=True, slots=True)
class Correlation:
    """Which incidents are one, beside those of one group."""

    key: tuple[str, ...] = ()
    """Alerts with the same, non-empty values of these labels are one incident, whatever their
    source and group."""
    window_ms: int = 0
    """How long after an incident of a dependency its dependants join it; 0: never."""
    nodes: Matchers | None = None
    """Alerts about a node; what fires on the node meanwhile joins them."""
    node_label: str = "node"
    change_within_ms: int = 0
    """An incident that opens so soon after a change of its target is related to it; 0: never."""


@dataclass(frozen=True, slots=True)
class Policy:
    digest: str
    namespaces: frozenset[str]
    limits: Limits
    route: Route
    playbooks: tuple[Playbook, ...]
    receivers: tuple[str, ...] = ()
    intervals: Mapping[str, Interval] = field(default_factory=dict)
    inhibit: tuple[InhibitRule, ...] = ()
    services: tuple[Service, ...] = ()
    enrichments: tuple[Enrichment, ...] = ()
    severities: Mapping[str, Severity] | None = None
    """None: every severity is remediated."""
    sources: Mapping[str, SourceScope] | None = None
    """None: every source may choose any target in `namespaces`."""
    brakes: tuple[Brake, ...] = ()
    watchdogs: tuple[Watchdog, ...] = ()
    freezes: tuple[Freeze, ...] = ()
    correlation: Correlation = Correlation()
    never: tuple[Matchers, ...] = ()
    """Incidents that are never remediated, whatever playbook matches."""
    sees: Onlooker = field(init=False, compare=False, repr=False)
    """What the policy makes of an alert's labels."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "sees", Onlooker(self))

    def playbook_named(self, name: str) -> Playbook | None:
        return next((p for p in self.playbooks if p.name == name), None)

    def service_named(self, name: str) -> Service | None:
        return next((s for s in self.services if s.name == name), None)


class Policies(Protocol):
    """Turns texts into values: pure functions of the text, remembered."""

    def compile(self, digest: str, source: str) -> Policy | None:
        """None where the text cannot be read by this release."""

    def matchers(self, texts: tuple[str, ...]) -> Matchers | None:
        """Those of a silence; None where they cannot be read, or would match everything."""


def target_of(template: TargetTemplate, cluster: str, labels: Mapping[str, str]) -> Target | None:
    """The template filled in; None where a label is missing or empty, never "everything"."""
    parts = [_fill(text, labels) for text in (template.namespace, template.name)]
    if not all(parts):
        return None
    return Target(cluster, parts[0], template.kind, parts[1])


def _fill(text: str, labels: Mapping[str, str]) -> str:
    if text.startswith("{") and text.endswith("}"):
        return labels.get(text[1:-1], "")
    return text
