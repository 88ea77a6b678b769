"""Whatever order late writes come in, the highest input offset per key holds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.host.entries import (
    Entry,
    Fold,
    cursor_record,
    gone_record,
    live_record,
    read_entry,
)
from streams.host.exits import JournalDamaged
from streams.host.writer import Record


def fold(*records: Record) -> Fold:
    folded = Fold()
    for record in records:
        folded.add(*record)
    return folded


@pytest.mark.parametrize(
    "entry",
    [Entry(0, b""), Entry(7, b"value"), Entry(2**60, b"\x00" * 9), Entry(3, None, ended_at_ms=99)],
    ids=["empty", "value", "far", "ended"],
)
def test_an_entry_is_read_as_it_was_written(entry: Entry):
    value = live_record(b"key", entry).value
    assert value is not None
    assert read_entry(value) == entry


def test_an_ended_entry_is_not_an_empty_one():
    assert live_record(b"key", Entry(1, None)).value != live_record(b"key", Entry(1, b"")).value


@pytest.mark.parametrize("value", [b"", b"short", b"12345678\x07rest"])
def test_what_is_no_entry_is_refused(value: bytes):
    with pytest.raises(JournalDamaged):
        fold(Record(b"key", value))


def test_a_late_write_is_hidden_behind_nothing_and_hides_what_holds():
    folded = fold(live_record(b"key", Entry(9, b"new")), live_record(b"key", Entry(5, b"old")))
    assert folded.held[b"key"] == Entry(9, b"new")
    assert folded.hidden == {b"key"}


def test_a_late_write_does_not_bring_back_what_is_gone():
    folded = fold(
        live_record(b"key", Entry(5, None)),
        gone_record(b"key", 9),
        live_record(b"key", Entry(3, b"old")),
    )
    assert b"key" not in folded.held
    assert folded.hidden == {b"key"}


def test_an_entry_may_begin_again_after_it_was_gone():
    folded = fold(gone_record(b"key", 9), live_record(b"key", Entry(10, b"again")))
    assert folded.held[b"key"] == Entry(10, b"again")
    assert not folded.hidden


def test_a_repair_leaves_nothing_hidden():
    new = live_record(b"key", Entry(9, b"new"))
    assert not fold(new, live_record(b"key", Entry(5, b"old")), new).hidden


def test_two_contents_at_one_offset_are_counted():
    folded = fold(live_record(b"key", Entry(5, b"one")), live_record(b"key", Entry(5, b"other")))
    assert folded.contradictions == 1


def test_an_empty_journal_has_no_cursor():
    assert fold().cursor == -1
    assert fold(cursor_record(0)).cursor == 0


KEYS = (b"a", b"b", b"c")
owned = st.lists(
    st.dictionaries(st.sampled_from(KEYS), st.sampled_from([None, b"x", b"y"])),
    min_size=1,
    max_size=12,
)
"""What an owner changes at each input offset."""
late = st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=6)
"""After which batch somebody else repeats which earlier one."""


@given(owned, late)
def test_late_copies_of_old_batches_change_nothing(changes, copies):
    batches = [
        [*(live_record(k, Entry(n, v)) for k, v in sorted(changed.items())), cursor_record(n)]
        for n, changed in enumerate(changes)
    ]
    log: list[Record] = []
    for number, batch in enumerate(batches):
        log += batch
        for after, copied in copies:
            if after == number and copied <= number:
                log += batches[copied]
    expected = fold(*(record for batch in batches for record in batch)).held
    folded = fold(*log)
    assert folded.held == expected
    last = {record.key: read_entry(record.value or b"") for record in log}
    assert folded.hidden == {key for key, entry in last.items() if entry != expected[key]}
    assert folded.cursor == len(batches) - 1
