"""A long log, fed to an auditor record by record: the same few alerts again and again, through the
real steps. What it takes, in memory and time:

    python -m tests.streams.audit.feed 500000
"""

import sys
import time

import psutil

from schemas.codec import encode
from schemas.controls import ALL_CLUSTERS
from schemas.tape import TapeRecord, Tick
from schemas.topics import ALERTS, TAPE, TOPICS, Topic, journal
from streams.audit.auditor import Asked, Auditor
from streams.audit.ground import Ground, Kept
from streams.host.entries import cursor_record
from streams.policy.book import PolicyBook
from streams.steps.decide import DecideStep
from streams.steps.effects import InputRecord
from streams.steps.observe import ObserveStep

EVERY = 100
"""Deliveries, between two ticks."""


class Feed:
    def __init__(self, every_ms: int = 1_000) -> None:
        kept = {(topic.noun, 0): Kept(0, 1 << 40) for topic in TOPICS}
        self.auditor = Auditor(Ground(1, kept), Asked(canaries=("hunter2",)))
        self.records = 0
        self.heard_s = 0.0
        """How long the auditor has taken, and nobody else."""
        self._every_ms = every_ms
        self._observe, self._decide = ObserveStep("now", "eu-1"), DecideStep(PolicyBook(), 0, {})
        self._offsets: dict[Topic, int] = {}
        self._now_ms = 1_700_000_000_000
        for agent, source in (("observe", "alerts"), ("decide", "tape")):
            cursor = cursor_record((1 << 40) - 1)
            self._hear(journal(agent, source), cursor.value, cursor.key)

    def deliver(self, many: int) -> None:
        for number in range(many):
            self._now_ms += self._every_ms
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
        self.records += 1
        began_s = time.perf_counter()
        self.auditor.hear(record)
        self.heard_s += time.perf_counter() - began_s
        return record


def main(deliveries: int) -> None:
    """At 10,000 a minute."""
    feed = Feed(every_ms=6)
    for _ in range(10):
        feed.deliver(deliveries // 10)
        resident_mb = psutil.Process().memory_info().rss / 1e6
        print(
            f"{feed.records:>10,} records  {resident_mb:6.1f} MB  "
            f"{feed.records / feed.heard_s:,.0f} records/s",
            flush=True,
        )
    for verdict in feed.auditor.finish():
        print(verdict.invariant, verdict.checked, verdict.violations, verdict.pending)


if __name__ == "__main__":
    main(int(sys.argv[1]))
