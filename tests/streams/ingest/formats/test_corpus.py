"""Every source's bodies, its documentation's and odd ones, are read as is recorded beside them."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.ingest.formats.catalog import FORMATS
from tests.streams.ingest.corpus import beside, cases, everything, read_as, recorded
from tests.streams.ingest.payloads import FIXTURES, RECEIVED_MS

CORPUS = everything()
BODIES = [(format, case.read_bytes()) for format, case in CORPUS]
POSTED = [format.name for format in FORMATS.values() if format.path]


@pytest.mark.parametrize(
    ("format", "case"), CORPUS, ids=[f"{format}/{case.stem}" for format, case in CORPUS]
)
def test_a_body_is_read_as_is_recorded(format: str, case: Path) -> None:
    assert read_as(format, case) == recorded(case)


@pytest.mark.parametrize("format", POSTED)
def test_a_source_has_bodies_of_which_alerts_come(format: str) -> None:
    found = [recorded(case)["alerts"] for case in cases(format)]
    statuses = {alert["status"] for alerts in found for alert in alerts}
    assert statuses == {"firing", "resolved"}


def test_nothing_is_recorded_without_its_body() -> None:
    kept = {beside(case) for _, case in CORPUS}
    assert set(FIXTURES.glob("*/*.parsed.json")) == kept


BYTES = st.one_of(st.binary(max_size=6), st.sampled_from([b"null", b"[]", b"{}", b'"', b"-1e999"]))


@given(st.sampled_from(BODIES), st.floats(0, 1), st.floats(0, 0.2), BYTES)
def test_no_body_makes_a_parser_fail_or_invent_a_cluster(
    one: tuple[str, bytes], at: float, length: float, instead: bytes
) -> None:
    format, body = one
    begin = int(at * len(body))
    spoilt = body[:begin] + instead + body[begin + int(length * len(body)) :]
    parsed = FORMATS[format].parse(spoilt, "sender", RECEIVED_MS)
    checked = FORMATS[format].check(spoilt, RECEIVED_MS)
    assert (checked.count, checked.faults) == (len(parsed.sightings), parsed.faults)
    for seen in parsed.sightings:
        assert seen.labels.get("cluster", "") in spoilt.decode(errors="replace") or "\\" in str(
            body
        )


@given(st.sampled_from(list(FORMATS)), st.binary(max_size=200))
def test_no_bytes_make_a_parser_fail(format: str, body: bytes) -> None:
    FORMATS[format].parse(body, "sender", RECEIVED_MS)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=8,
)


@given(st.sampled_from(BODIES), st.data())
def test_no_value_in_the_place_of_another_makes_a_parser_fail(
    one: tuple[str, bytes], data: st.DataObject
) -> None:
    format, body = one
    try:
        whole = json.loads(body)
    except ValueError:
        return
    holder, places = whole, []
    while isinstance(holder, dict | list) and holder:
        key = data.draw(
            st.sampled_from(sorted(holder) if isinstance(holder, dict) else [*range(len(holder))])
        )
        places.append((holder, key))
        holder = holder[key]
    if not places:
        return
    within, key = data.draw(st.sampled_from(places))
    within[key] = data.draw(JSON)
    FORMATS[format].parse(json.dumps(whole).encode(), "sender", RECEIVED_MS)
