"""The policy as a value: what to do about which alerts, and the limits that stop it.

`streams.policy` makes it from text. The core knows matchers only as predicates, so that it needs
no regular expression library.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from schemas.actions import ESCALATE
from schemas.remediation import Target

Predicate = Callable[[Mapping[str, str]], bool]
"""Whether an alert's labels match."""


@dataclass(frozen=True, slots=True)
class Verification:
    """When a step counts as a success: the alerts clear and stay clear, and the probes pass."""

    first_check_ms: int
    every_ms: int
    hold_ms: int
    deadline_ms: int
    probes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rung:
    """One step of a ladder."""

    action: str
    parameters: Mapping[str, str]
    dwell_ms: int
    verify: Verification
    undo: bool
    """Undo the action where it could not be verified."""

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
    matches: Predicate
    target: TargetTemplate
    rungs: tuple[Rung, ...]
    digest: str
    """Of the ladder's text: part of every command's id."""


@dataclass(frozen=True, slots=True)
class Limits:
    actions_per_minute: int
    actions_per_hour: int
    concurrent: int
    attempts_per_incident: int
    attempts_per_target: int
    """Of one action on one target, within `attempts_window_ms`."""
    attempts_window_ms: int
    cooldown_ms: int
    observation_age_ms: int
    command_ttl_ms: int
    patience_ms: int
    """How long an incident may be held by passing refusals before a human is told."""
    remind_ms: int
    close_after_ms: int


@dataclass(frozen=True, slots=True)
class Grouping:
    by: tuple[str, ...]
    wait_ms: int


@dataclass(frozen=True, slots=True)
class Policy:
    digest: str
    namespaces: frozenset[str]
    grouping: Grouping
    limits: Limits
    playbooks: tuple[Playbook, ...]

    def playbook_for(self, labels: Mapping[str, str]) -> Playbook | None:
        """The first that matches, in the order of the text."""
        return next((p for p in self.playbooks if p.matches(labels)), None)

    def playbook_named(self, name: str) -> Playbook | None:
        return next((p for p in self.playbooks if p.name == name), None)


class Policies(Protocol):
    """Turns a policy's text into its value: a pure function of the text, remembered by digest."""

    def compile(self, digest: str, source: str) -> Policy | None:
        """None where the text cannot be read by this release."""


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
