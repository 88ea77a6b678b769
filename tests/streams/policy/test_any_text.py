"""Whatever is published: a policy or the faults in it, in bounded time, and nothing else."""

import re
import time
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.core.policy import Policy
from streams.policy.book import PolicyBook
from streams.policy.lint import differences, remarks
from streams.policy.load import read_policy
from streams.reading.faults import FileError
from streams.reading.nodes import TEXT_BYTES_MAX
from tests.examples import examples
from tests.streams.policy.texts import QUICK, WHOLE

WITHIN_S = 30
"""It says that nothing hangs, and not how fast the machine is."""
TOKENS = re.findall(r"[\w.-]+|\s+|.", WHOLE)
ODD = [
    *("", "0", "-1", "no", "08", "1:30", "~", "null", "true", ".nan", "[]", "{}", "[[]]", '""'),
    *("'", '"', "&a", "*a", "!!str", "<<: 1", "|", ">", "# file: a.yaml\n", "---", "\t", "%", "@"),
    *("\x00", "\ud800", "\U0001f600", "é", "9" * 40, "count > 3", "{}", "a=b", "\n", "?", ":"),
]


def judged(text: str) -> None:
    try:
        policy, root = read_policy(text, "p.yaml")
    except FileError as error:
        _each_has_its_place(error)
        return
    assert isinstance(policy, Policy)
    remarks(policy, root)
    differences(policy, root)
    assert PolicyBook().compile("d", text)


def _each_has_its_place(error: FileError) -> None:
    assert error.faults
    assert all(one.line > 0 and one.column > 0 and one.why for one in error.faults)


@given(st.text())
def test_any_text(text: str) -> None:
    judged(text)


@settings(deadline=timedelta(seconds=WITHIN_S), max_examples=examples(300))
@given(st.data())
def test_a_policy_in_which_anything_was_changed(data: st.DataObject) -> None:
    tokens = list(TOKENS)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(tokens) - 1))
        tokens[at : at + data.draw(st.integers(0, 2))] = [
            data.draw(st.sampled_from(ODD) | st.sampled_from(TOKENS))
        ]
    judged("".join(tokens))


@pytest.mark.parametrize("part", range(8))
def test_every_word_of_a_policy_made_odd(part: int) -> None:
    for at in range(part, len(TOKENS), 8):
        for odd in (ODD[at % len(ODD)], ODD[(at * 7 + 3) % len(ODD)]):
            judged("".join([*TOKENS[:at], odd, *TOKENS[at + 1 :]]))


def test_the_largest_policies_are_read_in_less_than_a_second_or_two() -> None:
    head, book = WHOLE.split("  - name: errors\n")
    books = "".join(f"  - name: e{n}\n{book}" for n in range(TEXT_BYTES_MAX // len(book) - 4))
    chain = "".join(
        f"  - {{name: s{n}, match: [a=b{n}], depends_on: [s{n + 1}]}}\n" for n in range(2_000)
    )
    services = f"services:\n{chain}  - {{name: s2000, match: [a=b]}}\n"
    unknown = f"depends_on: [{','.join(f'p{n}' for n in range(15_000))}]"
    for text in (
        head + books,
        WHOLE.replace("services:\n", services),
        WHOLE.replace("depends_on: [payments]", unknown),
        "x: [" + "{a: b}," * 15_000 + "]",
    ):
        assert 90_000 < len(text) < TEXT_BYTES_MAX
        started = time.perf_counter()
        judged_by_the_core(text)
        assert time.perf_counter() - started < WITHIN_S


def judged_by_the_core(text: str) -> None:
    PolicyBook().compile("d", text)


@settings(deadline=timedelta(seconds=WITHIN_S))
@given(st.lists(st.sampled_from([*ODD, *QUICK.splitlines(True)]), max_size=40).map("".join))
def test_lines_of_a_policy_in_any_order(text: str) -> None:
    judged(text)
