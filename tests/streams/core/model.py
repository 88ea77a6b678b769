"""What is known of a cluster without looking into the core: what it said, and what it was told."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from schemas.controls import ALL_CLUSTERS
from schemas.incidents import Decision, Incident
from schemas.remediation import Command, CommandKind, Outcome, OutcomeStatus, Withdrawal
from streams.core.decide import Out
from streams.core.keys import target_key
from streams.core.ladder.leases import LOST_KEPT_MS
from streams.core.ladder.orders import OUTCOME_GRACE_MS
from streams.core.lifecycle import Phase
from streams.core.reasons import Reason
from tests.builders import ms

PER_MINUTE, PER_HOUR, CONCURRENT, ATTEMPTS = 3, 8, 2, 3
NOW = 2**62
"""This very step, whose time is not yet known."""


def _undoing_of(command: Command) -> tuple[str, int, int, str]:
    kind = CommandKind.ROLLBACK.value
    return (command.incident_id, command.step, command.attempt, kind)


@dataclass
class Model:
    held: dict[str, str] = field(default_factory=dict)
    """By target: the ACT or ROLLBACK that was not yet certainly answered."""
    under_way: dict[str, Command] = field(default_factory=dict)
    """By id: ACTs and ROLLBACKs without a terminal outcome."""
    sent: set[tuple[str, int, int, str]] = field(default_factory=set)
    ids: set[str] = field(default_factory=set)
    acts: list[tuple[int, Command]] = field(default_factory=list)
    effects: dict[str, set[str]] = field(default_factory=dict)
    """By incident: the ids of its ACTs and ROLLBACKs."""
    killed: set[str] = field(default_factory=set)
    leases: set[str] = field(default_factory=set)
    """Of the ROLLBACKs: those of what was done for a time, which no incident's end lets go."""
    withdrawn: set[str] = field(default_factory=set)
    unsure: dict[str, int] = field(default_factory=dict)
    """Of these: since when nobody knows what came of them."""

    def told(self, outcome: Outcome) -> None:
        command = self.under_way.get(outcome.command_id)
        claimed = (outcome.kind, outcome.cluster, outcome.incident_id)
        if command is None or (command.kind, command.cluster, command.incident_id) != claimed:
            return
        if not outcome.status.terminal:
            return
        del self.under_way[command.command_id]
        if outcome.status not in (OutcomeStatus.UNKNOWN, OutcomeStatus.CHECKED):
            self.held.pop(target_key(command.target), None)
        elif command.command_id in self.leases:
            self.unsure[command.command_id] = NOW
        if outcome.status in (OutcomeStatus.REJECTED, OutcomeStatus.FAILED):
            # It had no effect; what is done for a time may be undone by another command.
            self.sent.discard(_undoing_of(command))

    def hears(self, now_ms: int, outs: Sequence[Out]) -> None:
        self._wait(now_ms)
        for decision in (out for out in outs if isinstance(out, Decision)):
            for verdict in decision.verdicts:
                if verdict.reason == Reason.LEASE_OVER:
                    self.leases.update(verdict.emitted)
        for command in (out for out in outs if isinstance(out, Command)):
            assert command.command_id not in self.ids, "an id was used twice"
            self.ids.add(command.command_id)
            if command.kind in (CommandKind.ACT, CommandKind.ROLLBACK):
                self._effect(now_ms, command)
        for withdrawal in (out for out in outs if isinstance(out, Withdrawal)):
            self._withdraws(withdrawal)
        for incident in (out for out in outs if isinstance(out, Incident)):
            if incident.state == Phase.CLOSED:
                self._closed(incident.incident_id)

    def _wait(self, now_ms: int) -> None:
        """No word for long is no knowledge, and what nobody knows is left alone for a while."""
        for command in [c for c in self.under_way.values() if c.command_id in self.leases]:
            if now_ms >= command.expires_at_ms + OUTCOME_GRACE_MS:
                del self.under_way[command.command_id]
                self.unsure[command.command_id] = NOW
        for undo, since_ms in list(self.unsure.items()):
            self.unsure[undo] = min(since_ms, now_ms)
            if now_ms >= self.unsure[undo] + LOST_KEPT_MS:
                self.held = {place: held for place, held in self.held.items() if held != undo}
                del self.unsure[undo]

    def names(self, cluster: str) -> list[str]:
        """Who takes a place there."""
        mine = [c for c in self.under_way.values() if c.cluster == cluster]
        return sorted(c.command_id if c.command_id in self.leases else c.incident_id for c in mine)

    def _effect(self, now_ms: int, command: Command) -> None:
        attempt = (command.incident_id, command.step, command.attempt, command.kind.value)
        assert attempt not in self.sent, "a second one for one attempt"
        self.sent.add(attempt)
        place = target_key(command.target)
        assert place not in self.held, "the target is locked"
        assert not self.killed & {ALL_CLUSTERS, command.cluster}, "the kill switch is on"
        assert command.uid, "acts on what was not seen"
        self.effects.setdefault(command.incident_id, set()).add(command.command_id)
        self.held[place] = command.command_id
        self.under_way[command.command_id] = command
        if command.kind is CommandKind.ACT:
            self.acts.append((now_ms, command))
            self._within_budgets(now_ms, command)

    def _withdraws(self, said: Withdrawal) -> None:
        act = self.under_way[said.command_id]
        assert act.kind is CommandKind.ACT, "only an ACT is withdrawn"
        named = (said.cluster, said.incident_id, said.target, said.expires_at_ms)
        assert named == (act.cluster, act.incident_id, act.target, act.expires_at_ms)
        self.withdrawn.add(said.command_id)

    def _within_budgets(self, now_ms: int, command: Command) -> None:
        mine = [at for at, act in self.acts if act.cluster == command.cluster]
        assert sum(at > now_ms - ms("1m") for at in mine) <= PER_MINUTE
        assert sum(at > now_ms - ms("1h") for at in mine) <= PER_HOUR
        acts = [c for c in self.under_way.values() if c.cluster == command.cluster]
        assert sum(c.kind is CommandKind.ACT for c in acts) <= CONCURRENT
        of_incident = [a for _, a in self.acts if a.incident_id == command.incident_id]
        assert len(of_incident) <= ATTEMPTS

    def _closed(self, incident_id: str) -> None:
        ours = self.effects.get(incident_id, set()) - self.leases
        self.under_way = {c: e for c, e in self.under_way.items() if c not in ours}
        self.held = {place: c for place, c in self.held.items() if c not in ours}
