"""Small deliveries share a tape record. After a crash they are packed anew, and counted once."""

import json
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from schemas import sightings
from schemas.codec import decode
from schemas.tape import Part, Sightings, TapeRecord
from schemas.topics import ALERTS, TAPE_SIGHTINGS_MAX
from streams.core import origins
from streams.core.draft import Draft, Placed
from streams.core.state import State
from streams.ingest.formats.alertmanager import API_V2
from streams.policy.book import PolicyBook
from streams.steps.effects import InputRecord
from streams.steps.observe import ObserveStep

OBSERVE = ObserveStep("born", "eu-1")


def delivery(offset: int, count: int, cluster: str = "eu-1", pad: int = 0) -> InputRecord:
    alerts = [
        {"labels": {"alertname": "A", "n": f"{offset}.{n}", "cluster": cluster, "pad": "x" * pad}}
        for n in range(count)
    ]
    headers = (("source", b"p"), ("format", API_V2.encode()))
    return InputRecord(
        ALERTS, 0, offset, 1_000 + offset, None, json.dumps(alerts).encode(), headers
    )


def taped(records: Sequence[InputRecord]) -> list[TapeRecord]:
    found = [decode(output.value, TapeRecord) for output in OBSERVE.apply_all(records).outputs]
    assert all(isinstance(fact, TapeRecord) for fact in found)
    return found  # type: ignore[return-value]


def fact_of(record: TapeRecord) -> Sightings:
    assert isinstance(record.fact, Sightings)
    return record.fact


def names(record: TapeRecord) -> list[str]:
    return [s.labels["n"] for s in sightings.unpack(fact_of(record))]


def test_what_has_queued_is_one_record_for_each_cluster() -> None:
    queued = [delivery(n, 1, cluster=("eu-1", "us-1")[n % 2]) for n in range(10, 16)]
    eu, us = taped(queued)
    assert (eu.cluster, names(eu)) == ("eu-1", ["10.0", "12.0", "14.0"])
    assert fact_of(eu).parts == (Part(10, 1), Part(12, 1), Part(14, 1))
    assert str(eu.origin) == "alerts@born/0/14/0"
    assert fact_of(eu).received_at_ms == 1_010, "the one that has waited longest"
    assert (us.cluster, str(us.origin)) == ("us-1", "alerts@born/0/15/0")


def test_alone_it_is_as_it_would_be_without_packing() -> None:
    (fact,) = taped([delivery(7, 3)])
    assert fact_of(fact).parts == ()
    assert OBSERVE.apply(delivery(7, 3)) == OBSERVE.apply_all([delivery(7, 3)])


def test_a_record_that_is_full_is_followed_by_another() -> None:
    facts = taped([delivery(n, 100) for n in range(6)])
    assert [fact_of(f).count for f in facts] == [200, 200, 200]
    assert [f.origin.offset for f in facts if f.origin] == [1, 3, 5]


def test_a_delivery_of_several_records_shares_none_of_them() -> None:
    """Else it would depend on its neighbours what its indices mean."""
    facts = taped([delivery(1, 2), delivery(2, TAPE_SIGHTINGS_MAX + 1), delivery(3, 2)])
    assert [(fact_of(f).count, str(f.origin)) for f in facts] == [
        (2, "alerts@born/0/1/0"),
        (TAPE_SIGHTINGS_MAX, "alerts@born/0/2/0"),
        (1, "alerts@born/0/2/1"),
        (2, "alerts@born/0/3/0"),
    ]


DELIVERY = st.tuples(
    st.sampled_from([1, 1, 1, 2, 60, 300]), st.sampled_from(["eu-1", "us-1"]), st.just(0)
)
CUTS = st.lists(st.integers(1, 8), min_size=1, max_size=12)


@given(st.lists(DELIVERY, min_size=1, max_size=12), CUTS, CUTS, st.integers(0, 12), st.data())
def test_however_often_it_crashes_each_sighting_counts_once(
    made: list[tuple[int, str, int]],
    cuts: list[int],
    other_cuts: list[int],
    stored: int,
    data: st.DataObject,
) -> None:
    """A process dies after some of its records are on the tape, having stored less than that; the
    next one packs what follows in groups of its own."""
    given = [delivery(n, count, cluster, pad) for n, (count, cluster, pad) in enumerate(made)]
    before = [fact for group in grouped(given, cuts) for fact in taped(group)]
    reached = data.draw(st.integers(0, len(before)))
    tape = before[:reached]
    again = given[min(stored, finished(given, tape)) :]
    tape += [fact for group in grouped(again, other_cuts) for fact in taped(group)]
    for cluster in ("eu-1", "us-1"):
        wanted = [
            f"{r.offset}.{n}"
            for r, (count, name, _) in zip(given, made, strict=True)
            for n in range(count)
            if name == cluster
        ]
        assert heard(tape, cluster) == wanted


def grouped(records: list[InputRecord], cuts: list[int]) -> list[list[InputRecord]]:
    groups, left = [], list(records)
    for n in range(len(records)):
        size = cuts[n % len(cuts)]
        groups.append(left[:size])
        left = left[size:]
    return [group for group in groups if group]


def finished(given: list[InputRecord], tape: list[TapeRecord]) -> int:
    """How many deliveries are on the tape whole, with all before them: no more can be stored."""
    known = {name for fact in tape for name in names(fact)}
    for n, record in enumerate(given):
        alerts = json.loads(record.value or b"[]")
        if any(alert["labels"]["n"] not in known for alert in alerts):
            return n
    return len(given)


def heard(tape: list[TapeRecord], cluster: str) -> list[str]:
    """What the core takes in, by the origins alone."""
    state, found = State(), []
    for offset, record in enumerate(tape):
        draft = Draft(state, PolicyBook(), Placed(0, offset, offset, record, ""), offset)
        repeated = origins.repeated(draft, record)
        state.apply(draft.changes)
        if repeated is not None and record.cluster == cluster:
            found += names(record)[repeated:]
    return found
