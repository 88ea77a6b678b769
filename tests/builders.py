"""Timelines: a world in which a test says what happens when, and reads what was decided.

    world = World(policy=QUICK)
    world.at("0s").fires("HighErrors", deployment="checkout")
    look = world.only(Command)
    world.at("1s").observed(look, uid="u1")
    ...

What is beneath it is what `mendlog policy test` runs: the real core over real tape records.
"""

import json
import re
from typing import Any, TypeVar

from schemas.alerts import AlertStatus, Sighting
from schemas.controls import ALL_CLUSTERS, ControlKind
from schemas.ids import fingerprint
from schemas.incidents import Decision, Incident
from schemas.notices import Notice
from schemas.remediation import (
    Command,
    CommandKind,
    OutcomeReason,
    OutcomeStatus,
)
from schemas.tape import Detection
from streams.core.decide import Step
from streams.core.partition import PARTITION, PartitionState
from streams.desk.rehearsal import Rehearsal
from streams.desk.rehearsal import observation as observation

T = TypeVar("T")
START_MS = 1_700_000_000_000
_UNITS_MS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}

QUICK = """
version: 1
namespaces: [shop]
receivers: [ops]
route:
  receiver: ops
  group_by: [alertname, deployment]
  group_wait: 0s
  group_interval: 5m
  repeat_interval: 1h
limits:
  preset: production-1
  actions_per_minute: 6
  actions_per_hour: 30
  concurrent: 3
  attempts_per_target: 2
  attempts_window: 6h
  cooldown: 15m
  command_ttl: 120s
  patience: 5m
  close_after: 10m
playbooks:
  - name: errors
    match: ['alertname="HighErrors"']
    target: {kind: Deployment, namespace: "{namespace}", name: "{deployment}"}
    mode: auto
    trusted: the tests' own
    steps:
      - action: restart
        dwell: 0s
        verify: {first_check: 10s, every: 5s, hold: 10s, deadline: 60s, probes: [rollout]}
      - action: roll_back
        dwell: 5s
        verify: {first_check: 10s, every: 5s, hold: 10s, deadline: 60s, probes: [rollout]}
      - action: escalate
"""


def ms(text: str) -> int:
    """`1m30s` in milliseconds."""
    return sum(int(n) * _UNITS_MS[u] for n, u in re.findall(r"(\d+)(ms|s|m|h|d)", text))


def alert(
    name: str = "HighErrors",
    status: AlertStatus = AlertStatus.FIRING,
    starts_at_ms: int = START_MS,
    ends_at_ms: int = 0,
    source: str = "prometheus",
    **labels: str,
) -> Sighting:
    full = {
        "alertname": name,
        "namespace": "shop",
        "deployment": "checkout",
        "severity": "critical",
        **labels,
    }
    full = {key: value for key, value in full.items() if value}
    return Sighting(
        source, fingerprint(full), status, starts_at_ms, ends_at_ms, full, {"summary": name}
    )


class World(Rehearsal):
    """One partition of the tape, cluster `eu-1` unless said otherwise."""

    def __init__(self, policy: str | None = QUICK, cluster: str = "eu-1") -> None:
        super().__init__(cluster, START_MS)
        if policy is not None:
            self.publishes(policy)

    # When.

    def at(self, after_start: str) -> "World":
        self.now_ms = START_MS + ms(after_start)
        return self

    def later(self, span: str) -> "World":
        self.now_ms += ms(span)
        return self

    # What happens.

    def fires(self, name: str = "HighErrors", **labels: Any) -> Step:
        labels.setdefault("starts_at_ms", self.now_ms)
        return self.sees(alert(name, **labels))

    def clears(self, name: str = "HighErrors", **labels: Any) -> Step:
        labels.setdefault("starts_at_ms", self.now_ms)
        return self.sees(alert(name, AlertStatus.RESOLVED, **labels))

    def obeys(self, **said: Any) -> Step:
        """As a good executor: what was asked for last is answered, done, or found to be well."""
        command = self.every(Command)[-1]
        match command.kind:
            case CommandKind.LOOK:
                return self.observed(command, **said)
            case CommandKind.VERIFY:
                return self.checked(command, passed=True)
        return self.answered(command, OutcomeStatus.APPLIED, **said)

    def disobeys(
        self,
        status: OutcomeStatus = OutcomeStatus.FAILED,
        reason: OutcomeReason = OutcomeReason.INVALID,
    ) -> Step:
        return self.answered(self.every(Command)[-1], status, reason)

    def announces(self) -> Step:
        """The executor's intent to do what was asked for last."""
        return self.answered(self.every(Command)[-1], OutcomeStatus.INTENT)

    def detects(self, value: float, rule: str = "errors", **labels: Any) -> Step:
        seen = alert("HighErrors", **labels)
        fact = Detection(rule, seen.status, seen.labels, {}, self.now_ms, value, 0.1, 60_000)
        return self.hears(fact)

    # What people order.

    def orders(
        self,
        kind: ControlKind,
        by: str = "ann",
        /,
        *,
        until: str = "",
        cluster: str | None = None,
        verified: bool = False,
        **parameters: str,
    ) -> Step:
        """`until` is counted from the start, as in `at`."""
        ends_at_ms = START_MS + ms(until) if until else None
        return self.ordered(
            kind, by, parameters, cluster=cluster, ends_at_ms=ends_at_ms, verified=verified
        )

    def approves(self, by: str = "ann", **more: Any) -> Step:
        """What was asked for last."""
        return self.orders(ControlKind.APPROVE, by, **{**self._asked(), **more})

    def rejects(self, by: str = "ann", **more: Any) -> Step:
        return self.orders(ControlKind.REJECT, by, **{**self._asked(), **more})

    def _asked(self) -> dict[str, str]:
        asked = next(n for n in reversed(self.every(Notice)) if n.proposal)
        return {"incident": asked.incident_id, "proposal": asked.proposal}

    def snoozes(self, until: str, by: str = "ann", **more: Any) -> Step:
        incident = {"incident": self.incident.incident_id}
        return self.orders(ControlKind.SNOOZE, by, until=until, **{**incident, **more})

    def freezes(self, until: str, id: str = "f1", **more: Any) -> Step:
        return self.orders(ControlKind.FREEZE, until=until, id=id, **more)

    def silences(self, *matchers: str, until: str, id: str = "s1", **more: Any) -> Step:
        kind = more.pop("kind", ControlKind.SILENCE)
        return self.orders(kind, until=until, id=id, matchers=json.dumps(matchers), **more)

    def kills(self, cluster: str = ALL_CLUSTERS) -> Step:
        return self.orders(ControlKind.KILL, cluster=cluster)

    def revives(self, cluster: str = ALL_CLUSTERS) -> Step:
        return self.orders(ControlKind.UNKILL, cluster=cluster)

    def trusts(self, playbook: str = "errors") -> Step:
        return self.orders(ControlKind.TRUST, playbook=playbook)

    def deployed(self, name: str = "checkout", namespace: str = "shop") -> Step:
        return self.orders(
            ControlKind.CHANGE, namespace=namespace, kind="Deployment", name=name, revision="7"
        )

    # What came of it.

    def every(self, kind: type[T]) -> list[T]:
        return [out for out in self.all if isinstance(out, kind)]

    def given(self, kind: type[T]) -> list[T]:
        return [out for out in self.new if isinstance(out, kind)]

    def only(self, kind: type[T]) -> T:
        found = self.given(kind)
        assert len(found) == 1, f"expected one {kind.__name__}, not {found}"
        return found[0]

    @property
    def incident(self) -> Incident:
        return self.every(Incident)[-1]

    @property
    def reasons(self) -> list[str]:
        """The reasons of all verdicts so far, in order."""
        return [v.reason for d in self.every(Decision) for v in d.verdicts]

    def notices(self) -> list[str]:
        return [n.kind for n in self.every(Notice)]

    def in_force(self) -> str:
        """The digest of the policy in force."""
        partition = self.state.get(PARTITION)
        assert isinstance(partition, PartitionState)
        return partition.policy

    def incidents(self) -> list[Incident]:
        """Each as it stands, in the order of their opening."""
        return list({i.incident_id: i for i in self.every(Incident)}.values())
