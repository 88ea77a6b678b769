"""The question for a group, and the webhook that its answer becomes."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.alerts import AlertStatus
from streams.ingest.alertmanager.left_out import question, webhook
from streams.ingest.formats.alertmanager import parse_webhook
from streams.policy.matchers import parse
from tests.streams.ingest.alertmanager.alerts import NOW_MS, listed
from tests.streams.ingest.payloads import hook


def test_it_asks_for_the_group_of_this_receiver_and_for_what_is_notified() -> None:
    asked = question(hook(receiver="team a.b", groupLabels={"b": "2", "a": "1"}))
    assert asked == [
        ("active", "true"),
        ("silenced", "false"),
        ("inhibited", "false"),
        ("unprocessed", "false"),
        ("receiver", r"team\ a\.b"),
        ("filter", 'a="1"'),
        ("filter", 'b="2"'),
    ]


@pytest.mark.parametrize("value", ['a"b', "a\\b", "a\nb", "{}", 'x",y="z', "ünï"])
def test_a_value_stays_a_value(value: str) -> None:
    asked = question(hook(receiver="r", groupLabels={"name": value}))
    found = parse(asked[-1][1])
    assert (found.label, found.op, found.value) == ("name", "=", value)


@pytest.mark.parametrize(
    "body",
    [
        hook(receiver="r"),
        hook(groupLabels={}),
        hook(receiver="", groupLabels={}),
        hook(receiver="r", groupLabels={"a": 1}),
        hook(receiver="r", groupLabels={f"l{n}": "" for n in range(129)}),
        hook(receiver="r", groupLabels={"a": "x" * 17_000}),
        b"[]",
    ],
)
def test_a_group_that_is_not_told_cannot_be_asked_for(body: bytes) -> None:
    with pytest.raises(ValueError, match="group"):
        question(body)


def test_an_answer_becomes_the_webhook_that_leaves_nothing_out() -> None:
    parsed = parse_webhook(webhook([listed("a"), listed("b")]), "am", NOW_MS)
    assert not parsed.faults
    assert [seen.labels["pod"] for seen in parsed.sightings] == ["a", "b"]
    first = parsed.sightings[0]
    assert (first.status, first.ends_at_ms) == (AlertStatus.FIRING, 0), "its end is not foretold"
    assert first.annotations == {"summary": "it is down"}
    assert first.starts_at_ms == NOW_MS - 3_659_877


def test_it_is_the_same_alert_as_in_the_webhook() -> None:
    alert = json.loads(listed("a"))
    sent = hook({"status": "firing", **{name: alert[name] for name in ("labels", "startsAt")}})
    (told,) = parse_webhook(sent, "am", NOW_MS).sightings
    (fetched,) = parse_webhook(webhook([listed("a")]), "am", NOW_MS).sightings
    assert (told.fingerprint, told.starts_at_ms) == (fetched.fingerprint, fetched.starts_at_ms)


@pytest.mark.parametrize("answer", [b"{}", b"7", b'{"labels'])
def test_what_is_no_alert_is_refused(answer: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        webhook([answer])


TEXTS = st.text(max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
)


@given(JSON, JSON, JSON)
def test_whatever_is_sent_is_asked_for_or_refused(receiver: Any, group: Any, alert: Any) -> None:
    try:
        asked = question(hook(receiver=receiver, groupLabels=group))
    except ValueError:
        pass
    else:
        names = [parse(text).label for name, text in asked if name == "filter"]
        assert names == sorted(group)
    try:
        webhook([json.dumps(alert).encode()])
    except ValueError:
        pass
