"""Matchers mean what Alertmanager's mean."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.policy.matchers import matcher, parse, parse_all

CLASSIC = st.from_regex(r"[a-zA-Z_:][a-zA-Z0-9_:]{0,8}", fullmatch=True)
NAMES = CLASSIC | st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
VALUES = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


@pytest.mark.parametrize(
    ("text", "labels", "matches"),
    [
        ('a="b"', {"a": "b"}, True),
        ("a=b", {"a": "b"}, True),
        ('a="b"', {}, False),
        ('a=""', {}, True),
        ("a=", {}, True),
        ('a!="b"', {}, True),
        ('a=~"b|c"', {"a": "c"}, True),
        ('a=~"b"', {"a": "bb"}, False),
        ('a=~"b"', {"a": "b\n"}, False),
        ('a=~".*"', {}, True),
        ('a=~".*"', {"a": "b\nc"}, False),
        ('a!~"b.*"', {"a": "bb"}, False),
        ('a=~"\\\\d+"', {"a": "12"}, True),
        ('a=~"\\\\d+"', {"a": "١٢"}, False),
        ('a=~"\\d+"', {"a": "12"}, True),
        ('a=~"b)|(?:c"', {"a": "cx"}, False),
        ('a=~"b)|(?:c"', {"a": "bx"}, True),
        ('a="say \\"hi\\""', {"a": 'say "hi"'}, True),
        ('"a.b"="c"', {"a.b": "c"}, True),
        ('"a\\u00e9"="\\x41"', {"aé": "A"}, True),
        ('é="\\n"', {"é": "\n"}, True),
        ("a=é", {"a": "é"}, True),
        ('  a  =  "b"  ', {"a": "b"}, True),
        ("a==b", {"a": "=b"}, True),
        ('a="\\q"', {"a": "\\q"}, True),
        ('a="\\x41"', {"a": "\\x41"}, True),
        ('a="b,c}"', {"a": "b,c}"}, True),
    ],
)
def test_one_matcher(text: str, labels: dict[str, str], matches: bool) -> None:
    found = parse(text)
    assert found.test(labels.get(found.label, "")) is matches


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("", []),
        ("{}", []),
        ("{a=b}", ['a="b"']),
        ("a=b,", ['a="b"']),
        ('{a="b", c=~"d|e" , }', ['a="b"', 'c=~"d|e"']),
        ("a=b,c!=d}", ['a="b"', 'c!="d"']),
        ('{"a b"="c", d="e,f"}', ['"a b"="c"', 'd="e,f"']),
    ],
)
def test_lists(text: str, same: list[str]) -> None:
    assert [str(m) for m in parse_all(text).all] == same


@pytest.mark.parametrize(
    "text",
    [
        "", "a", "=b", 'a=~"("', 'a="b', "1a.b", '"a"b"=c', "{a=b}", "a=b,c=d", 'a=~"\\\\C"',
        '"a.b"=~"("', '"a.b"="\\xff"', '"a.b"="\\ud800"', '"a.b"="\\400"', "'a.b'=c", "a.b!c",
        'a="b\\,",c="d"',
    ],
)  # fmt: skip
def test_what_is_not_one_matcher(text: str) -> None:
    with pytest.raises(ValueError, match=r"matcher|expression|quote"):
        parse(text)


@pytest.mark.parametrize(
    "text",
    ["a=" + "b" * 8_192, 'a=~"' + "b" * 4_097 + '"', "a=b," * 257, 'a=~"(((b{900}){900}){900})"'],
    ids=["long", "long expression", "many", "large expression"],
)
def test_bounds(text: str) -> None:
    with pytest.raises(ValueError, match=r"more than|not a regular expression"):
        parse_all(text)


@given(NAMES, st.sampled_from(["=", "!="]), VALUES)
def test_any_matcher_survives_being_written_out_and_read(name: str, op: str, value: str) -> None:
    written = matcher(name, op, value)
    assert parse(str(written)) == written
    assert parse_all("{" + str(written) + "}").all == (written,)


def test_a_hostile_expression_takes_linear_time() -> None:
    assert parse('a=~"(a+)+$"').test("a" * 50_000 + "!") is False


def test_hostile_white_space_is_a_value_like_any_other() -> None:
    """It could make a regex go back and forth for ever."""
    value = "b" + " " * 8_000 + "c"
    assert [str(m) for m in parse_all(f"a={value}").all] == [f'a="{value}"']


@given(st.text(max_size=40) | st.text('ab=~!"\\{},. ()[]é', max_size=20))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        found = parse_all(text)
    except ValueError:
        return
    assert parse_all(str(found)) == found
