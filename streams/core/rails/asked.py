"""What a rail is asked, and what it may answer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from schemas.remediation import Target
from streams.core.draft import Draft
from streams.core.entries import IncidentState
from streams.core.playbook import Playbook, Rung
from streams.core.policy import Policy
from streams.core.reasons import Reason


@dataclass(frozen=True, slots=True)
class Refusal:
    reason: Reason
    detail: str = ""


class Effect(Protocol):
    """Something that would be done to a target, and all that a switch needs to know of it."""

    @property
    def draft(self) -> Draft: ...
    @property
    def policy(self) -> Policy: ...
    @property
    def target(self) -> Target: ...
    @property
    def labels(self) -> Mapping[str, str]:
        """Of the incident that it is for."""


@dataclass(frozen=True, slots=True)
class Asked:
    """May this step be taken now, on this target?

    `policy` is the one in force: its limits and switches apply at once, also to an incident that
    runs under an earlier one.
    """

    draft: Draft
    policy: Policy
    incident: IncidentState
    playbook: Playbook
    rung: Rung
    target: Target

    @property
    def now_ms(self) -> int:
        return self.draft.now_ms

    @property
    def labels(self) -> Mapping[str, str]:
        return self.incident.labels


Rail = Callable[[Asked], Refusal | None]
