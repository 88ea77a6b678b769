"""Bodies as JavaScript's SDK and the Collector send them."""

from streams.ingest.gateway.source import Source
from streams.ingest.otlp.encoding import JSON, protobuf_of
from streams.ingest.otlp.read import Request
from tests.streams.ingest.otlp.requests import FIXTURES, NOW, faults, values, written


def read(name: str) -> Request:
    found = Request(Source("s"), NOW, 1024 * 1024)
    found.read(protobuf_of(JSON, (FIXTURES / name).read_bytes()))
    return found


def test_an_sdks() -> None:
    found = read("sdk.json")
    (record,) = written(found)
    assert record.labels == {
        "service": "checkout",
        "job": "shop/checkout",
        "instance": "627cc493-f310-47de-96bd-71410b7dec09",
    }
    of = 'http_request_method="GET",http_response_status_code="200",http_route="/pay"'
    wait = "http_server_request_duration_seconds"
    assert values(found) == {
        f'{wait}_bucket{{{of},le="0.005"}}': 1,
        f'{wait}_bucket{{{of},le="0.1"}}': 6,
        f'{wait}_bucket{{{of},le="0.5"}}': 8,
        f'{wait}_bucket{{{of},le="+Inf"}}': 9,
        f"{wait}_sum{{{of}}}": 1.25,
        f"{wait}_count{{{of}}}": 9,
        "http_client_active_requests": 3,
        'v8js_memory_heap_used_bytes{v8js_heap_space_name="new_space"}': 1048576,
        'orders_total{paid="true"}': 41,
    }
    assert (found.faults, found.skipped) == ([], {"exemplar": 1})


def test_the_collectors() -> None:
    found = read("collector.json")
    by_place = {
        (one.labels.get("namespace"), one.labels.get("pod"), one.labels.get("node")): one
        for one in written(found)
    }
    assert {one.labels["cluster"] for one in by_place.values()} == {"prod-eu"}
    pod = by_place["shop", "checkout-5d9f-xk2", "node-7"]
    assert [(sample.name, sample.labels, sample.value) for sample in pod.samples] == [
        ("container_memory_working_set_bytes", {"container": "app"}, 73400320),
        ("container_cpu_time_seconds_total", {"container": "app"}, 12.5),
        ("container_memory_working_set_bytes", {"container": "sidecar"}, 1048576),
    ]
    told_by_another = by_place["shop", "checkout-5d9f-xk2", None]
    assert told_by_another.samples[0].name == "kube_pod_status_phase"
    exporter = by_place["monitoring", None, None]
    assert exporter.labels["instance"] == "10.0.0.9:8080"
    assert {sample.name for sample in exporter.samples} == {
        "up",
        "rpc_duration_seconds",
        "rpc_duration_seconds_sum",
        "rpc_duration_seconds_count",
    }
    node = by_place[None, None, "node-7"]
    assert [sample.name for sample in node.samples] == ["system_filesystem_utilization_ratio"]
    assert found.skipped == {"stale": 1, "no_value": 1, "delta": 1, "exponential_histogram": 1}
    assert (found.points, found.points_refused) == (10, 2)
    assert [one.split(": ", 1)[1].split(":")[0] for one in faults(found)] == [
        "not cumulative",
        "an exponential histogram",
    ]
