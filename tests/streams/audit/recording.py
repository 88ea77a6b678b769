"""A platform of one partition in memory: the real steps, and a broker and an executor that are
pretended. What it leaves are the topics, record by record, for an audit to read.

    made = Recording()
    made.publishes(QUICK)
    made.posts(deployment="cart")
    made.lives("5m")
"""

import heapq
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from typing import Any

from schemas.codec import Undecodable, decode, encode
from schemas.controls import ALL_CLUSTERS, Control, ControlKind, Switch
from schemas.records import RECORDS
from schemas.remediation import (
    Check,
    Command,
    CommandKind,
    Outcome,
    OutcomeStatus,
    Request,
)
from schemas.tape import TapeRecord, Tick
from schemas.topics import (
    ALERTS,
    COMMANDS,
    CONTROLS,
    JOURNALS,
    OUTCOMES,
    SWITCHES,
    TAPE,
    TOPICS,
    Topic,
)
from streams.audit.auditor import Asked, Auditor
from streams.audit.ground import Ground, Kept
from streams.audit.verdict import Verdict
from streams.desk.rehearsal import observation, probes_of
from streams.host.entries import Entry, cursor_record, live_record
from streams.host.inputs import DECIDE, DETECT, INPUTS, OBSERVE, RELAY_CONTROLS, RELAY_OUTCOMES
from streams.policy.book import PolicyBook
from streams.policy.load import digest_of
from streams.steps.decide import DecideStep
from streams.steps.detect import DetectStep
from streams.steps.effects import Effects, InputRecord, PackingStep
from streams.steps.observe import ObserveStep
from streams.steps.relay import open_relay
from tests.builders import QUICK, START_MS, ms

LIFE = "born"
CLUSTER = "eu-1"
POLICY = QUICK.replace("concurrent: 3", "concurrent: 1\n  burst: 1")
EXECUTOR = "executor-1"
Verdicts = dict[str, Verdict]


class Recording:
    def __init__(self) -> None:
        self.now_ms = START_MS
        self.logs: dict[Topic, list[InputRecord]] = {topic: [] for topic in TOPICS}
        self.decide = DecideStep(PolicyBook(), 0, {})
        self._steps: dict[Any, Any] = {
            OBSERVE: ObserveStep(LIFE, CLUSTER),
            RELAY_OUTCOMES: open_relay(LIFE, 1)(0, {}),
            RELAY_CONTROLS: open_relay(LIFE, 1)(0, {}),
            DETECT: DetectStep((), LIFE, CLUSTER, {}),
            DECIDE: self.decide,
        }
        self._cursors = dict.fromkeys(INPUTS, 0)
        self._answered = 0

    # What happens.

    def append(
        self, topic: Topic, value: bytes | None, key: bytes = b"", **headers: bytes
    ) -> InputRecord:
        offset = len(self.logs[topic])
        record = InputRecord(topic, 0, offset, self.now_ms, key, value, tuple(headers.items()))
        self.logs[topic].append(record)
        self.now_ms += 1
        return record

    def posts(self, *deployments: str, ends: bool = False) -> None:
        """Twice, as two Prometheus servers do, in deliveries as the gateway writes them."""
        body = [self.alert(name, ends=ends) for name in deployments]
        for _ in range(2):
            self.append(ALERTS, json.dumps(body).encode(), source=b"prometheus")
        self.runs()

    def alert(self, deployment: str, *, ends: bool = False) -> dict[str, Any]:
        labels = {"alertname": "HighErrors", "namespace": "shop", "severity": "critical"}
        return {
            "labels": {**labels, "deployment": deployment},
            "startsAt": moment(START_MS),
            **({"endsAt": moment(self.now_ms)} if ends else {}),
        }

    def orders(self, kind: ControlKind, until: str = "", **parameters: str) -> None:
        name, ends_at_ms = f"c{self.now_ms}", self.now_ms + ms(until) if until else None
        control = Control(
            name, ALL_CLUSTERS, kind, "ann", "drill", self.now_ms, ends_at_ms, parameters
        )
        self.append(CONTROLS, encode(control), ALL_CLUSTERS.encode())
        self.runs()

    def publishes(self, policy: str) -> None:
        self.orders(ControlKind.POLICY, digest=digest_of(policy), source=policy)

    def switches(self, *, kill: bool) -> None:
        switch = Switch(ALL_CLUSTERS, kill, "ann", "drill", self.now_ms)
        self.append(SWITCHES, encode(switch), ALL_CLUSTERS.encode())

    def lives(self, span: str) -> None:
        """Time passes; what falls due is worked off at its time."""
        end_ms = self.now_ms + ms(span)
        while (due_ms := self.decide.next_due_ms) is not None and due_ms <= end_ms:
            self.now_ms = max(self.now_ms, due_ms)
            self.ticks()
        self.now_ms = max(self.now_ms, end_ms)
        self.ticks()

    def ticks(self) -> None:
        tick = TapeRecord(ALL_CLUSTERS, Tick(self.now_ms))
        self.append(TAPE, encode(tick), ALL_CLUSTERS.encode())
        self.runs()

    # Who works on it.

    def runs(self) -> None:
        """Agents and executor, until nothing is left to do."""
        while sum(self._run(source) for source in INPUTS) + self._obeys():
            pass

    def _run(self, source: Any) -> bool:
        log, first = self.logs[source.source], self._cursors[source]
        for record, effects in self._applied(source, log[first:]):
            for out in effects.outputs:
                self.append(out.topic, out.value, out.key)
            for key, value in effects.changes.items():
                ended_at_ms = 0 if value else self.now_ms
                entry = live_record(key, Entry(record.offset, value, ended_at_ms))
                self.append(source.journal, entry.value, entry.key)
            cursor = cursor_record(record.offset)
            self.append(source.journal, cursor.value, cursor.key)
        self._cursors[source] = len(log)
        return len(log) > first

    def _applied(
        self, source: Any, queued: Sequence[InputRecord]
    ) -> Iterator[tuple[InputRecord, Effects]]:
        step = self._steps[source]
        if queued and isinstance(step, PackingStep):
            yield queued[-1], step.apply_all(queued)
            return
        for record in queued:
            yield record, step.apply(record)

    def _obeys(self) -> bool:
        left = self.logs[COMMANDS][self._answered :]
        for record in left:
            order = decode(record.value, Command)
            assert isinstance(order, Command)
            for said in self._answers(order):
                self.append(OUTCOMES, encode(said), CLUSTER.encode())
        self._answered += len(left)
        return bool(left)

    def _answers(self, order: Command) -> Iterator[Any]:
        match order.kind:
            case CommandKind.LOOK:
                yield observation(order, self.now_ms)
            case CommandKind.VERIFY:
                checks = tuple(Check(name, True, "seen") for name in probes_of(order))
                yield replace(self.outcome(order, OutcomeStatus.CHECKED), checks=checks)
            case _:
                intent = self.outcome(order, OutcomeStatus.INTENT)
                yield replace(intent, request=request_of(order))
                yield self.outcome(order, OutcomeStatus.APPLIED)

    def outcome(self, order: Command, status: OutcomeStatus) -> Outcome:
        return Outcome(
            order.command_id,
            order.cluster,
            order.incident_id,
            order.kind,
            status,
            "",
            self.now_ms,
            EXECUTOR,
        )

    # What was recorded.

    def find(self, topic: Topic, wanted: Callable[[Any], bool] = lambda _: True) -> list[int]:
        """The offsets of those records."""
        return [r.offset for r in self.logs[topic] if wanted(read(r))]

    def get(self, topic: Topic, offset: int) -> Any:
        return read(self.logs[topic][offset])

    def alter(self, topic: Topic, offset: int, **changes: Any) -> None:
        """The seed of a violation: one record, with another content at its place."""
        value = encode(replace(self.get(topic, offset), **changes))
        self.put(topic, offset, value=value)

    def put(self, topic: Topic, offset: int, **fields: Any) -> None:
        self.logs[topic][offset] = replace(self.logs[topic][offset], **fields)

    def ground(self, *, settled: bool = True) -> Ground:
        kept = {(topic.noun, 0): Kept(0, len(self.logs[topic])) for topic in TOPICS}
        return Ground(1, kept, {topic.noun: LIFE for topic in TOPICS}, settled)

    def audited(self, asked: Asked | None = None, ground: Ground | None = None) -> Verdicts:
        auditor = Auditor(ground or self.ground(), asked)
        for journal in JOURNALS:
            for record in self.logs[journal]:
                auditor.hear(record)
        others = [log for topic, log in self.logs.items() if topic not in JOURNALS]
        for record in heapq.merge(*others, key=lambda r: r.at_ms):
            auditor.hear(record)
        return {verdict.invariant: verdict for verdict in auditor.finish()}


def read(record: InputRecord) -> Any:
    found: Any = decode(record.value, *RECORDS)
    return record.value if isinstance(found, Undecodable) else found


def request_of(order: Command) -> Request:
    tests = [{"op": "test", "path": "/metadata/uid", "value": order.uid}]
    body = json.dumps([*tests, {"op": "add", "path": "/by", "value": order.command_id}])
    return Request("PATCH", order.target, "application/json-patch+json", body)


def moment(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat()


def two_cures() -> Recording:
    """Two incidents, one after the other, each cured by a restart and closed; something that
    nobody can read; and at the end a kill and a freeze."""
    made, copy = _two_cures(), Recording()
    copy.now_ms, copy.logs = made.now_ms, {topic: list(log) for topic, log in made.logs.items()}
    return copy


@cache
def _two_cures() -> Recording:
    made = Recording()
    made.publishes(POLICY)
    made.append(ALERTS, b"not JSON", source=b"prometheus")
    for deployment in ("cart", "web"):
        made.posts(deployment)
        made.lives("5s")
        made.posts(deployment, ends=True)
        made.lives("12m")
    made.switches(kill=True)
    made.orders(ControlKind.KILL)
    made.orders(ControlKind.FREEZE, until="1h", id="f1")
    made.lives("1m")
    return made
