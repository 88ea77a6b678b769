"""Names as Prometheus makes them of OpenTelemetry's: cases of its translator, and ours."""

import pytest

from streams.ingest.otlp.names import COUNTER, GAUGE, label_name, metric_name
from streams.ingest.otlp.values import TooDeep, number_text, text_of
from tests.streams.ingest.otlp.requests import any_value


@pytest.mark.parametrize(
    ("name", "unit", "kind", "expected"),
    [
        ("requests", "", COUNTER, "requests_total"),
        ("requests_total", "", COUNTER, "requests_total"),
        ("total.requests", "", COUNTER, "requests_total"),
        ("items", "1", COUNTER, "items_total"),
        ("cpu_usage", "1", GAUGE, "cpu_usage_ratio"),
        ("cpu_usage_ratio", "1", GAUGE, "cpu_usage_ratio"),
        ("response_time", "ms", GAUGE, "response_time_milliseconds"),
        ("response_time_seconds", "s", GAUGE, "response_time_seconds"),
        ("memory_usage", "By", GAUGE, "memory_usage_bytes"),
        ("requests", "1/s", GAUGE, "requests_per_second"),
        ("throughput", "By/s", GAUGE, "throughput_bytes_per_second"),
        ("custom_metric", "custom_unit", GAUGE, "custom_metric_custom_unit"),
        ("custom_metric", "{custom}", GAUGE, "custom_metric"),
        ("custom_metric", "By/{custom}", GAUGE, "custom_metric_bytes"),
        ("custom_metric", "unit@with#special/chars", GAUGE,
         "custom_metric_unit_with_special_per_chars"),
        ("metric__with__many", "unit__many", GAUGE, "metric_with_many_unit_many"),
        ("request_duration", "s", "histogram", "request_duration_seconds"),
        ("active_connections", "", "sum", "active_connections"),
        ("http.server.request.duration", "s", "histogram", "http_server_request_duration_seconds"),
        ("system.cpu.time", "s", COUNTER, "system_cpu_time_seconds_total"),
        ("k8s.pod.phase", "", GAUGE, "k8s_pod_phase"),
        ("job:requests:rate5m", "", GAUGE, "job:requests:rate5m"),
        ("2xx", "", COUNTER, "_2xx_total"),
        ("@#$%", "", GAUGE, ""),
        ("", "", GAUGE, ""),
        ("größe", "By", GAUGE, "gr_e_bytes"),
    ],
)  # fmt: skip
def test_a_metric_is_named_as_prometheus_names_it(
    name: str, unit: str, kind: str, expected: str
) -> None:
    assert metric_name(name, unit, kind) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("http.route", "http_route"),
        ("http.response.status_code", "http_response_status_code"),
        ("123invalid", "key_123invalid"),
        ("_private", "key_private"),
        (".dotted", "key_dotted"),
        ("__reserved__", "__reserved__"),
        ("a-b c", "a_b_c"),
        ("Ж", ""),
        ("", ""),
    ],
)
def test_a_label_is_named_as_prometheus_names_it(name: str, expected: str) -> None:
    assert label_name(name) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("text", "text"),
        (True, "true"),
        (-7, "-7"),
        (0.25, "0.25"),
        (3.0, "3"),
        (1e21, "1000000000000000000000"),
        (float("nan"), "NaN"),
        (b"\x00\xff", "AP8="),
        ([1, "a", [True, None]], '[1,"a",[true,null]]'),
        ({"b": {"c": 2.5}, "a": float("inf")}, '{"a":"+Inf","b":{"c":2.5}}'),
        (None, ""),
    ],
)
def test_a_value_of_any_kind_becomes_text(value: object, expected: str) -> None:
    assert text_of(any_value(value)) == expected


def test_what_is_nested_too_deep_is_no_label() -> None:
    nested: object = "x"
    for _ in range(9):
        nested = [nested]
    with pytest.raises(TooDeep):
        text_of(any_value(nested))


@pytest.mark.parametrize(
    ("bound", "expected"),
    [(0.005, "0.005"), (1.0, "1"), (2.5, "2.5"), (1e-7, "0.0000001"), (1e6, "1000000")],
)
def test_a_bound_is_written_as_go_writes_it(bound: float, expected: str) -> None:
    assert number_text(bound) == expected
