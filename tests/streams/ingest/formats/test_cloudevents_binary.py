"""CloudEvents in binary mode by HTTP: what becomes of headers, and of a body that is no JSON."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.ingest.formats.cloudevents_binary import structured
from tests.streams.ingest.formats.test_cloudevents import HEADERS, JSON, binary, parse
from tests.streams.ingest.payloads import DEEP


def test_a_header_is_unquoted_and_then_unescaped_once() -> None:
    sent = {"ce-subject": '"Euro %E2%82%AC \\"%2520\\""', "ce-other": "%zz 100%"}
    kept = json.loads(binary(b"{}", {**HEADERS, **sent}))
    assert (kept["subject"], kept["other"]) == ('Euro € "%20"', "%zz 100%")


def test_headers_that_nobody_can_read_are_refused() -> None:
    for headers, type, why in (
        ({**HEADERS, "ce-subject": "%C0%A0"}, JSON, "ce-subject"),
        (HEADERS, "application/cloudevents+avro", "only JSON"),
        ({**HEADERS, "ce-subject": "\udcff"}, JSON, "utf-8"),
    ):
        with pytest.raises(ValueError, match=why):
            binary(b"{}", headers, type)


@pytest.mark.parametrize(
    "body", [b'{},"specversion":"9"', b'{"a":"\xff"}', b"NaN", DEEP, b"<xml/>", b"{}{}"]
)
def test_data_that_is_no_json_cannot_touch_the_attributes(body: bytes) -> None:
    kept = binary(body)
    assert json.loads(kept)["specversion"] == "1.0"
    (fault,) = parse(kept).faults
    assert fault.where == "data_base64"


def test_no_header_takes_the_place_of_the_data() -> None:
    hostile = {"ce-data": "x", "ce-data_base64": "e30=", "ce-datacontenttype": "text/xml"}
    assert binary(b"{}", HEADERS | hostile) == binary(b"{}")


@given(
    st.dictionaries(st.text("abcz019", min_size=1, max_size=8), st.text(max_size=8), max_size=4),
    st.sampled_from(["", "application/json", "application/vnd.x+json; charset=utf-8", "text/x"]),
    st.binary(max_size=20) | st.just(b'{"status":"firing","key":"k"}'),
)
def test_what_is_kept_of_a_binary_event_is_one_json(
    attributes: dict[str, str], type: str, data: bytes
) -> None:
    kept = structured(attributes, type, data)
    whole = json.loads(kept)
    assert {**attributes, **whole} == whole
    assert len(parse(kept).sightings) + len(parse(kept).faults) == 1
