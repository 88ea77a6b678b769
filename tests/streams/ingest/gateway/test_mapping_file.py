"""The section `mapping` of a source: what it means, and where it is wrong."""

import json
from typing import Any

import pytest
import yaml

from streams.ingest.formats.mapping import Mapping, compiled
from streams.ingest.gateway.mapping_file import mapping_of
from streams.reading.faults import FileError
from streams.reading.nodes import Reading

WHOLE = """\
alerts: "[@][?heartbeat]"
status: heartbeat.status
firing: ["0"]
resolved: ["1"]
labels:
  alertname: monitor.name
  cluster: "monitor.tags[?name=='cluster'].value | [0]"
static_labels: {severity: critical}
annotations: {summary: msg}
starts_at: heartbeat.time
ends_at: heartbeat.ended
time_unit: iso
zone: "+02:00"
key: monitor.id
"""
LEAST = {"status": "s", "firing": ["a"], "resolved": ["b"], "labels": {"alertname": "name"}}


def read(text: str) -> Mapping:
    reading = Reading("sources")
    mapping = mapping_of(reading, reading.root(text))
    reading.stop_at_faults()
    return mapping


def faults(text: str) -> list[str]:
    with pytest.raises(FileError) as error:
        read(text)
    return [str(fault) for fault in error.value.faults]


def test_every_key_is_read() -> None:
    mapping = read(WHOLE)
    told = yaml.safe_load(WHOLE)
    assert {name: getattr(mapping, name) for name in told} == {
        name: tuple(value) if isinstance(value, list) else value for name, value in told.items()
    }
    assert set(told) == set(Mapping.__struct_fields__)
    assert compiled(mapping).mapping == mapping


def test_most_may_be_left_out() -> None:
    mapping = read(json.dumps(LEAST))
    assert (mapping.alerts, mapping.key, mapping.time_unit, mapping.zone) == (
        None,
        None,
        "iso",
        None,
    )


def test_each_fault_has_its_place() -> None:
    text = WHOLE.replace("heartbeat.time", "heartbeat..time").replace(
        "summary: msg", "summary: '['"
    )
    assert faults(text) == [
        "sources:9:24: not JMESPath: it ends too early",
        "sources:10:12: not JMESPath at character 11: '.' is not expected there",
    ]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"status": None}, "needs 'status'"),
        ({"firing": None}, "needs 'firing'"),
        ({"firing": []}, "firing: 1 to 64 texts"),
        ({"firing": "a"}, "expected a list"),
        ({"firing": [1]}, "write '1' in quotes"),
        ({"resolved": ["b", "a"]}, "resolved: 'a' means firing, too"),
        ({"labels": None}, "without a label or a `key`"),
        ({"labels": {"a-b": "x"}}, "'a-b' is no name"),
        ({"labels": {"alert_key": "x"}}, "labels.alert_key: this label is what `key` gives"),
        ({"labels": ["x"]}, "expected the keys of names"),
        ({"static_labels": {"alertname": "x"}}, "static_labels.alertname: `labels` has it, too"),
        ({"annotations": {"": "x"}}, "each with a name"),
        ({"annotations": {"a": "env('HOME')"}}, "no function is called 'env'"),
        ({"alerts": ""}, "empty"),
        ({"time_unit": "minutes"}, "expected iso, seconds, milliseconds"),
        ({"zone": "Europe/Berlin"}, "UTC or an offset such as"),
        ({"zone": "UTC", "time_unit": "seconds"}, "times in seconds have none"),
        ({"sevrity": "x"}, "unknown key 'sevrity'"),
        ({"labels": {f"l{i}": "a" * 1000 for i in range(17)}}, "mapping: longer than 16384 bytes"),
    ],
)
def test_what_is_no_mapping_is_told(changes: dict[str, Any], why: str) -> None:
    told = {name: value for name, value in {**LEAST, **changes}.items() if value is not None}
    (fault,) = faults(json.dumps(told))
    assert why in fault


def test_something_else_is_one_fault() -> None:
    assert faults("[a]") == ["sources:1:1: expected the keys of a mapping"]
