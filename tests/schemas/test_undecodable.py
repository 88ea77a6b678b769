"""Bytes that are not a record we know give a reason, never an exception and never a guess."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from schemas.alerts import Alert
from schemas.codec import (
    SINGLE_OBJECT,
    DecodeFault,
    Undecodable,
    decode,
    encode,
    schema_fingerprint,
)
from schemas.controls import Heartbeat
from schemas.records import RECORDS
from schemas.remediation import Command, CommandKind
from schemas.shape import schema_of
from schemas.tape import TapeRecord
from tests.schemas.examples import examples
from tests.schemas.values import values

BEAT = Heartbeat("executor-1", 1_700_000_000_000)
HEADERS = [SINGLE_OBJECT + schema_fingerprint(schema_of(record)) for record in RECORDS]
REGISTRY: Callable[[int], Any] = dict(enumerate(map(schema_of, RECORDS))).get


def fault(data: bytes | None, *wanted: type, registry: Any = None) -> DecodeFault:
    value = decode(data, *(wanted or RECORDS), registry=registry)
    assert isinstance(value, Undecodable)
    return value.fault


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(None, DecodeFault.EMPTY, id="a tombstone"),
        pytest.param(b"", DecodeFault.EMPTY, id="nothing"),
        pytest.param(b'{"labels": {}}', DecodeFault.UNKNOWN_FRAMING, id="JSON"),
        pytest.param(b"\xc3", DecodeFault.UNKNOWN_FRAMING, id="half a marker"),
        pytest.param(b"\xc3\x02" + bytes(20), DecodeFault.UNKNOWN_FRAMING, id="another marker"),
        pytest.param(b"\x01" + bytes(20), DecodeFault.UNKNOWN_FRAMING, id="a framing to come"),
        pytest.param(b"\xc3\x01" + bytes(7), DecodeFault.MALFORMED, id="half a fingerprint"),
        pytest.param(b"\xc3\x01" + bytes(20), DecodeFault.UNKNOWN_SCHEMA, id="a fingerprint"),
        pytest.param(b"\x00\x00\x00\x01", DecodeFault.MALFORMED, id="half an id"),
        pytest.param(b"\x00" + bytes(20), DecodeFault.UNKNOWN_SCHEMA, id="an id, no registry"),
    ],
)
def test_framing(data: bytes | None, expected: DecodeFault) -> None:
    assert fault(data) is expected


def test_another_record_than_the_ones_wanted() -> None:
    assert fault(encode(BEAT), Alert, Command) is DecodeFault.WRONG_RECORD


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        pytest.param(None, DecodeFault.UNKNOWN_SCHEMA, id="not registered"),
        pytest.param("string", DecodeFault.UNKNOWN_SCHEMA, id="no record"),
        pytest.param({"type": "nonsense"}, DecodeFault.UNKNOWN_SCHEMA, id="no schema"),
        pytest.param(
            {"type": "record", "name": "acme.Alert", "fields": []},
            DecodeFault.WRONG_RECORD,
            id="a record of others",
        ),
        pytest.param(
            {"type": "record", "name": "mendlog.Alert", "fields": []},
            DecodeFault.UNKNOWN_SCHEMA,
            id="of our name, and not ours",
        ),
    ],
)
def test_schemas_of_a_registry(schema: Any, expected: DecodeFault) -> None:
    assert fault(b"\0" + bytes(20), registry=lambda _: schema) is expected


def test_a_logical_type_of_a_foreign_schema_changes_no_value() -> None:
    schema = schema_of(Heartbeat)
    schema["fields"][1]["type"] = {"type": "long", "logicalType": "timestamp-millis"}
    assert decode(encode(BEAT, confluent_id=3), Heartbeat, registry={3: schema}.get) == BEAT


def test_a_text_that_is_no_member_of_its_enum() -> None:
    command = examples(Command)["full"]
    data = encode(command)
    kind = b"\x10" + CommandKind.ROLLBACK.value.encode()
    assert data.count(kind) == 1
    assert fault(data.replace(kind, b"\x10rollforw")) is DecodeFault.MALFORMED


def test_a_text_that_is_not_utf8() -> None:
    assert fault(encode(BEAT).replace(b"executor", b"\xff" * 8)) is DecodeFault.MALFORMED


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.__name__)
@given(data=st.data())
def test_a_record_cut_short_anywhere(record: type, data: st.DataObject) -> None:
    encoded = encode(data.draw(values(record)))
    cut = data.draw(st.integers(0, len(encoded) - 1))
    assert isinstance(decode(encoded[:cut], record), Undecodable)


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.__name__)
@given(data=st.data(), more=st.binary(min_size=1, max_size=8))
def test_bytes_after_the_end(record: type, data: st.DataObject, more: bytes) -> None:
    assert fault(encode(data.draw(values(record))) + more) is DecodeFault.MALFORMED


@given(data=st.binary(max_size=200))
def test_decode_never_raises(data: bytes) -> None:
    assert isinstance(decode(data, *RECORDS, registry=REGISTRY), (Undecodable, *RECORDS))


@given(header=st.sampled_from(HEADERS), body=st.binary(max_size=200))
@example(SINGLE_OBJECT + schema_fingerprint(schema_of(TapeRecord)), b"\xff" * 10)
def test_decode_never_raises_behind_a_header_of_ours(header: bytes, body: bytes) -> None:
    assert isinstance(decode(header + body, *RECORDS), (Undecodable, *RECORDS))


@given(data=st.data())
def test_decode_never_raises_for_a_damaged_record(data: st.DataObject) -> None:
    record = data.draw(st.sampled_from(RECORDS))
    encoded = bytearray(encode(data.draw(values(record))))
    for _ in range(data.draw(st.integers(1, 4))):
        encoded[data.draw(st.integers(0, len(encoded) - 1))] = data.draw(st.integers(0, 255))
    assert isinstance(decode(bytes(encoded), *RECORDS), (Undecodable, *RECORDS))


def test_a_length_beyond_the_data_allocates_nothing() -> None:
    """A text, an array and a mapping of 2^62 parts, in a few bytes."""
    huge = b"\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01"
    for header in HEADERS:
        assert isinstance(decode(header + huge, *RECORDS), Undecodable)
        assert isinstance(decode(header + huge * 3, *RECORDS), Undecodable)
