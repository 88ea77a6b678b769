"""What becomes of a request of OTLP: records of `metrics`, and faults that are named."""

import math
import time

import pytest
from opentelemetry.proto.metrics.v1 import metrics_pb2 as otlp

from schemas.topics import METRICS, MIB
from streams.ingest.gateway.source import Source
from streams.ingest.otlp.points import BUCKETS_MAX
from streams.ingest.otlp.read import PARTS_MAX, Request, Unreadable
from streams.ingest.samples.gathered import TooMuch
from tests.streams.ingest.otlp.requests import (
    DELTA,
    NOW,
    RESOURCE,
    TARGET,
    any_value,
    body,
    buckets,
    faults,
    gauge,
    histogram,
    point,
    read,
    samples,
    sums,
    values,
    written,
)

DAY_MS = 24 * 60 * 60 * 1000
WHERE = "resourceMetrics[0].scopeMetrics[0].metrics[0]"


def test_the_points_of_a_resource_at_a_moment_are_one_record() -> None:
    found = read(
        sums("requests", point(7, code="200"), point(3, code="500")),
        gauge("queue.depth", point(5)),
        sums("open", point(2), rises=False),
    )
    (record,) = written(found)
    assert (record.labels, record.at_ms) == (TARGET, NOW)
    assert values(found) == {
        'requests_total{code="200"}': 7,
        'requests_total{code="500"}': 3,
        "queue_depth": 5,
        "open": 2,
    }
    assert (found.taken, found.points, found.points_refused) == (4, 4, 0)


def test_a_histogram_becomes_what_prometheus_would_scrape() -> None:
    found = read(histogram("wait", buckets([1, 2, 0, 3], [0.5, 1, 2.5], route="/"), unit="s"))
    assert values(found) == {
        'wait_seconds_bucket{le="0.5",route="/"}': 1,
        'wait_seconds_bucket{le="1",route="/"}': 3,
        'wait_seconds_bucket{le="2.5",route="/"}': 3,
        'wait_seconds_bucket{le="+Inf",route="/"}': 6,
        'wait_seconds_sum{route="/"}': 1.5,
        'wait_seconds_count{route="/"}': 6,
    }


def test_a_histogram_may_have_no_buckets_and_no_sum() -> None:
    found = read(histogram("wait", buckets([], [], sum=None, count=4)))
    assert values(found) == {'wait_bucket{le="+Inf"}': 4, "wait_count": 4}


def test_a_summary_becomes_quantiles() -> None:
    metric = otlp.Metric(name="rpc", unit="ms")
    one = metric.summary.data_points.add(time_unix_nano=NOW * 1_000_000, count=3, sum=6.5)
    one.quantile_values.add(quantile=0.5, value=2)
    one.quantile_values.add(quantile=1, value=math.nan)
    found = read(metric)
    assert values(found) == {
        'rpc_milliseconds{quantile="0.5"}': 2,
        "rpc_milliseconds_sum": 6.5,
        "rpc_milliseconds_count": 3,
    }
    assert found.skipped == {"no_value": 1}


def test_a_resource_says_of_what_it_is_and_its_other_words_are_left_out() -> None:
    resource = {
        **RESOURCE,
        "service.namespace": "web",
        "service.instance.id": "i-1",
        "k8s.cluster.name": "eu",
        "k8s.node.name": "n1",
        "k8s.container.name": "app",
        "k8s.deployment.name": "checkout",
        "k8s.job.name": "nightly",
        "cloud.region": "eu-west-1",
        "cloud.account.id": 12,
        "process.pid": 1,
    }
    (record,) = written(read(gauge("up", point(n=1)), resource=resource))
    assert record.labels == {
        **TARGET,
        "job": "web/checkout",
        "instance": "i-1",
        "cluster": "eu",
        "region": "eu-west-1",
        "account": "12",
        "node": "n1",
    }
    assert record.samples[0].labels == {
        "n": "1",
        "container": "app",
        "deployment": "checkout",
        "job_name": "nightly",
    }


def test_a_points_word_goes_before_its_resources_but_not_on_cluster_job_and_instance() -> None:
    """An exporter of others' states speaks of them; a Kafka's `cluster` is no cluster of ours."""
    resource = {**RESOURCE, "k8s.cluster.name": "eu", "service.instance.id": "i-1"}
    own = {"pod": "other-2", "cluster": "kafka", "job": "j", "instance": "i-1", "namespace": ""}
    (record,) = written(read(gauge("up", point(**own)), resource=resource))
    assert record.labels == {**TARGET, "cluster": "eu", "instance": "i-1", "pod": "other-2"}
    assert record.samples[0].labels == {"exported_cluster": "kafka", "exported_job": "j"}
    (record,) = written(read(gauge("up", point(cluster="eu-2"))))
    assert record.labels["cluster"] == "eu-2", "else it says it itself"


def test_attributes_that_become_one_name_are_joined_and_reserved_ones_are_none() -> None:
    found = read(
        gauge("up", point(**{"a.b": "1", "a_b": "2", "__name__": "x", "le": "3", "": "y"}))
    )
    assert [dict(sample.labels) for sample in samples(found)] == [{"a_b": "1;2", "le": "3"}]
    found = read(histogram("h", buckets([1], [], le="mine")))
    assert 'h_bucket{le="+Inf"}' in values(found)


def test_what_go_stamps_instrument_by_instrument_is_one_collection() -> None:
    found = read(
        gauge("a", point(1, NOW)),
        gauge("b", point(1, NOW + 3)),
        gauge("c", point(1, NOW - 4)),
        gauge("a", point(2, NOW + 1000)),
    )
    assert [(one.at_ms, len(one.samples)) for one in written(found)] == [(NOW, 3), (NOW + 1000, 1)]


def test_two_that_pass_for_one_instance_are_told() -> None:
    other = (RESOURCE, [gauge("up", point(9))])
    found = read(gauge("up", point(1)), more=[other])
    assert values(found) == {"up": 1}
    assert "its series is given twice" in faults(found)[0]
    assert found.points_refused == 1


def test_the_cluster_of_the_source_goes_before_that_of_the_resource() -> None:
    found = read(
        gauge("up"),
        resource={**RESOURCE, "k8s.cluster.name": "other"},
        source=Source("s", cluster="prod"),
        more=[({**RESOURCE, "k8s.pod.name": "p2"}, [gauge("up", point(cluster="third"))])],
    )
    assert {record.labels["cluster"] for record in written(found)} == {"prod"}


@pytest.mark.parametrize(
    ("source", "resource", "labels", "fault"),
    [
        (Source("s", clusters=("eu",)), {"k8s.cluster.name": "us"}, {}, "labels.cluster: s may"),
        (
            Source("s", clusters=("eu",)),
            {},
            {"cluster": "us"},
            "labels.cluster: s may speak for eu",
        ),
        (Source("s", clusters=("eu",)), {}, {}, "labels.cluster: s may speak for eu"),
        (
            Source("s", namespaces=("shop-*",)),
            {"k8s.namespace.name": "bank"},
            {},
            "labels.namespace: s may",
        ),
        (
            Source("s", namespaces=("shop",)),
            {"k8s.namespace.name": "shop"},
            {"k8s.namespace.name": "bank"},
            "labels.k8s_namespace_name: s may speak for shop only",
        ),
    ],
)
def test_a_source_is_not_heard_on_others(
    source: Source, resource: dict, labels: dict, fault: str
) -> None:
    mine = {"k8s.cluster.name": "eu", "k8s.namespace.name": source.namespaces[-1:] or "shop"}
    mine = {key: value if isinstance(value, str) else "shop-a" for key, value in mine.items()}
    mine["k8s.namespace.name"] = "shop" if source.namespaces == ("shop",) else "shop-a"
    found = read(
        gauge("up", point(**labels)), resource=resource, source=source, more=[(mine, [gauge("up")])]
    )
    assert faults(found)[0].startswith(f"{WHERE} (up).dataPoints[0].{fault}")
    assert set(found.rejected) == {"not_allowed"}
    assert (found.taken, found.is_forbidden) == (1, False)
    alone = read(gauge("up", point(**labels)), resource=resource, source=source)
    assert alone.is_forbidden


def test_delta_and_exponential_histograms_are_left_out_and_told_metric_by_metric() -> None:
    exponential = otlp.Metric(name="e")
    exponential.exponential_histogram.aggregation_temporality = 2
    exponential.exponential_histogram.data_points.add()
    found = read(
        sums("d", point(1), point(2, n=1), temporality=DELTA),
        sums("u", temporality=0, rises=False),
        histogram("h", buckets([1], []), temporality=DELTA),
        exponential,
        gauge("good"),
    )
    assert values(found) == {"good": 1}
    assert found.skipped == {"delta": 4, "exponential_histogram": 1}
    assert (found.points, found.points_refused, dict(found.rejected)) == (6, 5, {})
    assert faults(found)[0] == f"{WHERE} (d): not cumulative: the sender must be told to send " + (
        "cumulative sums"
    )
    assert "metrics[3] (e): an exponential histogram" in faults(found)[3]


def test_no_recorded_value_ends_a_series_and_what_is_not_finite_is_no_value() -> None:
    valueless = otlp.NumberDataPoint(time_unix_nano=NOW * 1_000_000)
    valueless.attributes.extend(point(n="valueless").attributes)
    found = read(
        gauge("up", point(0, flags=1), point(math.nan, n="a"), point(math.inf, n="b"), valueless),
        histogram("h", buckets([1], [], sum=math.nan)),
    )
    assert found.skipped == {"stale": 1, "no_value": 4}
    assert (found.points_refused, values(found)) == (0, {'h_bucket{le="+Inf"}': 1, "h_count": 1})


def test_exemplars_are_passed_over_and_counted() -> None:
    one = point(1)
    one.exemplars.add(as_double=3)
    assert read(gauge("up", one)).skipped == {"exemplar": 1}


@pytest.mark.parametrize(
    ("metric", "fault"),
    [
        (gauge("@"), "name: no part of it can stand in a name"),
        (gauge("n" * 2000), "name: more than 1024 characters"),
        (gauge("up", point(1, NOW + 6 * 60_000)), "timeUnixNano: "),
        (gauge("up", point(1, NOW - 8 * DAY_MS)), "timeUnixNano: "),
        (gauge("up", point(1, 0)), "timeUnixNano: 0 is more than 7 days ago"),
        (gauge("up", point(**{f"n{n}": 1 for n in range(129)})), "attributes: 129 of them"),
        (gauge("up", point(**{f"n{n}": 1 for n in range(128)})), "labels: 132 of them"),
        (gauge("up", point(big="x" * 70_000)), "attributes.big: longer than 65536 bytes"),
        (gauge("up", point(big="x" * 300_000)), "longer than 262144 bytes"),
        (gauge("up", point(odd="a\x00b")), "attributes.odd: holds U+0000"),
        (gauge("up", point(deep=[[[[[[[[1]]]]]]]])), "attributes: nested too deep"),
        (histogram("h", buckets([1, 2], [0.5, 1])), "bucket_counts: 2 of 2 bounds"),
        (histogram("h", buckets([1, 2, 3], [1, 0.5])), "explicit_bounds: they do not increase"),
        (histogram("h", buckets([1, 2], [math.nan])), "explicit_bounds: they do not increase"),
        (histogram("h", buckets([1, 2], [1], count=9)), "bucket_counts: they make 3 and not 9"),
        (
            histogram("h", buckets([0] * (BUCKETS_MAX + 2), range(BUCKETS_MAX + 1))),
            "explicit_bounds: 1001 of them, at most 1000",
        ),
    ],
)
def test_what_is_bad_is_named_and_the_good_is_kept(metric: otlp.Metric, fault: str) -> None:
    found = read(metric, gauge("good"))
    assert fault in faults(found)[0]
    assert faults(found)[0].startswith(WHERE)
    assert "good" in values(found)
    assert (found.rejected.total(), found.points_refused, found.points) == (1, 1, 2)


def test_a_resource_that_cannot_be_read_costs_its_own_points_alone() -> None:
    bad = body(gauge("up", point(), point(n="2"))).replace(b"checkout-1", b"checkout\xff1")
    found = Request(Source("s"), NOW, MIB)
    found.read(bad + body(gauge("good")))
    assert "resource: one is no attribute in protobuf and UTF-8" in faults(found)[0]
    assert (values(found), found.points_refused) == ({"good": 1}, 2)


def test_a_name_that_is_no_text_costs_its_metric_alone() -> None:
    bad = body(gauge("name", point(), point(n="2")), gauge("good")).replace(
        b"name\x2a", b"na\xffe\x2a"
    )
    found = Request(Source("s"), NOW, MIB)
    found.read(bad)
    assert faults(found) == [f"{WHERE}: no metric in protobuf and UTF-8"]
    assert (values(found), found.points_refused) == ({"good": 1}, 1)


def test_what_is_no_protobuf_is_unreadable() -> None:
    for broken in (b"\xff", b"{}", body(gauge("up"))[:-3], b"\x0a\x02\x12\x7f"):
        with pytest.raises(Unreadable):
            Request(Source("s"), NOW, MIB).read(broken)
    empty = Request(Source("s"), NOW, MIB)
    empty.read(b"")
    assert empty.records() == []


def test_a_large_resource_is_read_once_for_all_its_points() -> None:
    """Read anew for each of them, four megabytes would take an hour."""
    large = {**RESOURCE, **{f"process.arg{n}": "x" * 2000 for n in range(100)}}
    began = time.process_time()
    found = read(gauge("up", *(point(n=n) for n in range(20_000))), resource=large)
    assert (found.taken, time.process_time() - began < 5) == (20_000, True)
    found = read(gauge("up"), resource={**RESOURCE, "big": "x" * 60_000, **{
        f"n{n}": "x" * 60_000 for n in range(5)}})  # fmt: skip
    assert faults(found) == [f"{WHERE} (up).resource: longer than 262144 bytes"]


def test_the_labels_of_a_large_resource_are_not_made_for_ever() -> None:
    """Two megabytes of points of one series, or of a namespace that is not theirs, took 30 s."""
    large = {f"k8s.{kind}.name": "x" * 2000 for kind in map(_letters, range(100))}
    for source in (Source("s"), Source("s", namespaces=("shop",))):
        with pytest.raises(TooMuch, match="characters of labels"):
            read(gauge("up", *[point()] * 20_000), resource=large, source=source)
        assert read(gauge("up", *[point()] * 100), resource=large, source=source).points == 100


def _letters(number: int) -> str:
    return chr(ord("a") + number // 10) + chr(ord("a") + number % 10)


def test_few_bytes_cannot_become_much() -> None:
    for field in (b"\x0a\x00", b"\x7a\x00"):
        with pytest.raises(TooMuch, match="100000 parts in one message"):
            Request(Source("s"), NOW, MIB).read(field * (PARTS_MAX + 1))
    tiny = [otlp.NumberDataPoint()] * (PARTS_MAX // 2)
    with pytest.raises(TooMuch, match="100000 resources"):
        read(gauge("a", *tiny), gauge("b", *tiny))
    many = [buckets([1] * 1000, range(999), n=n, long="x" * 5000) for n in range(20)]
    with pytest.raises(TooMuch, match="become more than"):
        read(histogram("h", *many))


def test_a_record_never_outgrows_its_topic() -> None:
    found = read(gauge("up", *(point(n=f"{n:05}" + "x" * 9000) for n in range(1200))))
    sizes = [len(record.value) for record in found.records()]
    assert len(sizes) == 3
    assert max(sizes) < METRICS.message_bytes_max - MIB // 2
    assert found.taken == len(samples(found)) == 1200


def test_an_attribute_without_a_value_is_no_label() -> None:
    found = read(gauge("up", point(empty=any_value(None), text="")))
    assert [dict(sample.labels) for sample in samples(found)] == [{}]
