"""Matchers mean what Alertmanager's mean."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.policy.matchers import Matcher, parse, predicate


@pytest.mark.parametrize(
    ("text", "labels", "matches"),
    [
        ('a="b"', {"a": "b"}, True),
        ("a=b", {"a": "b"}, True),
        ('a="b"', {}, False),
        ('a=""', {}, True),
        ('a!="b"', {}, True),
        ('a=~"b|c"', {"a": "c"}, True),
        ('a=~"b"', {"a": "bb"}, False),
        ('a=~".*"', {}, True),
        ('a!~"b.*"', {"a": "bb"}, False),
        ('a=~"\\\\d+"', {"a": "12"}, True),
        ('a=~"\\\\d+"', {"a": "١٢"}, False),
        ('a="say \\"hi\\""', {"a": 'say "hi"'}, True),
        ('"a.b"="c"', {"a.b": "c"}, True),
        ('  a  =  "b"  ', {"a": "b"}, True),
    ],
)
def test_matching(text: str, labels: dict[str, str], matches: bool) -> None:
    assert predicate((parse(text),))(labels) is matches


@pytest.mark.parametrize("text", ["", "a", "a=", "=b", 'a=~"("', 'a="b', 'a="\\q"', "a==b", "1a=b"])
def test_what_is_no_matcher(text: str) -> None:
    with pytest.raises(ValueError, match=r"matcher|expression"):
        parse(text)


@given(st.text(min_size=1).filter(lambda t: "\x00" not in t))
def test_any_value_survives_being_written_out_and_read(value: str) -> None:
    matcher = Matcher("a", "=", value)
    assert parse(str(matcher)) == matcher


def test_a_hostile_expression_takes_linear_time() -> None:
    test = predicate((parse('a=~"(a+)+$"'),))
    assert test({"a": "a" * 50_000 + "!"}) is False
