"""One command and all that it is carried out with."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from remediators.actions.plan import Kit
from remediators.core.floor import DEFAULT, Floor
from remediators.core.outcome import Pen
from remediators.core.protocol import in_time
from remediators.core.refusal import Refusal
from remediators.core.reply import Reply
from remediators.core.scope import Scope
from remediators.core.seen import Seen
from remediators.core.taken import Taken
from remediators.core.workload import Surroundings
from remediators.executor.desk import Desk
from remediators.executor.metrics import Metrics
from remediators.ports import (
    Clock,
    Cluster,
    Outlook,
    Reached,
    Recorded,
    Tell,
    tell_nobody,
)
from schemas.actions import ACTIONS
from schemas.remediation import Command, OutcomeReason, Target

ENABLED = "this executor's MENDLOG_ACTIONS"


@dataclass(frozen=True, slots=True)
class Means:
    """What all commands are carried out with."""

    clusters: Mapping[str, Cluster]
    clock: Clock
    metrics: Metrics
    reached: Reached
    actions_per_hour_max: int
    outlook: Outlook
    scope: Scope
    kit: Kit
    enabled: frozenset[str] = frozenset(ACTIONS)
    """Actions that are carried out."""
    floor: Floor = DEFAULT
    tell: Tell = tell_nobody
    taken: Taken = field(default_factory=Taken)


@dataclass(frozen=True, slots=True)
class Job:
    command: Command
    cluster: Cluster
    means: Means
    desk: Desk

    @property
    def pen(self) -> Pen:
        return self.desk.pen

    @property
    def now_ms(self) -> int:
        return self.desk.now_ms()

    @property
    def in_time(self) -> bool:
        return self.now_ms < self.command.expires_at_ms

    @property
    def refusal(self) -> Refusal | None:
        """Why it may not change anything, whatever its target is like."""
        return self.stopped or self.withdrawn

    @property
    def withdrawn(self) -> Refusal | None:
        """Why there is no need of it any more."""
        return self.desk.withdrawn.refusal(self.command)

    @property
    def stopped(self) -> Refusal | None:
        """Why nothing may be sent, nor sent again."""
        if self.command.action not in self.means.enabled:
            return Refusal(
                OutcomeReason.NOT_ENABLED, f"{self.command.action} is not among {ENABLED}"
            )
        return self.means.clock.refusal(self.command.cluster)

    def may_send(self) -> bool:
        """Asked from another thread, last of all before the first byte leaves."""
        return in_time(self.command, self.now_ms) and self.refusal is None

    def may_repeat(self) -> bool:
        """The same, of what may be at the API already: to take it back is too late."""
        return in_time(self.command, self.now_ms) and self.stopped is None

    async def write(self, record: Recorded) -> None:
        await self.desk.write(record)
        self.means.tell(self.command, record)

    async def survey(self) -> tuple[Seen, Surroundings] | Reply:
        return await self.means.metrics.timed("survey", self.cluster.survey(self.command.target))

    async def look(self) -> Seen | Reply:
        return await self.look_at(self.command.target)

    async def look_at(self, subject: Target) -> Seen | Reply:
        return await self.means.metrics.timed("look", self.cluster.look(subject))
