"""CloudEvents as records of Kafka: which are, and what they hold."""

import json

import pytest

from streams.ingest.formats.cloudevents import cloudevents
from streams.ingest.formats.cloudevents_kafka import from_kafka, is_event
from tests.streams.ingest.payloads import RECEIVED_MS

VALUE = b'{"status":"firing","labels":{"alertname":"Slow"}}'
JSON = ("content-type", b"application/json")
HEADERS = [
    ("ce_specversion", b"1.0"),
    ("ce_type", b"io.mendlog.alert.v1"),
    ("ce_source", b"/monitors/1"),
    ("ce_id", b"1"),
]
EVENT = json.dumps(
    {name.removeprefix("ce_"): value.decode() for name, value in HEADERS}
    | {"data": json.loads(VALUE)}
).encode()


def test_both_modes_say_the_same() -> None:
    structured = from_kafka([("content-type", b"application/cloudevents+json")], EVENT)
    binary = from_kafka([*HEADERS, JSON, ("source", b"mine")], VALUE)
    assert structured == EVENT
    assert structured is not None
    assert binary is not None
    read = [cloudevents.parse(kept, "s", RECEIVED_MS) for kept in (structured, binary)]
    assert read[0] == read[1]
    assert len(read[0].sightings) == 1


def test_without_a_content_type_the_data_is_json() -> None:
    kept = from_kafka(HEADERS, VALUE)
    assert kept is not None
    assert len(cloudevents.parse(kept, "s", RECEIVED_MS).sightings) == 1


@pytest.mark.parametrize("value", [None, b""])
def test_a_tombstone_tells_of_nothing(value: bytes | None) -> None:
    assert from_kafka([*HEADERS, JSON], value) is None


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (HEADERS, True),
        ([("content-type", b"application/cloudevents+json; charset=UTF-8")], True),
        ([("Content-Type", b"Application/CloudEvents+JSON")], True),
        (HEADERS[:-1], False),
        ([JSON, ("ce_id", b"1")], False),
        ([("content-type", b"\xff")], False),
        ([], False),
    ],
)
def test_a_record_is_an_event_by_what_all_events_have(
    headers: list[tuple[str, bytes]], expected: bool
) -> None:
    assert is_event(headers) is expected


def test_a_percent_sign_is_one() -> None:
    kept = from_kafka([*HEADERS, ("ce_subject", "100%25 für".encode())], VALUE)
    assert kept is not None
    assert json.loads(kept)["subject"] == "100%25 für"


@pytest.mark.parametrize(
    ("header", "why"),
    [
        (("ce_subject", b"\xff"), "ce_subject"),
        (("content-type", b"application/cloudevents+avro"), "only JSON"),
    ],
)
def test_headers_that_nobody_can_read_are_refused(header: tuple[str, bytes], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        from_kafka([*HEADERS, header], VALUE)
