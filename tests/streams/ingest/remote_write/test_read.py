"""What becomes of a request of remote-write: records of `metrics`, and faults that are named."""

import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.codec import decode, encode
from schemas.metrics import Samples
from schemas.topics import METRICS, MIB
from streams.ingest.gateway.source import Source
from streams.ingest.inflate import Broken, TooLarge
from streams.ingest.protobuf import FIELDS_MAX, Unreadable
from streams.ingest.remote_write.block import UNPACKED_BYTES_MAX, announced, unpack
from streams.ingest.remote_write.message import TimeSeries
from streams.ingest.remote_write.read import SERIES_MAX, Request
from streams.ingest.remote_write.series import of_one_sample, read_series
from streams.ingest.samples.gathered import TooMuch
from tests.streams.ingest.remote_write.requests import (
    NO_VALUES,
    POD,
    STALE,
    pack,
    request,
    series,
    series_of,
    varint,
)

NOW = 1_793_527_200_000
ANYBODY = Source("s")
DAY_MS = 24 * 60 * 60 * 1000


def read(*all_series: bytes, source: Source = ANYBODY) -> Request:
    found = Request(source, NOW, UNPACKED_BYTES_MAX)
    found.read(request(*all_series))
    return found


def records(found: Request) -> list[Samples]:
    return [decode(one.value, Samples) for one in found.records()]


def one(*samples: tuple[float, int], **labels: str) -> bytes:
    return series("up", *(samples or ((1.0, NOW),)), **labels)


def faults(found: Request) -> list[str]:
    return [str(fault) for fault in found.faults]


def test_samples_of_a_target_at_a_moment_are_one_record() -> None:
    found = read(
        series("requests_total", (7.0, NOW), code="200", **POD),
        series("requests_total", (3.0, NOW), code="500", container="app", **POD),
        series("requests_total", (1.0, NOW + 1), code="200", **POD),
        series("requests_total", (9.0, NOW), code="200", **{**POD, "pod": "checkout-2"}),
    )
    (first, later, other) = records(found)
    assert (first.labels, first.at_ms, later.at_ms) == (POD, NOW, NOW + 1)
    assert [(dict(s.labels), s.value) for s in first.samples] == [
        ({"code": "200"}, 7.0),
        ({"code": "500", "container": "app"}, 3.0),
    ]
    assert other.labels["pod"] == "checkout-2"
    assert found.taken == 4


def test_the_cluster_of_the_source_goes_before_that_of_the_labels() -> None:
    said, unsaid = one(cluster="other", n="1", pod="p"), one(pod="p")
    found = read(said, unsaid, source=Source("s", cluster="prod"))
    (record,) = records(found)
    assert (record.labels, len(record.samples)) == ({"cluster": "prod", "pod": "p"}, 2)


@pytest.mark.parametrize(
    ("source", "labels", "fault"),
    [
        (Source("s", clusters=("eu",)), {"cluster": "us"}, "labels.cluster: s may speak for eu"),
        (Source("s", clusters=("eu",)), {}, "labels.cluster: s may speak for eu"),
        (Source("s", namespaces=("shop-*",)), {"namespace": "bank"}, "labels.namespace: s may"),
        (
            Source("s", namespaces=("shop",)),
            {"namespace": "shop", "exported_namespace": "bank"},
            "labels.exported_namespace: s may speak for shop only",
        ),
    ],
)
def test_a_source_is_not_heard_on_others(source: Source, labels: dict, fault: str) -> None:
    found = read(
        one(**labels), one(cluster="eu", namespace="shop"), one(namespace="shop-a"), source=source
    )
    assert faults(found)[0].startswith(f"timeseries[0] (up).{fault}")
    assert set(found.rejected) == {"not_allowed"}
    assert found.taken >= 1


def test_a_series_given_twice_for_a_moment_counts_once() -> None:
    """A detection adds up what a record holds: a repeat would double it. The first stays, as in
    Prometheus; also where only our own name of the cluster makes them the same."""
    twice = one((1.0, NOW), pod="p"), one((2.0, NOW), pod="p")
    again = one((3.0, NOW), (4.0, NOW + 1), cluster="eu", pod="p")
    found = read(*twice, again, source=Source("s", cluster="eu"))
    assert [[s.value for s in record.samples] for record in records(found)] == [[1.0], [4.0]]
    assert (found.taken, found.skipped) == (2, {"repeated": 2})


def test_a_stale_marker_is_told_by_its_bits_and_is_no_value() -> None:
    assert struct.pack(">d", STALE).hex() == "7ff0000000000002"
    found = read(
        one((STALE, NOW)), *(one((value, NOW), n=str(value)) for value in NO_VALUES), one(n="good")
    )
    assert found.skipped == {"stale": 1, "no_value": 3}
    (record,) = records(found)
    assert [dict(sample.labels) for sample in record.samples] == [{"n": "good"}]
    assert not found.faults


def test_what_is_no_sample_is_skipped_and_counted() -> None:
    with_more = one() + b"\x1a\x00" + b"\x22\x00\x22\x00"
    found = Request(ANYBODY, NOW, MIB)
    found.read(request(with_more, metadata=b"\x08\x01\x12\x02up"))
    assert found.skipped == {"exemplar": 1, "histogram": 2, "metadata": 1}
    assert (found.taken, found.faults) == (1, [])


@pytest.mark.parametrize(
    ("bad", "fault"),
    [
        (series_of([("job", "a")], (1.0, NOW)), "timeseries[0].labels.__name__: missing"),
        (series_of([], (1.0, NOW)), "timeseries[0].labels.__name__: missing"),
        (
            series("up", (1.0, NOW), sort=False, b="1", a="2"),
            "timeseries[0] (up).labels.a: stands behind 'b': labels must be sorted",
        ),
        (
            series_of([("__name__", "up"), ("a", "1"), ("a", "2")], (1.0, NOW)),
            "timeseries[0] (up).labels.a: given twice",
        ),
        (
            series_of([("__name__", "up"), ("a", "")], (1.0, NOW)),
            "timeseries[0] (up).labels.a: the name and the value may not be empty",
        ),
        (
            series("up", (1.0, NOW), **{f"n{n:03}": "x" for n in range(128)}),
            "timeseries[0] (up).labels: 129 of them, at most 128 are taken",
        ),
        (
            series("up", (1.0, NOW), big="x" * 70_000),
            "timeseries[0] (up).labels.big: longer than 65536 bytes",
        ),
        (one(odd="a\x00b"), "timeseries[0] (up).labels.odd: holds U+0000 or U+0001"),
        (one((1.0, NOW), big="x" * 300_000), "timeseries[0]: longer than 262144 bytes"),
        (b"\xff", "timeseries[0]: no series in protobuf"),
        (b"\x0a\x04\x0a\x02\xff\xfe", "timeseries[0].labels: one is no label in protobuf"),
        (
            one((1.0, NOW + 6 * 60_000)),
            f"timeseries[0] (up).timestamp: {NOW + 360_000} is more than 7 days ago",
        ),
        (one((1.0, NOW - 8 * DAY_MS)), "timeseries[0] (up).timestamp: "),
        (one((1.0, -(2**63))), "timeseries[0] (up).timestamp: -9223372036854775808"),
    ],
)
def test_what_is_bad_is_named_and_the_good_is_kept(bad: bytes, fault: str) -> None:
    found = read(bad, one())
    assert faults(found)[0].startswith(fault)
    assert (found.taken, found.rejected.total()) == (1, 1)


def test_prometheus_may_catch_up_by_days() -> None:
    found = read(one((1.0, NOW - 6 * DAY_MS), (2.0, NOW - 5 * DAY_MS)))
    assert [record.at_ms for record in records(found)] == [NOW - 6 * DAY_MS, NOW - 5 * DAY_MS]


def test_a_record_never_outgrows_its_topic() -> None:
    found = read(*(one(n=f"{n:05}" + "x" * 9000) for n in range(1200)))
    sizes = [len(record.value) for record in found.records()]
    assert len(sizes) == 3
    assert max(sizes) < METRICS.message_bytes_max - MIB // 2
    assert sum(len(record.samples) for record in records(found)) == found.taken == 1200


def test_few_bytes_cannot_become_many() -> None:
    """Each sample of another time is a record of its own, with all labels in it."""
    times = [(1.0, NOW - nth) for nth in range(2000)]
    with pytest.raises(TooMuch, match="become more than"):
        read(one(*times, text="x" * 60_000))
    with pytest.raises(TooMuch, match="100000 series"):
        Request(ANYBODY, NOW, MIB).read(b"\x0a\x00" * (SERIES_MAX + 1))


@pytest.mark.parametrize("field", [b"\x00\x00", b"\x1a\x00", b"\x10\x01"])
def test_few_bytes_cannot_take_long(field: bytes) -> None:
    """Sixteen million fields fit into a message, and took seven seconds to be passed over."""
    with pytest.raises(Unreadable, match="200000 fields"):
        Request(ANYBODY, NOW, MIB).read(field * (FIELDS_MAX + 1))


def test_the_announced_size_is_refused_before_anything_is_unpacked() -> None:
    bomb = pack(b"\x00" * (UNPACKED_BYTES_MAX + 1))
    assert len(bomb) < 2 * MIB
    with pytest.raises(TooLarge):
        announced(bomb)
    with pytest.raises(Broken):
        announced(b"\xff" * 20)


@pytest.mark.parametrize("broken", [b"", varint(100) + b"abc", pack(b"abc")[:-1]])
def test_a_broken_block_is_broken(broken: bytes) -> None:
    assert announced(broken) <= 100
    with pytest.raises(Broken):
        unpack(broken)


def test_a_message_of_2_0_is_not_taken_for_an_empty_one() -> None:
    """Its fields have numbers that 1.0 does not know: read as that, nothing is in it."""
    symbols = b"\x22\x00\x22\x02up"
    with pytest.raises(Unreadable, match="is it remote-write 2"):
        Request(ANYBODY, NOW, MIB).read(symbols)


@given(st.binary(max_size=300))
def test_no_bytes_raise_anything_else(raw: bytes) -> None:
    found = Request(Source("s", clusters=("eu",)), NOW, MIB)
    try:
        size = announced(raw)
        message = unpack(raw)
        assert len(message) <= size
        found.read(message)
    except (TooLarge, Broken, Unreadable, TooMuch):
        pass
    try:
        found.read(raw)
    except (Unreadable, TooMuch):
        pass
    assert all(len(str(fault)) < 1000 for fault in found.faults)


texts = st.text(max_size=6)
values = st.floats(allow_nan=True) | st.just(STALE)
times = st.integers(NOW - 8 * DAY_MS, NOW + DAY_MS) | st.integers(-(2**63), 2**63 - 1)
drawn = st.builds(
    series_of,
    st.lists(st.tuples(st.sampled_from(["__name__", "cluster", "pod", ""]) | texts, texts)),
).flatmap(lambda raw: st.tuples(st.just(raw), st.integers(0, len(raw)), st.binary(max_size=3)))
whole = st.builds(
    lambda pairs, samples: series_of(sorted(pairs.items()), *samples),
    st.dictionaries(st.text(min_size=1, max_size=6), st.text(min_size=1, max_size=6)).map(
        lambda labels: {**labels, "__name__": "up"}
    ),
    st.lists(st.tuples(values, times), min_size=1, max_size=4),
)


@given(st.lists(drawn, max_size=4))
def test_a_series_with_other_bytes_in_it_harms_no_other(several) -> None:
    changed = [raw[:at] + noise + raw[at + len(noise) :] for raw, at, noise in several]
    found = read(*changed, one(n="good"))
    assert any(
        dict(sample.labels) == {"n": "good"}
        for record in records(found)
        for sample in record.samples
    )


@given(st.lists(whole, max_size=5))
def test_every_sample_is_taken_or_skipped_or_rejected_and_a_taken_one_is_read_again(
    all_series,
) -> None:
    found = read(*all_series, source=Source("s", cluster="prod"))
    again = records(found)
    assert [encode(record) for record in again] == [one.value for one in found.records()]
    assert [record.labels for record in again] == [one.labels for one in found.records()]
    assert {record.labels["cluster"] for record in again} <= {"prod"}
    assert sum(len(record.samples) for record in again) == found.taken
    assert all(math.isfinite(sample.value) for record in again for sample in record.samples)
    sent = read_count(all_series)
    assert found.taken + found.rejected.total() + sum(found.skipped.values()) == sent


@given(whole | drawn.map(lambda parts: parts[0]), st.integers(0, 99), st.binary(max_size=2))
def test_the_short_way_reads_what_the_long_way_would(raw: bytes, at: int, other: bytes) -> None:
    raw = raw[:at] + other + raw[at + len(other) :]
    for _ in range(2):
        if (found := of_one_sample(raw)) is None:
            continue
        message = TimeSeries.FromString(raw)
        (sample,) = message.samples
        assert (len(message.exemplars), len(message.histograms)) == (0, 0)
        assert found[:2] == (read_series(tuple(message.labels)), sample.timestamp)
        assert struct.pack(">d", found[2]) == struct.pack(">d", sample.value)


def test_what_prometheus_sends_goes_the_short_way() -> None:
    raw = one((1.5, NOW), pod="p")
    found = of_one_sample(raw)
    assert found is not None
    assert found[1:] == (NOW, 1.5)
    with_exemplar, without_time = raw + b"\x1a\x00", one((1.5, 0), pod="p")
    assert [of_one_sample(with_exemplar), of_one_sample(without_time)] == [None, None]


def read_count(all_series) -> int:
    return sum(len(TimeSeries.FromString(raw).samples) for raw in all_series)
