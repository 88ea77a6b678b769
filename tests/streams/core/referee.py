"""Counts for itself what was done, and knows only what must never happen."""

from collections import Counter
from dataclasses import dataclass, field

from schemas.controls import ALL_CLUSTERS, Control, ControlKind
from schemas.incidents import Incident
from schemas.notices import Notice
from schemas.remediation import Command, CommandKind, Outcome, OutcomeStatus
from schemas.tape import Fact
from streams.core.decide import Out
from streams.core.keys import target_key
from streams.core.limits import Limits
from streams.core.playbook import Rung
from streams.core.policy import Policy

BURST_MS, MINUTE_MS, HOUR_MS = 10_000, 60_000, 3_600_000


@dataclass
class Referee:
    """`policy` is the one in force; the tests publish only policies with equal limits."""

    policy: Policy
    now_ms: int = 0
    acts: list[tuple[int, Command]] = field(default_factory=list)
    under_way: dict[str, Command] = field(default_factory=dict)
    ids: set[str] = field(default_factory=set)
    killed: set[str] = field(default_factory=set)
    frozen: dict[tuple[str, str], int] = field(default_factory=dict)
    snoozed: dict[str, int] = field(default_factory=dict)
    asked: dict[str, Notice] = field(default_factory=dict)
    """By incident: the latest question."""
    approved: dict[str, int] = field(default_factory=dict)
    """By incident: when people said yes to what was asked, since it last acted."""
    storms: dict[str, int] = field(default_factory=dict)
    """By cluster: when the storm began that is on."""

    # What it hears: each fact once; and what it sees: what the core made of them.

    def hears(self, now_ms: int, fact: Fact) -> None:
        self.now_ms = max(self.now_ms, now_ms)
        if isinstance(fact, Control):
            self._ordered(fact)
        elif isinstance(fact, Outcome) and fact.status is not OutcomeStatus.INTENT:
            self.under_way.pop(fact.command_id, None)

    def sees(self, now_ms: int, outs: tuple[Out, ...]) -> None:
        self.now_ms = max(self.now_ms, now_ms)
        for command in (out for out in outs if isinstance(out, Command)):
            assert command.command_id not in self.ids, "an id was used twice"
            self.ids.add(command.command_id)
            if command.kind in (CommandKind.ACT, CommandKind.ROLLBACK):
                self._effect(command)
        for out in outs:
            if isinstance(out, Notice) and out.kind == "approval":
                self.asked[out.incident_id] = out
            elif isinstance(out, Incident):
                self._stands(out)

    def _ordered(self, control: Control) -> None:
        until_ms, given = control.expires_at_ms or 0, control.parameters
        match control.kind:
            case ControlKind.KILL:
                self.killed.add(control.cluster)
            case ControlKind.UNKILL:
                self.killed.discard(control.cluster)
            case ControlKind.FREEZE:
                self.frozen[control.cluster, given["id"]] = until_ms
            case ControlKind.UNFREEZE:
                self.frozen.pop((control.cluster, given["id"]), None)
            case ControlKind.APPROVE:
                question = self.asked.get(given["incident"])
                if question and question.proposal == given["proposal"]:
                    self.approved[question.incident_id] = self.now_ms

    def _stands(self, incident: Incident) -> None:
        if incident.labels.get("alertname") == "MendlogStorm":
            if incident.state == "escalated":
                self.storms.setdefault(incident.cluster, self.now_ms)
            else:
                self.storms.pop(incident.cluster, None)
        if incident.state == "closed":
            mine = [c for c in self.under_way.values() if c.incident_id == incident.incident_id]
            for command in mine:
                del self.under_way[command.command_id]

    # What must never happen.

    def _effect(self, command: Command) -> None:
        where = {ALL_CLUSTERS, command.cluster}
        assert not self.killed & where, "the kill switch is on"
        for (cluster, name), until_ms in self.frozen.items():
            assert cluster not in where or self.now_ms >= until_ms, f"frozen by {name}"
        began_ms = self.storms.get(command.cluster)
        if command.kind is CommandKind.ACT:
            over = began_ms is None or self.now_ms >= began_ms + self.limits.storm_cooldown_ms
            assert over, "in a storm"
            self._within_budgets(command)
            self._was_approved(command)
            self.acts.append((self.now_ms, command))
        for other in self.under_way.values():
            assert target_key(other.target) != target_key(command.target), "two at one target"
        self.under_way[command.command_id] = command

    def _within_budgets(self, act: Command) -> None:
        limits, now_ms = self.limits, self.now_ms
        mine = [(at, a) for at, a in self.acts if a.cluster == act.cluster]
        for span_ms, most in (
            (BURST_MS, limits.burst),
            (MINUTE_MS, limits.actions_per_minute),
            (HOUR_MS, limits.actions_per_hour),
        ):
            assert sum(at > now_ms - span_ms for at, _ in mine) < most, f"rate of {span_ms} ms"
        busy = [c for c in self.under_way.values() if c.cluster == act.cluster]
        assert len(busy) < limits.concurrent
        service = self.service(act)
        assert sum(self.service(c) == service for c in busy) < limits.concurrent_per_service
        tried = Counter(a.action for _, a in mine if a.incident_id == act.incident_id)
        tried[act.action] += 1
        least = sum(-(-acts // self.times(action)) for action, acts in tried.items())
        assert least <= limits.attempts_per_incident
        same = [(at, a) for at, a in mine if a.target == act.target]
        since_ms = now_ms - limits.attempts_window_ms
        lately = sum(at > since_ms and a.action == act.action for at, a in same)
        assert lately < limits.attempts_per_target * self.times(act.action)
        others = [at for at, a in same if a.incident_id != act.incident_id]
        assert all(at <= now_ms - limits.cooldown_ms for at in others), "it cools down"

    def _was_approved(self, act: Command) -> None:
        rung = self.rung(act.action)
        if rung.approval.always:
            said_ms = self.approved.pop(act.incident_id, None)
            assert said_ms is not None, "nobody said yes"
            assert self.now_ms < said_ms + rung.approval.expiry_ms

    @property
    def limits(self) -> Limits:
        return self.policy.limits

    def service(self, command: Command) -> str:
        labels = {"deployment": command.target.name}
        return next((s.name for s in self.policy.services if s.matches(labels)), "")

    def rung(self, action: str) -> Rung:
        return next(r for p in self.policy.playbooks for r in p.rungs if r.action == action)

    def times(self, action: str) -> int:
        """So many acts may be the portions of one attempt."""
        return self.rung(action).times
