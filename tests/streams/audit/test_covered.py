"""I2: what covers a record, what does not, and what nobody can tell any more."""

from collections.abc import Sequence

import pytest

from schemas import sightings
from schemas.codec import encode
from schemas.tape import Origin, Part, TapeRecord
from schemas.topics import ALERTS, CONTROLS, DAY_MS, REJECTS, TAPE, TOPICS, Topic, journal
from streams.audit.auditor import Auditor
from streams.audit.checks.offsets import Offsets
from streams.audit.ground import Ground, Kept
from streams.audit.verdict import Verdict
from streams.host.entries import cursor_record
from streams.steps.effects import InputRecord
from streams.steps.reject import reject
from tests.builders import alert
from tests.streams.audit.recording import two_cures

BODY = b'[{"labels": {"alertname": "A", "n": "%d"}}]'
APPLIED = 9


class Log:
    """Records as they come, a millisecond apart; `observe` has applied the first ten deliveries."""

    def __init__(self, begins: int = 0, partitions: int = 1, rejects_gone: int = 0) -> None:
        kept = {(topic.noun, p): Kept(0, 99) for topic in TOPICS for p in range(partitions)}
        kept[TAPE.noun, 0] = Kept(begins, 99)
        kept[REJECTS.noun, 0] = Kept(rejects_gone, max(99, rejects_gone))
        self._auditor = Auditor(Ground(partitions, kept, {"alerts": "now"}))
        self._offsets: dict[tuple[str, int], int] = {(TAPE.noun, 0): begins}
        self.now_ms = 1_000
        cursor = cursor_record(APPLIED)
        self._hear(journal("observe", "alerts"), cursor.value, cursor.key)

    def delivery(self, alerts: int = 1) -> InputRecord:
        body = b"[" + b",".join((BODY % n)[1:-1] for n in range(alerts)) + b"]"
        return self._hear(ALERTS, body)

    def fact(
        self,
        offset: int,
        count: int = 1,
        index: int = 0,
        life: str = "now",
        cluster: str = "eu-1",
        parts: Sequence[Part] = (),
        partition: int = 0,
    ) -> None:
        rows = [sightings.row_bytes(alert(n=str(n))) for n in range(count)]
        packed = sightings.pack_rows(rows, parts=parts)
        origin = Origin("alerts", life, 0, offset, index)
        self._hear(TAPE, encode(TapeRecord(cluster, packed, origin)), partition=partition)

    def rejects(self, record: InputRecord, reason: str) -> None:
        self._hear(REJECTS, reject(record, reason, "").value)

    def skips(self, deliveries: int) -> None:
        """They are gone before they are read."""
        self._offsets[ALERTS.noun, 0] = deliveries

    def found(self) -> Verdict:
        return next(v for v in self._auditor.finish() if v.invariant == "I2")

    def _hear(
        self, topic: Topic, value: bytes | None, key: bytes = b"", partition: int = 0
    ) -> InputRecord:
        offset = self._offsets.get((topic.noun, partition), 0)
        self._offsets[topic.noun, partition] = offset + 1
        self.now_ms += 1
        record = InputRecord(topic, partition, offset, self.now_ms, key, value)
        self._auditor.hear(record)
        return record


def test_a_delivery_of_two_clusters_is_covered_by_both() -> None:
    log = Log(partitions=2)
    log.delivery(alerts=3)
    log.fact(0, count=1, cluster="eu-1")
    log.fact(0, count=2, cluster="us-1", partition=1)
    assert log.found().violations == 0


def test_one_of_them_alone_is_not_enough() -> None:
    log = Log()
    log.delivery(alerts=3)
    log.fact(0, count=1)
    first = log.found().first
    assert first is not None
    assert str(first.place) == "alerts/0/0"
    assert first.why == "1 of the 3 alerts that it holds are on the tape"


def test_a_large_delivery_is_covered_by_all_of_its_facts() -> None:
    log = Log()
    log.delivery(alerts=3)
    log.fact(0, count=2, index=0)
    log.fact(0, count=1, index=1)
    assert log.found().violations == 0


def test_packed_deliveries_are_covered_by_their_parts() -> None:
    log = Log()
    for alerts in (1, 2):
        log.delivery(alerts)
    log.fact(1, count=3, parts=(Part(0, 1), Part(1, 2)))
    assert log.found().violations == 0


def test_what_was_packed_anew_after_a_crash_counts_once() -> None:
    log = Log()
    for _ in range(3):
        log.delivery()
    log.fact(1, count=2, parts=(Part(0, 1), Part(1, 1)))
    log.fact(1, count=2, parts=(Part(0, 1), Part(1, 1)))
    log.fact(2, count=2, parts=(Part(1, 1), Part(2, 1)))
    assert log.found().violations == 0


def test_a_fact_that_comes_too_late_covers_nothing_because_the_core_drops_it() -> None:
    log = Log()
    log.delivery()
    log.delivery()
    log.fact(1)
    log.fact(0)
    first = log.found().first
    assert first is not None
    assert str(first.place) == "alerts/0/0"


def test_another_cluster_may_be_behind() -> None:
    log = Log()
    log.delivery()
    log.delivery()
    log.fact(1, cluster="us-1")
    log.fact(0, cluster="eu-1")
    assert log.found().violations == 0


def test_more_than_a_record_held_is_a_violation() -> None:
    log = Log()
    log.delivery()
    log.fact(0)
    log.fact(0, index=1)
    first = log.found().first
    assert first is not None
    assert first.why == "holds more of alerts/0/0 than it had"


def test_a_fact_from_nowhere_is_a_violation() -> None:
    log = Log()
    log.delivery()
    log.fact(0)
    log.fact(50)
    first = log.found().first
    assert first is not None
    assert first.why == "is made from alerts/0/50, which does not exist"


@pytest.mark.parametrize(("age_ms", "violations"), [(1_000, 1), (31 * DAY_MS, 0)])
def test_where_all_rejects_are_gone_only_what_is_as_old_is_not_verified(
    age_ms: int, violations: int
) -> None:
    log = Log(rejects_gone=500)
    log.delivery(alerts=2)
    log.now_ms += age_ms
    log.delivery()
    log.fact(1)
    assert log.found().violations == violations


def test_what_retention_takes_meanwhile_is_not_verified() -> None:
    log = Log()
    log.fact(0)
    log.fact(1)
    log.skips(2)
    log.delivery()
    log.fact(2)
    found = log.found()
    assert (found.violations, len(found.unverified)) == (0, 1)


def test_a_fact_of_an_earlier_life_of_the_topic_covers_nothing() -> None:
    log = Log()
    log.delivery()
    log.fact(0, life="before")
    assert log.found().violations == 1


def test_what_names_no_cluster_may_be_in_rejects_instead() -> None:
    log = Log()
    record = log.delivery(alerts=2)
    log.fact(0, count=1)
    log.rejects(record, "no_cluster")
    assert log.found().violations == 0


def test_a_reject_of_something_else_excuses_nothing() -> None:
    log = Log()
    record = log.delivery(alerts=2)
    log.fact(0, count=1)
    log.rejects(record, "unreadable")
    assert log.found().violations == 1


def test_what_observe_has_not_come_to_is_under_way() -> None:
    log = Log()
    for offset in range(APPLIED + 3):
        log.delivery()
        if offset <= APPLIED:
            log.fact(offset)
    found = log.found()
    assert (found.violations, found.pending) == (0, 2)


def test_what_is_older_than_the_tape_is_not_verified() -> None:
    log = Log(begins=5)
    log.delivery()
    log.delivery()
    log.fact(1)
    found = log.found()
    assert found.violations == 0
    assert found.unverified == ["1 records are older than what tape and rejects still hold"]


def test_an_order_for_all_is_on_every_tape() -> None:
    made = two_cures()
    ground = made.ground()
    both = Ground(2, {**ground.kept, (TAPE.noun, 1): Kept(0, 0)}, ground.incarnations)
    first = made.audited(ground=both)["I2"].first
    assert first is not None
    assert first.place is not None
    assert first.place.topic == CONTROLS.noun
    assert first.why == "1 of the 2 facts that it holds are on the tape"


def test_spans_grow_together() -> None:
    seen = Offsets()
    for offset in (5, 3, 4, 9, 4, 10, 8, 0):
        seen.add(offset)
    assert [n for n in range(12) if n in seen] == [0, 3, 4, 5, 8, 9, 10]
    assert len(seen) == 3
