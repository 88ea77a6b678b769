"""Spans, moments and other people's texts, as the commands read and print them."""

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from deploy.cli.plain import plain
from deploy.cli.times import age, end_ms, moment_ms, now_ms, shown, span_ms


@pytest.mark.parametrize(
    ("text", "ms"),
    [("90s", 90_000), ("15m", 900_000), ("1h30m", 5_400_000), ("7d", 604_800_000)],
)
def test_a_span(text: str, ms: int) -> None:
    assert span_ms(text) == ms


@pytest.mark.parametrize("text", ["", "0s", "2", "h", "-1h", "1 h", "1.5h", "2h ", "1w", "٣h"])
def test_what_is_no_span(text: str) -> None:
    with pytest.raises(typer.BadParameter):
        span_ms(text)


def test_a_moment_has_its_zone() -> None:
    assert moment_ms("2026-11-21T18:00:00Z") == moment_ms("2026-11-21T19:00:00+01:00")
    assert shown(moment_ms("2026-11-21T18:00:00Z")) == "2026-11-21 18:00:00Z"
    for text in ("2026-11-21T18:00:00", "18:00", "", "9" * 30):
        with pytest.raises(typer.BadParameter):
            moment_ms(text)


def test_an_end_is_said_once_and_counts_from_the_beginning() -> None:
    begin_ms = moment_ms("2030-01-01T00:00:00Z")
    assert end_ms("1h", None, begin_ms) == begin_ms + 3_600_000
    assert end_ms(None, "2030-01-01T00:00:00Z") == begin_ms
    before_ms = now_ms()
    within = end_ms("1h", None) - 3_600_000
    assert before_ms - 1_000 < within <= now_ms()
    for both_or_none in ((None, None), ("1h", "2030-01-01T00:00:00Z")):
        with pytest.raises(typer.BadParameter, match="say when it ends"):
            end_ms(*both_or_none)


@pytest.mark.parametrize(
    ("ms", "words"),
    [(-5, "0s"), (59_999, "59s"), (60_000, "1m00s"), (3_600_000, "1h00m"), (90_000_000, "1d01h")],
)
def test_an_age_has_two_units(ms: int, words: str) -> None:
    assert age(ms) == words


@given(st.text())
def test_nothing_in_a_text_moves_the_cursor(text: str) -> None:
    assert plain(text).isprintable()
    assert len(plain(text, 20)) <= 20


def test_what_cannot_be_seen_is_written_out() -> None:
    assert plain("a\x1b[2J\u202eb\nc") == "a\\x1b[2J\\u202eb c"
