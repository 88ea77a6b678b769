"""A condition means one thing, is judged in bounded time, and fails closed."""

import threading
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.playbook import ConditionFailed
from streams.policy import conditions
from streams.policy.condition_kinds import FUNCTIONS, VARIABLES
from streams.policy.condition_text import DEPTH_MAX, TOKENS_MAX
from streams.policy.conditions import compile_condition, constant

FACTS: Mapping[str, Any] = {
    "severity": "critical",
    "service": "checkout",
    "criticality": "tier-1",
    "count": 5.0,
    "age_s": 100.0,
    "attempts": 0.0,
    "step": 1.0,
    "change_related": False,
    "labels": {"team": "shop", "a.b": 'say "hi"\\', "empty": ""},
    "measured": {"errors": 2.0, "total": 0.0, "latency_s": 0.25},
}


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("count > 3", True),
        ("3 < count", True),
        ("count == 5", True),
        ("count > 3.5", True),
        ("count + 1 > 5", True),
        ("age_s / 60 < 2", True),
        ("-count < -4", True),
        ("2 + 3 * 2 == 8", True),
        ("(2 + 3) * 2 == 10", True),
        ("8 / 2 / 2 == 2", True),
        ("count - 1 - 1 == 3", True),
        ("count in [4, 5]", True),
        ("severity in ['critical', \"warning\"]", True),
        ("severity == 'warning'", False),
        ("severity != 'warning' && !change_related", True),
        ("true || false && false", True),
        ("change_related == false", True),
        ("change_related ? count > 9 : count > 3", True),
        ("labels.team == 'shop'", True),
        ("labels['team'].startsWith('sh')", True),
        ("labels['a.b'] == 'say \"hi\"\\\\'", True),
        ("labels.empty == ''", True),
        ("'team' in labels && !('gone' in labels)", True),
        ("has(labels.team) && !has(labels['gone'])", True),
        ("has(labels.gone) && labels.gone == 'x'", False),
        ("!has(labels.gone) || labels.gone == 'x'", True),
        ("size(labels) == 3 && size(severity) > 3", True),
        ("service.contains('eck') && service.endsWith('out')", True),
        ("measured.latency_s * 1000 >= 250", True),
        ("measured.errors > 0.1 * measured.total", True),
        ("measured.total > 0 && measured.errors / measured.total > 0.1", False),
        ("\n  count > 3 &&\n  age_s < 200\n", True),
    ],
)
def test_what_it_says(text: str, holds: bool) -> None:
    assert compile_condition(text).holds(FACTS) is holds


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("count / 0 > 1", "division by zero"),
        ("measured.errors / measured.total > 0.1", "division by zero"),
        ("1 / (count - 5) > 0", "division by zero"),
        ("labels.gone == 'x'", "labels['gone'] is not there"),
        ("measured.gone > 1", "measured['gone'] is not there"),
    ],
)
def test_what_cannot_be_told_fails_and_says_why(text: str, why: str) -> None:
    with pytest.raises(ConditionFailed, match=r".*") as caught:
        compile_condition(text).holds(FACTS)
    assert str(caught.value) == why


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({}, "count is not known"),
        ({"count": "5"}, "count must be a number"),
        ({"count": True}, "count must be a number"),
        ({"count": float("nan")}, "count is not a number"),
        ({"count": float("inf")}, "count is not a number"),
    ],
)
def test_facts_that_are_not_as_they_should_be_fail(facts: dict[str, Any], why: str) -> None:
    with pytest.raises(ConditionFailed, match=why):
        compile_condition("count > 3").holds(facts)


def test_too_much_to_look_at_fails() -> None:
    crowd = {f"l{n}": "" for n in range(conditions.ENTRIES_MAX + 1)}
    with pytest.raises(ConditionFailed, match="more than"):
        compile_condition("size(labels) > 1").holds({"labels": crowd})
    long = "x" * (conditions.VALUE_CHARS_MAX + 1)
    with pytest.raises(ConditionFailed, match="characters"):
        compile_condition("severity == 'x'").holds({"severity": long})


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "it ends too early"),
        ("count >", "it ends too early"),
        ("count", "must be true or false, and this is a number"),
        ("'yes'", "must be true or false, and this is text"),
        ("count = 3", "cannot be read from '= 3'"),
        ("count > 3;", "cannot be read from ';'"),
        ("severity > 3", "expected a number before here, not text"),
        ("labels.team == 3", "expected text before here, not a number"),
        ("count && true", "expected true or false before here, not a number"),
        ("true ? 1 : 'a'", "expected a number before here, not text"),
        ("severity + 'x' == 'y'", "expected a number before here, not text"),
        ("count in ['a']", "expected text before here, not a number"),
        ("count in [1, 'a']", "expected a number before here, not text"),
        ("1 < 2 < 3", "nothing can be made of '<'"),
        ("labels.a.b == 'c'", "not text"),
        ("has(severity)", "`has` takes an entry"),
        ("nobody > 1", "unknown variable 'nobody'"),
        ("now() > 1", "unknown function 'now'"),
        ("timestamp('2020-01-01T00:00:00Z') == timestamp('x')", "unknown function 'timestamp'"),
        ("severity.matches('(a+)+$')", "unknown function 'matches'"),
        ("labels.all(k, k == 'a')", "unknown function 'all'"),
        ("labels.map(k, k)[0] == 'a'", "unknown function 'map'"),
        ("labels[severity] == 'a'", "in quotes"),
        ("count > 08", "cannot be read from '08'"),
        ("count > 0x10", "cannot be read from '0x10'"),
        ("count > 3u", "cannot be read from '3u'"),
        ("count > 1e9", "cannot be read from '1e9'"),
        ("count > 1234567890123456", "a number of more than 15 characters"),
        ("null == null", "unknown variable 'null'"),
        ("severity == b'a'", "cannot be read from \"b'a'\""),
        ("severity == '\\q'", "unknown escape"),
        ("{'a': 1}.a == 1", "cannot be read"),
        ("'a' in [" + "'a'," * 110 + "'b']", "a list of more than"),
        ("(" * 40 + "true" + ")" * 40, "nested more than 8 deep"),
        ("!" * 40 + "true", "nested more than 8 deep"),
        ("true ? true : " * 40 + "true", "nested more than 8 deep"),
        ("true && " * 200 + "true", "a condition of more than 1000 characters"),
        ("1+" * 200 + "1 > 0", "a condition of more than 250 words and signs"),
        ("x" * 100_000, "a condition of more than 1000 characters"),
    ],
    ids=lambda value: value[:30],
)
def test_what_is_no_condition_is_refused_before_it_could_be_asked(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=r".*") as caught:
        compile_condition(text)
    assert why in str(caught.value)


def test_the_longest_and_deepest_that_are_allowed_are_judged_on_a_small_stack() -> None:
    deep = "1"
    for _ in range(DEPTH_MAX - 2):
        deep = f"(1*{deep}+1>0&&true||false?1:2)"
    texts = [
        "(" * (DEPTH_MAX - 1) + "true" + ")" * (DEPTH_MAX - 1),
        "!" * (DEPTH_MAX - 2) + "true",
        "+".join(["1"] * (TOKENS_MAX // 2 - 1)) + ">0",
        "count" + "/1" * (TOKENS_MAX // 2 - 2) + ">0",
        "&&".join(["true"] * (TOKENS_MAX // 2)),
        "true?true:" * (DEPTH_MAX - 1) + "true",
        f"{deep}==1",
    ]
    answers: list[bool] = []
    before = threading.stack_size(512 * 1024)
    try:
        thread = threading.Thread(
            target=lambda: answers.extend(compile_condition(t).holds(FACTS) for t in texts)
        )
        thread.start()
        thread.join()
    finally:
        threading.stack_size(before)
    assert answers == [True] * len(texts)


def test_a_panic_of_the_library_refuses_and_does_not_end_the_core(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class PanicException(BaseException):
        pass

    def panic(*_: object) -> object:
        raise PanicException("out of bounds")

    condition = compile_condition("count > 3")
    monkeypatch.setattr(conditions, "_run", panic)
    with pytest.raises(ConditionFailed, match="PanicException: out of bounds"):
        condition.holds(FACTS)


def test_a_condition_that_asks_for_nothing_is_known_beforehand() -> None:
    assert constant(compile_condition("1 > 2")) is False
    assert constant(compile_condition("true")) is True
    assert constant(compile_condition("1 / 0 > 2")) is False
    assert constant(compile_condition("count > 2")) is None


WORDS = [*VARIABLES, *FUNCTIONS, "true", "1", "2.5", "'a'", "team", "gone", "x"]
SIGNS = [*"()[].,!-+*/<>?:", "&&", "||", "==", "!=", "<=", ">=", " in ", " "]


@given(st.one_of(st.text(max_size=60), st.lists(st.sampled_from(WORDS + SIGNS)).map("".join)))
def test_any_text_is_a_condition_or_is_refused(text: str) -> None:
    try:
        condition = compile_condition(text)
    except ValueError:
        return
    try:
        assert condition.holds(FACTS) in (True, False)
    except ConditionFailed:
        pass


NUMBERS = st.recursive(
    st.sampled_from(["count", "1", "0", "measured.errors", "measured.total", "size(labels)"]),
    lambda inner: st.builds("({}{}{})".format, inner, st.sampled_from("+-*/"), inner),
    max_leaves=8,
)
TESTS = st.recursive(
    st.builds("({}{}{})".format, NUMBERS, st.sampled_from(["<", "==", ">="]), NUMBERS),
    lambda inner: st.one_of(
        st.builds("({}{}{})".format, inner, st.sampled_from(["&&", "||"]), inner),
        st.builds("!{}".format, inner),
        st.builds("({}?{}:{})".format, inner, inner, inner),
    ),
    max_leaves=6,
)


@given(TESTS)
def test_what_is_read_here_means_in_the_library_what_it_says(text: str) -> None:
    """Judged by Python, for conditions in which nothing can fail."""
    try:
        holds = compile_condition(text).holds(FACTS)
    except ConditionFailed:
        return
    except ValueError:
        return
    expected = _in_python(text)
    assert expected is None or holds is expected


def _in_python(text: str) -> bool | None:
    if "?" in text:
        return None
    for ours, theirs in (
        ("size(labels)", "3.0"),
        ("measured.errors", "2.0"),
        ("measured.total", "0.0"),
        ("count", "5.0"),
        ("&&", " and "),
        ("||", " or "),
        ("!", " not "),
    ):
        text = text.replace(ours, theirs)
    try:
        return bool(eval(text))
    except ZeroDivisionError:
        return None
    except SyntaxError:
        return None
