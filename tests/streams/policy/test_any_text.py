"""Whatever is published: a policy or the faults in it, in bounded time, and nothing else."""

import re
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.core.policy import Policy
from streams.policy.book import PolicyBook
from streams.policy.lint import differences, remarks
from streams.policy.load import read_policy
from streams.reading.faults import FileError
from tests.streams.policy.texts import QUICK, WHOLE

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


@settings(deadline=timedelta(seconds=2), max_examples=300)
@given(st.data())
def test_a_policy_in_which_anything_was_changed(data: st.DataObject) -> None:
    tokens = list(TOKENS)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(tokens) - 1))
        tokens[at : at + data.draw(st.integers(0, 2))] = [
            data.draw(st.sampled_from(ODD) | st.sampled_from(TOKENS))
        ]
    judged("".join(tokens))


@settings(deadline=timedelta(seconds=2))
@given(st.lists(st.sampled_from([*ODD, *QUICK.splitlines(True)]), max_size=40).map("".join))
def test_lines_of_a_policy_in_any_order(text: str) -> None:
    judged(text)
