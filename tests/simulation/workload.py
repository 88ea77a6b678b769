"""What senders and people do in a world, as its seed has it."""

import json
from dataclasses import dataclass, field
from functools import partial
from random import Random

from schemas.codec import encode
from schemas.controls import ALL_CLUSTERS, Control, ControlKind, Switch
from schemas.kinds import NODE
from schemas.notices import Notice
from schemas.remediation import Target
from schemas.topics import ALERTS, CONTROLS, NOTICES, partition_for
from streams.host.writer import Record
from streams.ingest.formats.alertmanager import API_V2
from streams.policy.digests import digest_of
from tests.simulation.broker import Broker, Kept
from tests.simulation.executor import BOARD
from tests.simulation.processor import PREFIX
from tests.simulation.records import recorded
from tests.simulation.timeline import START_MS, Timeline

ALERTS_TOPIC, CONTROLS_TOPIC = ALERTS.name(PREFIX), CONTROLS.name(PREFIX)
NOTICES_TOPIC = NOTICES.name(PREFIX)


@dataclass(eq=False, slots=True)
class Trouble:
    """One thing that is wrong, as its sender knows it."""

    alertname: str
    target: Target
    since_s: float
    labels: dict[str, str] = field(default_factory=dict)
    over: bool = False


class Senders:
    def __init__(self, timeline: Timeline, rng: Random, broker: Broker, partitions: int) -> None:
        self.timeline, self.rng, self.broker = timeline, rng, broker
        self.partitions = partitions
        self.troubles: list[Trouble] = []
        self.accepted: list[tuple[int, int, bytes]] = []
        """Where each delivery was acknowledged to be."""

    def breaks(self, alertname: str, target: Target, **labels: str) -> Trouble:
        trouble = Trouble(alertname, target, self.timeline.now_s, labels)
        self.troubles.append(trouble)
        self.tells([trouble])
        return trouble

    def mends(self, trouble: Trouble) -> None:
        if not trouble.over:
            trouble.over = True
            self.tells([trouble])

    def mended(self, target: Target) -> None:
        """Something was done to it, or to what belongs to it, and it helps, or not."""
        known = any(trouble.target == target for trouble in self.troubles)
        for trouble in self.troubles:
            about = trouble.target == target if known else trouble.target.cluster == target.cluster
            if about and not trouble.over and self.rng.random() < _helps(trouble.target.kind):
                self.timeline.after(1 + self.rng.random() * 12, None, self.mends, trouble)

    def repeats(self) -> None:
        """As Prometheus does: all that is wrong, again."""
        if wrong := [t for t in self.troubles if not t.over]:
            self.tells(wrong)

    def tells(self, troubles: list[Trouble]) -> None:
        body = json.dumps([_alert(t) for t in troubles]).encode()
        partition = self.rng.randrange(self.partitions)
        headers = (("source", b"prometheus"), ("format", API_V2.encode()))
        at = self.broker.append((ALERTS_TOPIC, partition), [Record(None, body, headers)])
        self.accepted.append((partition, at.offset, body))


def _helps(kind: str) -> float:
    """How often what was done is enough; a node takes more than one step."""
    return 0.2 if kind == NODE else 0.5


def _alert(trouble: Trouble) -> dict[str, object]:
    since_ms = START_MS + int(trouble.since_s * 1000)
    labels = {
        "alertname": trouble.alertname,
        "cluster": trouble.target.cluster,
        "namespace": trouble.target.namespace,
        "kind": trouble.target.kind,
        "deployment": trouble.target.name,
        "severity": "critical",
        **trouble.labels,
    }
    ends = {"endsAt": _iso(since_ms + 1)} if trouble.over else {}
    return {"labels": labels, "annotations": {}, "startsAt": _iso(since_ms), **ends}


def _iso(at_ms: int) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat().replace("+00:00", "Z")


class People:
    def __init__(self, timeline: Timeline, rng: Random, broker: Broker, partitions: int) -> None:
        self.timeline, self.rng, self.broker = timeline, rng, broker
        self.partitions = partitions
        self._orders = 0
        for p in range(partitions):
            broker.listeners[NOTICES_TOPIC, p].append(self._read)
        self._answered: set[str] = set()
        self._killed: set[str] = set()
        self.answers = True

    def orders(
        self,
        kind: ControlKind,
        cluster: str,
        span_s: float | None = None,
        by: str = "ann",
        **parameters: str,
    ) -> None:
        self._orders += 1
        now_ms = self.timeline.now_ms
        until_ms = None if span_s is None else now_ms + int(span_s * 1000)
        name = f"order-{self._orders}"
        order = Control(name, cluster, kind, by, "drill", now_ms, until_ms, parameters)
        partition = partition_for(cluster, self.partitions)
        record = Record(cluster.encode(), encode(order))
        self.broker.append((CONTROLS_TOPIC, partition), [record])

    def publishes(self, source: str) -> None:
        self.orders(ControlKind.POLICY, ALL_CLUSTERS, digest=digest_of(source), source=source)

    def kills(self, cluster: str) -> None:
        """Both ways, as `mendlog kill`: for those who decide and those who act."""
        self._switch(cluster, True)
        self.orders(ControlKind.KILL, cluster)

    def revives(self, cluster: str) -> None:
        self._switch(cluster, False)
        self.orders(ControlKind.UNKILL, cluster)

    def revives_all(self) -> None:
        for cluster in sorted(self._killed):
            self.revives(cluster)

    def _switch(self, cluster: str, kill: bool) -> None:
        (self._killed.add if kill else self._killed.discard)(cluster)
        switch = Switch(cluster, kill, "ann", "drill", self.timeline.now_ms)
        self.broker.append(BOARD, [Record(cluster.encode(), encode(switch))])

    def _read(self, place: tuple[str, int], end: int) -> None:
        for kept in self.broker.logs[place].history[-1:]:
            self._hear(kept)

    def _hear(self, kept: Kept) -> None:
        notice = recorded(kept.value, Notice)
        if not isinstance(notice, Notice) or not notice.proposal or not self.answers:
            return
        if notice.notice_id in self._answered:
            return
        self._answered.add(notice.notice_id)
        chance, yes = self.rng.random(), ControlKind.APPROVE
        if chance > 0.95:
            return
        kind = yes if chance < 0.8 else ControlKind.REJECT
        given = {"incident": notice.incident_id, "proposal": notice.proposal}
        for who in ("ann", "bob")[: self.rng.choice((1, 2, 2))]:
            answer = partial(self.orders, kind, notice.cluster, by=who, **given)
            self.timeline.after(1 + self.rng.random() ** 2 * 35, None, answer)
