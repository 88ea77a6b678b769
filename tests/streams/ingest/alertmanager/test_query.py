"""Alertmanager's parameters: which of the alerts that are held a caller asks for."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.ingest.alertmanager.gettable import PIECE_BYTES, listed
from streams.ingest.alertmanager.query import query_of
from tests.streams.ingest.alertmanager.alerts import held

ALERTS = [
    held("active", receivers=("ops", "team-a")),
    held("silenced", silenced_by=("s1",)),
    held("inhibited", inhibited_by=("i9",)),
    held("muted", muted_by=("muted_time",)),
]
ALL = {"active", "silenced", "inhibited", "muted"}


def asked(*parameters: tuple[str, str]) -> set[str]:
    query = query_of(parameters)
    return {alert.state.labels["pod"] for alert in ALERTS if query.wants(alert)}


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        ([], ALL),
        ([("active", "false")], ALL - {"active"}),
        ([("silenced", "false"), ("inhibited", "FALSE")], {"active", "muted"}),
        ([("muted", "0")], ALL - {"muted"}),
        ([("unprocessed", "false")], ALL),
        ([("receiver", "ops")], {"active"}),
        ([("receiver", "team-.*")], {"active"}),
        ([("receiver", "team")], set()),
        ([("receiver", "")], ALL),
        ([("filter", "pod=silenced")], {"silenced"}),
        ([("filter", 'pod=~"s.*|m.*"'), ("filter", 'pod!="muted"')], {"silenced"}),
        ([("filter", 'nothing=""')], ALL),
        ([("filter", 'nothing!=""')], set()),
        ([("other", "x")], ALL),
    ],
)
def test_asked_for(parameters: list[tuple[str, str]], told: set[str]) -> None:
    assert asked(*parameters) == told


@pytest.mark.parametrize(
    ("parameter", "why"),
    [
        (("active", "perhaps"), "active: expected true or false"),
        (("filter", "pod"), "filter: "),
        (("filter", "pod=~("), "filter: not a regular expression"),
        (("receiver", "("), "not a regular expression"),
    ],
)
def test_what_cannot_be_meant_is_refused(parameter: tuple[str, str], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        query_of([parameter])


def test_no_more_filters_than_are_asked_in_earnest() -> None:
    with pytest.raises(ValueError, match="more than 64"):
        query_of([("filter", "a=b")] * 65)


def test_the_shape_is_alertmanagers() -> None:
    alert = held("a", seen_ms=2000, receivers=("ops",), silenced_by=("s1",))
    (one,) = json.loads(b"".join(listed([alert])))
    assert one == {
        "annotations": {"incident": "i1"},
        "endsAt": "0001-01-01T00:00:00.000Z",
        "fingerprint": held("a").state.fingerprint,
        "receivers": [{"name": "ops"}],
        "startsAt": "1970-01-01T00:00:01.000Z",
        "status": {
            "state": "suppressed",
            "silencedBy": ["s1"],
            "inhibitedBy": [],
            "mutedBy": [],
        },
        "updatedAt": "1970-01-01T00:00:02.000Z",
        "generatorURL": "",
        "labels": {"alertname": "Down", "pod": "a"},
    }


@pytest.mark.parametrize("count", [0, 1, 2, 1000])
def test_the_pieces_are_one_list(count: int) -> None:
    pieces = list(listed(held(f"p{n}") for n in range(count)))
    assert [one["labels"]["pod"] for one in json.loads(b"".join(pieces))] == [
        f"p{n}" for n in range(count)
    ]
    assert max(map(len, pieces)) < PIECE_BYTES + 1024
    assert (len(pieces) > 1) is (count == 1000)


@given(st.lists(st.tuples(st.sampled_from(["filter", "receiver", "active"]), st.text(max_size=30))))
def test_whatever_is_asked_is_answered_or_refused(parameters: list[tuple[str, str]]) -> None:
    try:
        asked(*parameters)
    except ValueError:
        pass
