"""What anybody who can send an alert may write, and what of it is shown."""

import unicodedata
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remediators.notify.letter import (
    LABELS_MAX,
    STRANGE,
    TEXT_CHARS_MAX,
    TITLE_CHARS_MAX,
    letter,
    line,
    lines,
)
from tests.remediators.notify.builders import a_letter, notice

RIGHT_TO_LEFT = "\u202e"


@pytest.mark.parametrize(
    ("given_text", "shown"),
    [
        ("a\r\nb\rc\u2028d", "a b c d"),
        (f"pay {RIGHT_TO_LEFT}gpj.exe", f"pay {STRANGE}gpj.exe"),
        ("zero\u200bwidth\ufeff", f"zero{STRANGE}width{STRANGE}"),
        ("bell\x07 escape\x1b[31m nul\x00", f"bell{STRANGE} escape{STRANGE}[31m nul{STRANGE}"),
        ("tab\there", "tab here"),
        ("Grüße, 世界 👩\u200d🚒", "Grüße, 世界 👩\u200d🚒"),
        ("half \ud800", f"half {STRANGE}"),
    ],
    ids=["breaks", "direction", "zero width", "controls", "tab", "other scripts", "half"],
)
def test_a_line_is_one_line_and_has_nothing_hidden(given_text: str, shown: str) -> None:
    assert line(given_text, 100) == shown


@given(st.text(), st.integers(1, 50))
def test_a_text_is_bounded_and_plain_whatever_it_was(text: str, chars_max: int) -> None:
    shown = lines(text, chars_max)
    assert len(shown) <= chars_max
    assert not {unicodedata.category(c) for c in shown if c not in "\n\u200d"} & {"Cc", "Cf", "Cs"}


def test_a_notice_of_any_size_becomes_a_small_letter() -> None:
    huge = notice(
        title="t" * 10**6,
        text="x" * 10**6,
        labels={f"l{n}": "v" * 10**4 for n in range(500)},
        links={f"l{n}": "https://a.example/" for n in range(500)},
    )
    made = letter(huge, "team")
    assert len(made.title) == TITLE_CHARS_MAX
    assert len(made.text) == TEXT_CHARS_MAX
    assert len(made.labels) == LABELS_MAX


def test_a_title_is_never_empty() -> None:
    assert letter(notice(title=" \n"), "team").title == "(no title)"


def test_ids_that_would_break_a_header_are_replaced_by_their_hash_always_the_same() -> None:
    odd = replace(notice(), notice_id="a\r\nX-Injected: 1", incident_id="i" * 500)
    made = letter(odd, "team")
    assert made == letter(odd, "team")
    assert len(made.notice_id) == len(made.incident_id) == 32
    assert made.key == f"{made.notice_id}:team"


def test_severities_are_compared_without_case() -> None:
    assert a_letter(severity="CRITICAL").critical
    assert not a_letter(severity="medium").critical
