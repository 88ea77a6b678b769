"""The rules without a loop: when again, whether at all, through whom, and how many."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remediators.notify.backoff import Backoff
from remediators.notify.book import ENTRIES_MAX, Book
from remediators.notify.choice import Nobody, Use, Wait, choose
from remediators.notify.health import (
    BUSY_MS,
    DOWN_MS,
    FAILURES_MAX,
    PATIENCE_MS,
    WELL,
    Health,
    busy,
    failed,
    tried,
    untried,
    worked,
)
from remediators.notify.rate import MINUTE_MS, Window
from schemas.notices import Delivery, DeliveryStatus
from tests.remediators.notify.builders import NOW_MS

SCHEDULE = Backoff(first_ms=1_000, most_ms=60_000)


def test_the_schedule_doubles_up_to_its_most_and_is_the_same_each_time() -> None:
    pauses = [SCHEDULE.pause_ms("n1:team", attempt) for attempt in range(9)]
    assert pauses == [SCHEDULE.pause_ms("n1:team", attempt) for attempt in range(9)]
    for attempt, pause in enumerate(pauses):
        whole = min(60_000, 1_000 * 2**attempt)
        assert whole / 2 <= pause <= whole


def test_notices_that_failed_together_do_not_come_again_together() -> None:
    assert len({SCHEDULE.pause_ms(f"n{n}:team", 3) for n in range(50)}) > 40


@given(st.text(), st.integers(0, 10**9), st.integers(1, 10**6), st.integers(1, 10**6))
def test_a_pause_is_bounded_whatever_the_attempt(key, attempt, first_ms, most_ms) -> None:
    assert 0 <= Backoff(first_ms, most_ms).pause_ms(key, attempt) <= most_ms


# Health.


def failing(times: int, now_ms: int = NOW_MS) -> Health:
    health = WELL
    for _ in range(times):
        health = failed(health, now_ms)
    return health


def test_a_channel_is_down_after_so_many_failures_in_a_row() -> None:
    almost = failing(FAILURES_MAX - 1)
    assert almost.usable(NOW_MS)
    assert not failed(worked(almost), NOW_MS).down
    down = failed(almost, NOW_MS)
    assert down.down
    assert not down.usable(NOW_MS + DOWN_MS - 1)
    assert down.usable(NOW_MS + DOWN_MS)


def test_one_message_at_a_time_finds_out_whether_it_is_back() -> None:
    later = NOW_MS + DOWN_MS
    probing = tried(failing(FAILURES_MAX))
    assert not probing.usable(later)
    assert untried(probing).usable(later)
    assert worked(probing) == WELL
    assert not failed(probing, later).usable(later + DOWN_MS - 1)


def test_busy_is_not_down_and_keeps_what_was_asked_for() -> None:
    health = busy(WELL, NOW_MS, 5_000)
    assert not health.usable(NOW_MS + 4_999)
    assert health.usable(NOW_MS + 5_000)
    assert not health.down
    assert worked(health).shut_until_ms == NOW_MS + 5_000, "an earlier message was answered later"
    assert busy(WELL, NOW_MS).shut_until_ms == NOW_MS + BUSY_MS


def test_a_failure_that_names_a_time_is_left_alone_for_it() -> None:
    assert failed(WELL, NOW_MS, 9_000).shut_until_ms == NOW_MS + 9_000


# Choice.


@pytest.mark.parametrize(
    ("health", "refused", "chosen"),
    [
        ({"a": WELL, "b": WELL}, set(), Use("a")),
        ({"a": failing(3), "b": WELL}, set(), Use("b")),
        ({"a": WELL, "b": WELL}, {"a"}, Use("b")),
        ({"a": WELL, "b": WELL}, {"a", "b"}, Nobody()),
        ({"a": busy(WELL, NOW_MS, 2_000), "b": WELL}, set(), Wait(NOW_MS + 2_000)),
        ({"a": busy(WELL, NOW_MS, PATIENCE_MS + 1), "b": WELL}, set(), Use("b")),
        ({"a": failing(3), "b": failing(3, NOW_MS - 5_000)}, set(), Wait(NOW_MS + 25_000)),
        ({"a": failing(3), "b": tried(failing(3, 0))}, set(), Wait(NOW_MS + 1_000)),
    ],
    ids=[
        "the first",
        "the second while the first is down",
        "the second when the first has refused",
        "nobody is left",
        "busy for a moment is waited for",
        "busy for long is as good as down",
        "all down: the one that is tried again first",
        "somebody else is trying the only one that might be back",
    ],
)
def test_choice(health, refused, chosen) -> None:
    assert choose(["a", "b"], refused, health, NOW_MS) == chosen


@given(st.integers(1, 20), st.lists(st.integers(0, 20_000), max_size=200))
def test_in_any_minute_no_more_than_the_limit(per_minute: int, gaps: list[int]) -> None:
    window, now_ms, sent = Window(per_minute), NOW_MS, []
    for gap in gaps:
        now_ms = max(now_ms + gap, window.opens_at_ms(now_ms + gap))
        window = window.sent(now_ms)
        sent.append(now_ms)
    for first in sent:
        assert sum(first <= at < first + MINUTE_MS for at in sent) <= per_minute
    assert len(window.sent_at_ms) <= per_minute


# The book.


def a_delivery(status: DeliveryStatus, number: int = 1) -> Delivery:
    return Delivery(f"n{number}", "team", "i", "eu-1", status, NOW_MS, "me")


def test_the_first_end_counts_and_an_attempt_after_it_changes_nothing() -> None:
    book = Book()
    assert not book.known("k").attempted
    book.note("k", a_delivery(DeliveryStatus.ATTEMPTED))
    assert book.known("k").attempted
    assert not book.known("k").ended
    book.note("k", a_delivery(DeliveryStatus.SENT))
    book.note("k", a_delivery(DeliveryStatus.ATTEMPTED))
    assert book.known("k").ended


def test_the_book_is_bounded_and_forgets_the_oldest() -> None:
    book = Book()
    for number in range(ENTRIES_MAX + 5):
        book.note(f"k{number}", a_delivery(DeliveryStatus.SENT, number))
    assert not book.known("k4").ended
    assert book.known("k5").ended


@pytest.mark.parametrize("status", DeliveryStatus)
def test_all_but_an_attempt_is_an_end(status: DeliveryStatus) -> None:
    assert status.terminal is (status is not DeliveryStatus.ATTEMPTED)
