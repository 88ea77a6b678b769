"""What is said to be implied always is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.matching import Matchers
from streams.policy.implied import implies
from streams.policy.matchers import matcher, parse_all


@pytest.mark.parametrize(
    ("narrow", "wide", "expected"),
    [
        ('a="x"', 'a="x"', True),
        ('a="x", b="y"', 'a="x"', True),
        ('a="x"', 'a="x", b="y"', False),
        ('a="x"', 'a=~"x|y"', True),
        ('a=~"x|y"', 'a=~"x|y|z"', True),
        ('a=~"x|y|z"', 'a=~"x|y"', False),
        ('a=~"x|y"', 'a=~"[x-z]"', True),
        ('a="x"', 'a!="y"', True),
        ('a="x"', 'a!~"x.*"', False),
        ('a=~"x.*"', 'a=~"x.*"', True),
        ('a=~"xy.*"', 'a=~"x.*"', False),
        ('a=~"x.*"', 'a!=""', True),
        ('a!="x"', 'a!="x"', True),
        ('a!=""', 'a!=""', True),
        ('a="x"', 'b=""', False),
        ('a="x"', "", True),
        ("", 'a="x"', False),
    ],
)
def test_what_is_implied(narrow: str, wide: str, expected: bool) -> None:
    assert implies(parse_all(narrow), parse_all(wide)) is expected


VALUES = ["", "x", "y", "xy", "x|y", "x\n", "z"]
PATTERNS = [*VALUES, "x|y", "x.*", ".*", ".+", "[xy]", "x?", "(x|y)z?", "|x", "."]
MATCHER = st.one_of(
    st.builds(
        matcher, st.sampled_from("ab"), st.sampled_from(["=", "!="]), st.sampled_from(VALUES)
    ),
    st.builds(
        matcher, st.sampled_from("ab"), st.sampled_from(["=~", "!~"]), st.sampled_from(PATTERNS)
    ),
)
MATCHERS = st.lists(MATCHER, max_size=3).map(tuple).map(Matchers)


@given(MATCHERS, MATCHERS, st.sampled_from(VALUES), st.sampled_from(VALUES))
def test_it_never_raises_a_false_alarm(narrow: Matchers, wide: Matchers, a: str, b: str) -> None:
    labels = {"a": a, "b": b}
    if implies(narrow, wide) and narrow(labels):
        assert wide(labels)
