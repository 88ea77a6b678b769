"""A step while it is being worked out: what it has changed and emitted so far, over a state that
stays as it was."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import TypeVar

from schemas.alerts import AlertStatus
from schemas.controls import ALL_CLUSTERS
from schemas.incidents import Incident, Verdict
from schemas.notices import Notice
from schemas.remediation import Command, Withdrawal
from schemas.tape import TapeRecord
from streams.core.entries import AlertState, Entry, GroupState, IncidentState
from streams.core.firing import Asked, Firing
from streams.core.keys import incident_key, policy_key, scope_key
from streams.core.lifecycle import Phase
from streams.core.partition import PARTITION, PartitionState, PolicyText, ScopeState
from streams.core.policy import Policies, Policy
from streams.core.reasons import Reason
from streams.core.state import Place, State


class UnreadableFact(Exception):
    """The fact's inside cannot be read; nothing was changed."""


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
    emitted: list[Command | Withdrawal | Notice] = field(default_factory=list)
    verdicts: dict[str, list[Verdict]] = field(default_factory=dict)
    """By chain, in the order in which they were reached."""
    last_words: list[Incident] = field(default_factory=list)
    """Incidents that end in this step; their entries are gone."""
    fired: dict[str, list[str]] = field(default_factory=dict)
    """Keys of the alerts that joined an incident in this step, by the incident."""
    opened: dict[Place, list[str]] = field(default_factory=dict)
    """Keys of the incidents that came to a place in this step."""
    grouped: dict[str, list[str]] = field(default_factory=dict)
    """Keys of the groups that came to an incident in this step."""
    kept: dict[str, None] = field(default_factory=dict)
    """Keys of the silences and freezes that were ordered in this step."""
    _policy: tuple[str, Policy | None] | None = None
    _firing: Firing | None = None

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
        in_force = self.partition.policy
        if digest is not None and digest != in_force:
            return self._compiled(digest)
        if self._policy is None or self._policy[0] != in_force:
            self._policy = (in_force, self._compiled(in_force))
        return self._policy[1]

    def _compiled(self, digest: str) -> Policy | None:
        text = self.get(policy_key(digest), PolicyText) if digest else None
        return self.policies.compile(digest, text.source) if text else None

    # What is derived from the entries, this step's included.

    def members(self, incident_id: str) -> Iterator[tuple[str, AlertState]]:
        """The incident's alerts that fire."""
        for key in chain(self.state.members(incident_id), self.fired.get(incident_id, ())):
            alert = self.get(key, AlertState)
            if alert and alert.status is AlertStatus.FIRING and alert.incident_id == incident_id:
                yield key, alert

    def groups(self, incident_id: str) -> list[str]:
        """Keys of the groups whose alerts join the incident."""
        keys = dict.fromkeys((*self.state.groups(incident_id), *self.grouped.get(incident_id, ())))
        found = ((key, self.get(key, GroupState)) for key in keys)
        return sorted(key for key, group in found if group and group.incident_id == incident_id)

    def incidents_at(self, place: Place) -> list[IncidentState]:
        """Those at a place that are neither resolved nor closed, the oldest first; of two that
        opened at once the order is their groups', because ids are drawn from where a fact lay."""
        keys = dict.fromkeys((*self.state.at(place), *self.opened.get(place, ())))
        found = (self.get(key, IncidentState) for key in keys)
        there = [i for i in found if i and i.phase is not Phase.RESOLVED and place in i.places]
        return sorted(there, key=lambda i: (i.opened_at_ms, i.group_key, i.incident_id))

    def stands(self, incident: IncidentState) -> None:
        """From here on, in this very step, others find it at its places."""
        for place in incident.places:
            self.opened.setdefault(place, []).append(incident_key(incident.incident_id))

    def open_services(self, cluster: str) -> set[str]:
        opened = (name for at, what, name in self.opened if at == cluster and what == "service")
        names = {*self.state.open_services(cluster), *opened}
        return {name for name in names if self.incidents_at((cluster, "service", name))}

    def of_kind(self, kind: str) -> Iterator[tuple[str, Entry]]:
        """The silences, or the freezes, in the order of their keys."""
        new = (key for key in self.kept if key.startswith(f"{kind}/"))
        for key in sorted({*self.state.of_kind(kind), *new}):
            entry = self.changes[key] if key in self.changes else self.state.get(key)
            if entry is not None:
                yield key, entry

    def fires(self, key: str, alert: AlertState, policy: Policy | None) -> None:
        """An alert began to fire in this step."""
        self.fired.setdefault(alert.incident_id, []).append(key)
        if policy is None:
            return
        if self._firing is None or self._firing.policy is not policy:
            self._firing = Firing(policy)
        self._firing.change(key, None, alert)

    def answers(self, policy: Policy, asked: Asked) -> Iterator[tuple[str, bool]]:
        """The alerts that fire and answer what a rule asks, each with whether it is two-sided."""
        new = self._firing.at(asked) if self._firing and self._firing.policy is policy else {}
        for key, two_sided in chain(self.state.firing(policy).at(asked).items(), new.items()):
            alert = self.get(key, AlertState)
            if alert and alert.status is AlertStatus.FIRING:
                yield key, two_sided

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
