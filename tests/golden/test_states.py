"""A state that a release has left is read by this one, which decides on as that one would have."""

import random

import pytest

from streams.core.entries import KINDS
from streams.steps.state_codec import decode_state, encode_entry
from tests.golden.files import decided_on, read_tape
from tests.golden.states import OFFSET, decided_from, on_file, read_state, releases


@pytest.mark.parametrize("release", releases())
def test_it_decides_on_as_the_release_would_have(release: str) -> None:
    assert decided_from(release) == on_file(release)


@pytest.mark.parametrize("release", releases())
def test_in_whatever_order_the_journal_is_read(release: str) -> None:
    entries = list(read_state(release).items())
    random.Random(7).shuffle(entries)
    state = decode_state(dict(entries))
    assert decided_on(state, read_tape(f"states/{release}"), OFFSET) == on_file(release)


@pytest.mark.parametrize("release", releases())
def test_what_is_read_is_written_again_with_what_it_says(release: str) -> None:
    """A field that this release has added is written with its default; none is lost."""
    for key, value in read_state(release).items():
        again = decode_state({key: value}).get(key.decode())
        assert again is not None
        assert decode_state({key: encode_entry(again)}).get(key.decode()) == again


def test_the_newest_state_holds_every_kind_of_entry() -> None:
    kinds = {key.split(b"/")[0].decode() for key in read_state(releases()[-1])}
    assert kinds == set(KINDS)
