"""Playbooks: what to do about which alerts, step by step.

Conditions come in as callables, so that the core needs no library for them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from schemas.actions import ESCALATE, NOTIFY
from schemas.remediation import Target
from streams.core.matching import Matchers


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
    lasts_ms: int | None = None
    """It is done for so long and then undone; None: it stays."""

    @property
    def hands_over(self) -> bool:
        return self.action == ESCALATE

    @property
    def only_tells(self) -> bool:
        return self.action == NOTIFY

    @property
    def acts(self) -> bool:
        return not self.hands_over and not self.only_tells


@dataclass(frozen=True, slots=True)
class TargetTemplate:
    """Where to act; `{label}` stands for the value of an alert's label."""

    kind: str
    namespace: str
    """Empty for what belongs to the whole cluster."""
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


def target_of(template: TargetTemplate, cluster: str, labels: Mapping[str, str]) -> Target | None:
    """The template filled in; None where a label is missing or empty, never "everything"."""
    namespace, name = (_fill(text, labels) for text in (template.namespace, template.name))
    if not name or bool(namespace) is not bool(template.namespace):
        return None
    return Target(cluster, namespace, template.kind, name)


def _fill(text: str, labels: Mapping[str, str]) -> str:
    if text.startswith("{") and text.endswith("}"):
        return labels.get(text[1:-1], "")
    return text
