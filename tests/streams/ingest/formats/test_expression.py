"""Expressions of mappings: which are taken, and that none of them takes long."""

import json
import sys
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.ingest.formats import mapping
from streams.ingest.formats.evaluation import Evaluation
from streams.ingest.formats.expression import ALLOWED, BadExpression, expression
from streams.ingest.formats.generic import DELIVERY_BYTES_MAX, parse, wrap
from streams.ingest.formats.mapping import Mapping
from streams.ingest.formats.parsed import BadField
from tests.examples import examples
from tests.streams.ingest.payloads import RECEIVED_MS


def worked_out(text: str, sent: object) -> object:
    return Evaluation().of(expression(text), sent, "f")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "empty"),
        ("a.", "it ends too early"),
        ("a[", "it ends too early"),
        ("a b", "at character 3: 'b' is not expected there"),
        ("a = b", "at character 3"),
        ("'a", "at character 1: Unclosed"),
        ("a" * 1025, "longer than 1024"),
        ("a||" * 64 + "a", "longer than 128 words"),
        ("`" + "[" * 65, "more than 64 brackets"),
        ("reverse(a)", "no function is called 'reverse'"),
        ("sort_by(a, &b)", "is called 'sort_by'|not allowed"),
        ("&a", "not allowed"),
        ("join(a)", r"join\(\) takes 2 argument"),
        ("not_null()", r"takes 1 argument"),
        ("a[::0]", "steps of 0"),
        ("`NaN`", "no JSON"),
        ('"\\ud800"', "no JSON"),
        ("`\\ud800`", "no JSON"),
    ],
)
@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
def test_what_is_no_expression_is_told_why(text: str, why: str) -> None:
    with pytest.raises(BadExpression, match=why):
        expression(text)


@pytest.mark.parametrize(
    ("text", "sent", "result"),
    [
        ("tags[?name=='team'].value | [0]", {"tags": [{"name": "team", "value": "x"}]}, "x"),
        ("join(',', sort(@))", ["b", "a"], "a,b"),
        ("to_string(@)", 1.0, "1"),
        ("to_string(@)", {"b": "ü", "a": [True]}, '{"a":[true],"b":"ü"}'),
        ("to_number(@)", "4.0", 4),
        ("to_number(@)", "1e999", None),
        ("to_number(@)", "nan", None),
        ("contains(@, `1`)", "1", False),
        ("a < `1`", {"a": "x"}, None),
        ("a == `1` && 'one' || ''", {"a": 2}, ""),
        ("a == `1.0` && 'one' || ''", {"a": 1}, "one"),
        ("a[0].b", "text", None),
        ("not_null(a, b)", {"b": 1}, 1),
    ],
)
def test_an_expression_works_out(text: str, sent: object, result: object) -> None:
    assert worked_out(text, sent) == result


def test_a_function_given_something_else_is_a_fault_that_names_the_field() -> None:
    with pytest.raises(BadField, match=r"f: join\(\) needs array-string, not number"):
        worked_out("join(',', @)", [1])


WIDE = b",".join([b"[1]"] * (DELIVERY_BYTES_MAX // 4 - 1))
BODIES = {
    "an array of arrays": b"[" + WIDE + b"]",
    "long texts": json.dumps([f"{i}" * 900 for i in range(900, 1100)]).encode(),
    "many names": json.dumps({f"name{i}": i for i in range(50_000)}).encode(),
}
HOSTILE = {
    "nested projections": "[*].[@].[@].[@].[@].[@].[@].[@].[@].[@].[@].[@].[@].[@].[@]",
    "nested filters": "[*][?@][?@][?@]",
    "doubled lists": "[@,@]" + "|[@,@][]" * 17,
    "doubled and compared": "[[@,@]" + "|[@,@]" * 9 + ",[@,@]" + "|[@,@]" * 9 + "]|[?[0]==[1]]",
    "doubled and written": "[@,@]" + "|[@,@]" * 18 + "|to_string(@)",
    "doubled and flattened": "values({a:@})" + "|[@,@,@,@,@,@,@,@][][]" * 6,
    "doubled and sorted": "[to_string(@)]" + "|[@,@][]" * 16 + "|sort(@)",
    "a long separator": "['a']" + "|[@,@][]" * 16 + "|join('" + "s" * 700 + "', @)",
    "written again and again": "to_string(" * 20 + "[@]" + ")|to_array(@)" + ")" * 19,
    "values of values": "*.*.*.*",
    "copies": "[@]|[::1]" + "|[::1]" * 19,
}


@pytest.mark.timeout(30)
@pytest.mark.parametrize("sent", BODIES)
@pytest.mark.parametrize("hostile", HOSTILE)
def test_no_expression_takes_long_over_any_body(hostile: str, sent: str) -> None:
    """Without the bound most of these would run for minutes, or fill the memory."""
    asked = Mapping("'a'", ("a",), ("b",), alerts=HOSTILE[hostile], labels={"l": HOSTILE[hostile]})
    assert not parse(wrap(asked, BODIES[sent]), "s", RECEIVED_MS).sightings


def test_an_alerts_labels_count_too() -> None:
    """One text of the body that each of many alerts repeats."""
    many = {f"l{i}": "@" for i in range(100)}
    asked = Mapping("'a'", ("a",), ("b",), alerts="[@,@,@,@,@,@,@,@]", labels=many)
    parsed = parse(wrap(asked, b'"' + b"x" * 60_000 + b'"'), "s", RECEIVED_MS)
    assert "too many steps" in str(parsed.faults[0])


WORDS = st.sampled_from(
    ["a", "b", "@", "*", ".", "[", "]", "[]", "[?", "[*]", "[0]", "[::2]", "(", ")", "{", "}", ","]
    + [":", "|", "||", "&&", "!", "==", "<", "'x'", "`1`", "`[1]`", "`{}`", "a.", ".a", "a:", "`"]
    + [f"{name}(" for name in ALLOWED]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=5) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2)
    ),
    max_leaves=15,
)


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
@given(st.lists(WORDS, max_size=40).map("".join) | st.text(max_size=30), VALUES)
@settings(max_examples=examples(500))
def test_any_text_is_refused_or_works_out_or_is_a_named_fault(text: str, sent: object) -> None:
    work = Evaluation(2_000)
    with suppress(BadExpression, BadField):
        work.of(expression(text), sent, "f")


@pytest.mark.parametrize("text", ["!" * 127 + "a", "a" + ".*" * 63, "@" + "|@" * 63])
def test_the_deepest_expression_needs_little_of_the_stack(text: str) -> None:
    """So that it works out the same wherever it is asked."""
    deepest = sys.getrecursionlimit()
    frame, used = sys._getframe(), 0
    while frame.f_back:
        frame, used = frame.f_back, used + 1
    sys.setrecursionlimit(used + 450)
    try:
        worked_out(text, {"a": {"a": 1}})
    finally:
        sys.setrecursionlimit(deepest)


def test_a_mapping_is_no_longer_than_what_may_be_kept_with_each_delivery() -> None:
    long = {f"l{i}": "a" * 1000 for i in range(20)}
    body = wrap(Mapping("s", ("a",), ("b",), labels=long), b"{}")
    (fault,) = parse(body, "s", RECEIVED_MS).faults
    assert str(fault) == f"mapping: longer than {mapping.TEXT_BYTES_MAX} bytes"


def test_every_function_that_is_allowed_is_there() -> None:
    nine = ", ".join("a" * 9)
    for name in set(ALLOWED) - {"not_null"}:
        with pytest.raises(BadExpression, match="takes"):
            expression(f"{name}({nine})")
    assert worked_out(f"not_null({nine})", {"a": 1}) == 1
