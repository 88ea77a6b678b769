"""Whatever comes: no exception but the two that are documented, and never another's cluster."""

import json
import math

from google.protobuf import json_format
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.metrics.v1 import metrics_pb2 as otlp

from schemas.topics import MIB
from streams.ingest.gateway.source import Source
from streams.ingest.otlp.encoding import JSON, protobuf_of
from streams.ingest.otlp.read import Request, Unreadable
from streams.ingest.samples.gathered import TooMuch
from tests.streams.ingest.otlp.requests import (
    NOW,
    any_value,
    body,
    buckets,
    gauge,
    histogram,
    pairs,
    point,
    request,
    samples,
    sums,
    written,
)

DAY_MS = 24 * 60 * 60 * 1000
LIMITED = Source("s", clusters=("eu",), namespaces=("shop*",))


def labelled(made, labels):
    made.attributes.extend(pairs(labels))
    return made


texts = st.text(max_size=5)
keys = texts | st.sampled_from(
    ["cluster", "namespace", "pod", "le", "service.name", "k8s.cluster.name", "k8s.namespace.name",
     "k8s.namespace_name", "exported.cluster", "job", "__name__"]
)  # fmt: skip
words = st.sampled_from(["eu", "us", "shop", "shop-a", "bank", ""]) | texts
leaves = st.none() | st.booleans() | words | st.integers(-(2**63), 2**63 - 1) | st.floats()
anything = st.recursive(
    leaves | st.binary(max_size=4),
    lambda of: st.lists(of, max_size=3) | st.dictionaries(texts, of, max_size=3),
    max_leaves=6,
).map(any_value)
attributes = st.dictionaries(keys, anything, max_size=4)
times = st.integers(NOW - 8 * DAY_MS, NOW + DAY_MS) | st.just(NOW)
points = st.builds(
    lambda value, at, flags, labels: labelled(point(value, at, flags), labels),
    st.floats(),
    times,
    st.integers(0, 3),
    attributes,
)
several = st.lists(points, min_size=1, max_size=3)
histograms = st.builds(
    lambda counts, bounds, total, labels: labelled(buckets(counts, bounds, count=total), labels),
    st.lists(st.integers(0, 2**64 - 1), max_size=4),
    st.lists(st.floats(), max_size=4),
    st.integers(0, 2**64 - 1),
    attributes,
)
units = st.sampled_from(["", "s", "By/s", "1", "{x}"]) | texts
numbers = st.builds(lambda name, of, unit: gauge(name, *of, unit=unit), texts, several, units) | (
    st.builds(
        lambda name, of, rises, how: sums(name, *of, rises=rises, temporality=how),
        texts,
        several,
        st.booleans(),
        st.integers(0, 2),
    )
)
metrics = numbers | st.builds(
    lambda name, of: histogram(name, *of), texts, st.lists(histograms, max_size=3)
)
places = st.fixed_dictionaries(
    {
        "k8s.cluster.name": st.sampled_from(["eu", "eu", "us"]),
        "k8s.namespace.name": st.sampled_from(["shop", "shop-a", "bank"]),
    }
)
resources = attributes | places | st.builds(lambda a, b: a | b, attributes, places)
requests = st.lists(st.tuples(resources, st.lists(metrics, max_size=3)), max_size=3)


def read(raw: bytes, source: Source) -> Request:
    found = Request(source, NOW, MIB)
    try:
        found.read(raw)
    except (Unreadable, TooMuch):
        return Request(source, NOW, MIB)
    return found


def stays_in_its_place(found: Request) -> bool:
    return all(
        record.labels["cluster"] == "eu" and record.labels["namespace"].startswith("shop")
        for record in written(found)
    )


@given(st.binary(max_size=300))
def test_no_bytes_raise_anything_else(raw: bytes) -> None:
    assert all(len(str(fault)) < 1000 for fault in read(raw, LIMITED).faults)


@given(requests)
def test_a_limited_source_never_speaks_of_others(sent) -> None:
    raw = request(more=sent).SerializeToString()
    assert stays_in_its_place(read(raw, LIMITED))
    bound = read(raw, Source("s", cluster="prod"))
    assert {record.labels["cluster"] for record in written(bound)} <= {"prod"}
    assert all(math.isfinite(sample.value) for sample in samples(bound))
    assert all("namespace" not in sample.labels for sample in samples(bound))
    assert len(samples(bound)) == bound.taken


@given(requests, st.integers(0, 10_000), st.binary(max_size=3))
def test_other_bytes_in_it_raise_nothing_and_name_no_others(sent, at: int, noise: bytes) -> None:
    raw = request(more=sent).SerializeToString()
    at %= len(raw) + 1
    assert stays_in_its_place(read(raw[:at] + noise + raw[at + len(noise) :], LIMITED))


@given(st.lists(numbers, max_size=4))
def test_every_point_is_taken_or_skipped_or_refused(sent: list[otlp.Metric]) -> None:
    found = read(body(*sent), Source("s"))
    count = sum(len(getattr(one, one.WhichOneof("data")).data_points) for one in sent)
    assert found.points == count
    assert found.taken + found.rejected.total() + sum(found.skipped.values()) == count


@given(requests)
def test_json_says_the_same(sent) -> None:
    """But for a bytes' or a number's text where JSON has none."""
    message = request(more=sent)
    raw = protobuf_of(JSON, json_format.MessageToJson(message).encode())
    theirs, ours = read(raw, Source("s")), read(message.SerializeToString(), Source("s"))
    assert str(written(theirs)) == str(written(ours))
    assert (theirs.points, theirs.rejected) == (ours.points, ours.rejected)


inside = st.recursive(
    leaves,
    lambda of: (
        st.lists(of, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "resourceMetrics",
                    "resource",
                    "scopeMetrics",
                    "metrics",
                    "gauge",
                    "dataPoints",
                    "attributes",
                    "timeUnixNano",
                    "asInt",
                    "asDouble",
                    "name",
                    "key",
                    "value",
                    "exemplars",
                    "traceId",
                    "stringValue",
                    "kvlistValue",
                ]
            ),
            of,
            max_size=3,
        )
    ),
    max_leaves=12,
)


@given(inside.map(json.dumps).map(str.encode) | st.binary(max_size=60))
def test_no_json_raises_anything_else(raw: bytes) -> None:
    try:
        made = protobuf_of(JSON, raw)
    except (Unreadable, TooMuch):
        return
    read(made, LIMITED)


def test_json_that_nests_for_ever_is_unreadable() -> None:
    for raw in (b"[" * 100_000, b'{"resourceMetrics":' + b'[{"a":' * 50_000):
        try:
            protobuf_of(JSON, raw)
        except Unreadable:
            continue
        raise AssertionError("it was read")
