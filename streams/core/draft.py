"""A step while it is being worked out: what it has changed and emitted so far, over a state that
stays as it was."""

from dataclasses import dataclass, field
from typing import TypeVar

from schemas.controls import ALL_CLUSTERS
from schemas.incidents import Decision, Incident, Verdict
from schemas.notices import Notice
from schemas.remediation import Command
from schemas.tape import TapeRecord
from streams.core.policy import Policies, Policy
from streams.core.reasons import Reason
from streams.core.state import (
    PARTITION,
    Entry,
    PartitionState,
    PolicyText,
    ScopeState,
    State,
    policy_key,
    scope_key,
)


class UnreadableFact(Exception):
    """The fact's inside cannot be read; nothing was changed."""


Emitted = Command | Notice | Incident | Decision
E = TypeVar("E", bound=Entry)


@dataclass(frozen=True, slots=True)
class Placed:
    """A tape record with what only the tape knows: its place, its time, the hash of its bytes."""

    partition: int
    offset: int
    at_ms: int
    record: TapeRecord
    digest: str


@dataclass(slots=True)
class Draft:
    state: State
    policies: Policies
    fact: Placed
    now_ms: int
    changes: dict[str, Entry | None] = field(default_factory=dict)
    emitted: list[Command | Notice] = field(default_factory=list)
    verdicts: dict[str, list[Verdict]] = field(default_factory=dict)
    """By chain, in the order in which they were reached."""
    last_words: list[Incident] = field(default_factory=list)
    """Incidents that end in this step; their entries are gone."""

    def get(self, key: str, kind: type[E]) -> E | None:
        entry = self.changes[key] if key in self.changes else self.state.get(key)
        assert entry is None or isinstance(entry, kind), f"{key} is not a {kind.__name__}"
        return entry

    def put(self, key: str, entry: Entry | None) -> None:
        self.changes[key] = entry

    @property
    def partition(self) -> PartitionState:
        return self.get(PARTITION, PartitionState) or PartitionState()

    def scope(self, cluster: str) -> ScopeState:
        return self.get(scope_key(cluster), ScopeState) or ScopeState(decided_at_ms=self.now_ms)

    def policy(self, digest: str | None = None) -> Policy | None:
        """The policy in force, or an earlier one by its digest; None where there is none."""
        wanted = self.partition.policy if digest is None else digest
        text = self.get(policy_key(wanted), PolicyText) if wanted else None
        return self.policies.compile(wanted, text.source) if text else None

    def decided(
        self,
        cluster: str,
        incident_id: str,
        what: str,
        reason: Reason | str,
        state: str = "",
        emitted: tuple[str, ...] = (),
    ) -> None:
        verdict = Verdict(incident_id, what, str(reason), state, emitted)
        self.verdicts.setdefault(self.chain_of(cluster), []).append(verdict)

    def chain_of(self, cluster: str) -> str:
        """What concerns every cluster is decided once per partition, in a chain of its own."""
        return f"{ALL_CLUSTERS}/{self.fact.partition}" if cluster == ALL_CLUSTERS else cluster
