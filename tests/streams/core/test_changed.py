"""Our `replace` is that of the standard library."""

import dataclasses
from typing import get_args

import pytest

from streams.core import entries
from streams.core.changed import replace


@dataclasses.dataclass(frozen=True, slots=True)
class Pair:
    left: int
    right: str = "r"


@dataclasses.dataclass(frozen=True, slots=True)
class One:
    only: int


@pytest.mark.parametrize("kind", get_args(entries.Entry), ids=lambda kind: kind.__name__)
def test_a_copy_of_any_entry_differs_in_what_is_changed_and_nowhere_else(kind: type) -> None:
    names = [field.name for field in dataclasses.fields(kind)]
    before = kind(**{name: ("old", name) for name in names})
    for name in names:
        after = replace(before, **{name: "new"})
        assert after == dataclasses.replace(before, **{name: "new"})
        assert type(after) is kind
    assert before == kind(**{name: ("old", name) for name in names})
    assert replace(before) == before
    assert replace(before) is not before


def test_it_takes_several_changes_and_a_single_field() -> None:
    assert replace(Pair(1), left=2, right="s") == Pair(2, "s")
    assert replace(One(1), only=2) == One(2)


def test_a_field_that_is_none_is_told() -> None:
    with pytest.raises(KeyError, match="midle"):
        replace(Pair(1), midle=3)


def test_what_checks_itself_is_not_copied_behind_its_back() -> None:
    @dataclasses.dataclass(frozen=True, slots=True)
    class Even:
        number: int

        def __post_init__(self) -> None:
            assert self.number % 2 == 0

    with pytest.raises(AssertionError, match="Even checks itself"):
        replace(Even(2), number=3)
