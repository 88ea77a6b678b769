"""What an audit holds grows with what is under way, and not with the log."""

import gc
from types import BuiltinFunctionType, FunctionType, ModuleType

from schemas.codec import encode
from schemas.controls import ALL_CLUSTERS
from schemas.tape import TapeRecord, Tick
from schemas.topics import ALERTS, TAPE, TOPICS, Topic, journal
from streams.audit.auditor import Auditor
from streams.audit.ground import Ground, Kept
from streams.host.entries import cursor_record
from streams.policy.book import PolicyBook
from streams.steps.decide import DecideStep
from streams.steps.effects import InputRecord
from streams.steps.observe import ObserveStep

DELIVERIES = 1_200
"""Twenty minutes of them: a quiet chain of decisions is sealed every ten."""
EVERY = 100
MORE_MAX = 400
"""Objects, beside thousands of records."""


class Feed:
    """Deliveries of a few alerts again and again, through the real steps, to an auditor."""

    def __init__(self) -> None:
        kept = {(topic.noun, 0): Kept(0, 1 << 40) for topic in TOPICS}
        self.auditor = Auditor(Ground(1, kept))
        self._observe, self._decide = ObserveStep("now", "eu-1"), DecideStep(PolicyBook(), 0, {})
        self._offsets: dict[Topic, int] = {}
        self._now_ms = 1_700_000_000_000
        for agent, source in (("observe", "alerts"), ("decide", "tape")):
            cursor = cursor_record((1 << 40) - 1)
            self._hear(journal(agent, source), cursor.value, cursor.key)

    def deliver(self, many: int) -> None:
        for number in range(many):
            self._now_ms += 1_000
            body = b'[{"labels": {"alertname": "A", "n": "%d"}}]' % (number % 10)
            for out in self._observe.apply(self._hear(ALERTS, body)).outputs:
                self._tape(out.value)
            if number % EVERY == 0:
                self._tape(encode(TapeRecord(ALL_CLUSTERS, Tick(self._now_ms))))

    def _tape(self, value: bytes) -> None:
        for out in self._decide.apply(self._hear(TAPE, value)).outputs:
            self._hear(out.topic, out.value, out.key)

    def _hear(self, topic: Topic, value: bytes | None, key: bytes = b"") -> InputRecord:
        offset = self._offsets.get(topic, 0)
        self._offsets[topic] = offset + 1
        record = InputRecord(topic, 0, offset, self._now_ms, key, value)
        self.auditor.hear(record)
        return record


def held_by(auditor: Auditor) -> int:
    """How many objects can be reached from it; what a program is made of is not counted."""
    seen: dict[int, object] = {}
    left: list[object] = [vars(auditor)]
    while left:
        found = left.pop()
        if id(found) not in seen and not isinstance(found, PROGRAM):
            seen[id(found)] = found
            left += gc.get_referents(found)
    return len(seen)


PROGRAM = (type, ModuleType, FunctionType, BuiltinFunctionType)


def test_a_log_of_twice_the_length_takes_no_more() -> None:
    feed, held = Feed(), []
    for _ in range(3):
        feed.deliver(DELIVERIES)
        held.append(held_by(feed.auditor))
    assert held[2] - held[1] < MORE_MAX, held
    found = {v.invariant: v for v in feed.auditor.finish()}
    assert found["I2"].checked > 6 * DELIVERIES
    assert found["I2"].pending == 0
