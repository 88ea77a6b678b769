"""What a rail is asked, and what it may answer."""

from collections.abc import Callable
from dataclasses import dataclass

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


Rail = Callable[[Asked], Refusal | None]
