"""Requests of OTLP, as an SDK or the Collector would build them, or wrong in one thing."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.metrics.v1 import metrics_pb2 as otlp

from schemas.codec import decode
from schemas.metrics import Sample, Samples
from streams.ingest.gateway.source import Source
from streams.ingest.otlp.read import Request

CUMULATIVE, DELTA = 2, 1
NOW = 1_793_527_200_000
"""Also that of the fixtures."""
FIXTURES = Path(__file__).parent.parent / "fixtures" / "otlp"
RESOURCE = {
    "service.name": "checkout",
    "k8s.namespace.name": "shop",
    "k8s.pod.name": "checkout-1",
    "telemetry.sdk.language": "go",
}
TARGET = {
    "namespace": "shop",
    "service": "checkout",
    "pod": "checkout-1",
    "job": "checkout",
}
"""What is made of RESOURCE."""
Attributes = Mapping[str, Any]


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def any_value(value: Any) -> AnyValue:
    match value:
        case AnyValue():
            return value
        case bool():
            return AnyValue(bool_value=value)
        case str():
            return AnyValue(string_value=value)
        case int():
            return AnyValue(int_value=value)
        case float():
            return AnyValue(double_value=value)
        case bytes():
            return AnyValue(bytes_value=value)
        case dict():
            made = AnyValue()
            made.kvlist_value.values.extend(pairs(value))
            return made
        case list():
            made = AnyValue()
            made.array_value.values.extend(map(any_value, value))
            return made
    return AnyValue()


def pairs(attributes: Attributes) -> list[KeyValue]:
    return [KeyValue(key=key, value=any_value(value)) for key, value in attributes.items()]


def point(value: float = 1.0, at_ms: int = NOW, flags: int = 0, **labels: Any) -> Any:
    made = otlp.NumberDataPoint(time_unix_nano=at_ms * 1_000_000, as_double=value, flags=flags)
    made.attributes.extend(pairs(labels))
    return made


def buckets(
    counts: Sequence[int],
    bounds: Sequence[float],
    sum: float | None = 1.5,
    count: int | None = None,
    at_ms: int = NOW,
    **labels: Any,
) -> Any:
    made = otlp.HistogramDataPoint(time_unix_nano=at_ms * 1_000_000)
    made.bucket_counts.extend(counts)
    made.explicit_bounds.extend(bounds)
    made.count = total(counts) if count is None else count
    if sum is not None:
        made.sum = sum
    made.attributes.extend(pairs(labels))
    return made


def total(counts: Sequence[int]) -> int:
    return sum(counts)


def gauge(name: str, *points: Any, unit: str = "") -> otlp.Metric:
    metric = otlp.Metric(name=name, unit=unit)
    metric.gauge.data_points.extend(points or [point()])
    return metric


def sums(
    name: str, *points: Any, unit: str = "", rises: bool = True, temporality: int = CUMULATIVE
) -> otlp.Metric:
    metric = otlp.Metric(name=name, unit=unit)
    metric.sum.data_points.extend(points or [point()])
    metric.sum.is_monotonic = rises
    metric.sum.aggregation_temporality = temporality
    return metric


def histogram(
    name: str, *points: Any, unit: str = "", temporality: int = CUMULATIVE
) -> otlp.Metric:
    metric = otlp.Metric(name=name, unit=unit)
    metric.histogram.data_points.extend(points)
    metric.histogram.aggregation_temporality = temporality
    return metric


def request(
    *metrics: otlp.Metric, resource: Attributes = RESOURCE, more: Sequence[Any] = ()
) -> ExportMetricsServiceRequest:
    """`more`: (resource, metrics) of others."""
    made = ExportMetricsServiceRequest()
    for attributes, its in [(resource, metrics), *more]:
        of_resource = made.resource_metrics.add()
        of_resource.resource.attributes.extend(pairs(attributes))
        of_resource.scope_metrics.add().metrics.extend(its)
    return made


def body(*metrics: otlp.Metric, **more: Any) -> bytes:
    return bytes(request(*metrics, **more).SerializeToString())


def read(
    *metrics: otlp.Metric, source: Source | None = None, now: int = NOW, **more: Any
) -> Request:
    found = Request(source or Source("s"), now, 32 * 1024 * 1024)
    found.read(body(*metrics, **more))
    return found


def written(found: Request) -> list[Samples]:
    records = [decode(one.value, Samples) for one in found.records()]
    assert all(isinstance(one, Samples) for one in records)
    return records  # type: ignore[return-value]


def samples(found: Request) -> list[Sample]:
    return [sample for one in written(found) for sample in one.samples]


def values(found: Request) -> dict[str, float]:
    """By name and labels, as Prometheus writes them."""
    return {_shown(sample): sample.value for sample in samples(found)}


def faults(found: Request) -> list[str]:
    return [str(fault) for fault in found.faults]


def _shown(sample: Sample) -> str:
    labels = ",".join(f'{name}="{text}"' for name, text in sorted(sample.labels.items()))
    return f"{sample.name}{{{labels}}}" if labels else sample.name
