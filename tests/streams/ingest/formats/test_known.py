"""What is remembered of labels and times changes no answer, and stays small."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.ingest.formats import known
from streams.ingest.formats.alertmanager import check_api_v2, parse_api_v2
from streams.ingest.formats.known import BYTES_MAX, Known
from streams.ingest.formats.parsed import Checked
from tests.streams.ingest.payloads import RECEIVED_MS

TIMES = st.sampled_from(
    [
        None,
        "0001-01-01T00:00:00Z",
        "2026-01-01T00:00:00Z",
        "2026-01-01T01:00:00.123456789+01:00",
        "9999-12-31T23:59:59.999Z",
    ]
)
TEXTS = st.dictionaries(st.text(min_size=1, max_size=5), st.text(max_size=5), max_size=4)
ALERTS = st.fixed_dictionaries(
    {"labels": TEXTS.map(lambda texts: {"alertname": "Slow", **texts})},
    optional={"annotations": st.none() | TEXTS, "startsAt": TIMES, "endsAt": TIMES},
)
BAD = {"labels": {"alertname": 1}}
"""One of these and a delivery is read alert by alert, with nothing remembered."""


@given(st.lists(ALERTS, max_size=6))
def test_a_delivery_read_at_once_says_the_same_as_one_read_alert_by_alert(alerts: list[object]):
    at_once = parse_api_v2(json.dumps(alerts).encode(), "prom", RECEIVED_MS)
    carefully = parse_api_v2(json.dumps([*alerts, BAD]).encode(), "prom", RECEIVED_MS)
    assert carefully.sightings == at_once.sightings
    assert len(carefully.faults) == len(at_once.faults) + 1
    for body, parsed in ((alerts, at_once), ([*alerts, BAD], carefully)):
        found = check_api_v2(json.dumps(body).encode(), RECEIVED_MS)
        assert found == Checked(len(parsed.sightings), parsed.faults)


def test_an_answer_is_worked_out_once() -> None:
    asked: list[bytes] = []

    def read(raw: bytes) -> None:
        asked.append(raw)

    remember = Known(read)
    for raw in (b"a", b"b", b"a", b"b"):
        remember(raw)
    assert asked == [b"a", b"b"]


def test_what_raises_is_asked_again() -> None:
    remember = Known(int)
    for _ in range(2):
        with pytest.raises(ValueError, match="x"):
            remember(b"x")
    assert len(remember) == 0


def test_it_remembers_neither_much_nor_anything_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known, "KNOWN_MAX", 3)
    remember = Known(len)
    assert remember(b"x" * (BYTES_MAX + 1)) == BYTES_MAX + 1
    assert len(remember) == 0
    for number in range(10):
        remember(b"%d" % number)
        assert len(remember) <= 3
