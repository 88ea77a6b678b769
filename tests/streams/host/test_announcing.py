"""What a group is about to say is stored before it is said, and ends where the group is stored."""

from collections.abc import Mapping

import pytest

from schemas.topics import BATCH_BYTES_MAX
from streams.host.entries import CURSOR, Entry, cursor_record, live_record
from streams.host.exits import Stale
from streams.steps.effects import ANNOUNCED, Effects
from tests.streams.host.broker import Place
from tests.streams.host.fakes import JOURNAL, Ends, FakeLog, ScriptStep, make_loop
from tests.streams.host.test_loop import output, run

KEY = ANNOUNCED + b"1"


def announces(number: int, state: bytes = b"") -> Effects:
    """As a step would: the entry ends with the record's other changes."""
    key, changed = ANNOUNCED + b"%d" % number, b"state-%d" % number
    changes = {key: None, changed: state}
    return Effects(changes, (output(b"do it"),), {key: b"what I do"})


def seen(live: Mapping[bytes, bytes]) -> set[bytes]:
    """As the next step would see them."""
    return {value for key, value in live.items() if key.startswith(ANNOUNCED)}


async def test_it_is_stored_before_the_outputs_are_sent() -> None:
    log, ends = FakeLog(), Ends()
    await run(make_loop(log, ScriptStep({1: announces(1)}), ends, cursor=0), 1)
    assert [topic for topic, _, _ in log.batches] == [JOURNAL, "test.commands", JOURNAL]
    first, last = log.of(JOURNAL)
    assert [record.key for record in first] == [KEY, CURSOR]
    assert KEY in {record.key for record in last}
    assert ends.points == [
        "decide.consumed", "decide.announced", "decide.outputs_acked", "decide.journal_written",
    ]  # fmt: skip


async def test_what_does_not_fit_into_half_a_batch_is_announced_and_stored_in_parts() -> None:
    """A successor stores with one record all that was announced."""
    log, large = FakeLog(), bytes(BATCH_BYTES_MAX // 3)
    script = {n: announces(n, large) for n in (1, 2)}
    await run(make_loop(log, ScriptStep(script), Ends(), cursor=0), 1, 2)
    assert [topic for topic, _, _ in log.batches] == [JOURNAL, "test.commands", JOURNAL] * 2


@pytest.mark.broker
async def test_a_successor_is_given_what_was_announced_until_it_ends(place: Place) -> None:
    journal = await place.open()
    await journal.append({b"a": Entry(3, b"1")}, cursor=3, now_ms=0)
    await journal.announce({KEY: b"this"})
    again = await place.open()
    assert (again.cursor, seen(again.live), again.live[b"a"]) == (3, {b"this"}, b"1")
    await again.append({b"b": Entry(4, b"")}, cursor=4, now_ms=0)
    assert seen((await place.open()).live) == {b"this"}
    await again.append({KEY: Entry(5, None)}, cursor=5, now_ms=0)
    assert seen((await place.open()).live) == set()


@pytest.mark.broker
async def test_without_a_cursor_nothing_is_announced(place: Place) -> None:
    await (await place.open()).announce({KEY: b"all is read again anyway"})
    assert await place.log() == []


@pytest.mark.broker
async def test_more_than_fits_into_a_batch_is_announced(place: Place) -> None:
    journal = await place.open()
    await journal.append({}, cursor=3, now_ms=0)
    many = {ANNOUNCED + b"%d" % n: bytes([n]) * (BATCH_BYTES_MAX // 3) for n in range(5)}
    await journal.announce(many)
    assert seen((await place.open()).live) == set(many.values())


@pytest.mark.broker
async def test_what_a_late_worker_announces_counts_for_nothing(place: Place) -> None:
    journal = await place.open()
    await journal.append({}, cursor=3, now_ms=0)
    late = await place.open()
    await journal.append({}, cursor=7, now_ms=0)
    with pytest.raises(Stale):
        await late.announce({KEY: b"old"})
    assert seen((await place.open()).live) == set(), "the cursor had passed it"
    assert dict(await place.log())[KEY] is None


@pytest.mark.broker
async def test_whose_place_another_announces_at_ends_and_leaves_it(place: Place) -> None:
    """The other one does not know of us, and may tell it yet."""
    journal = await place.open()
    await journal.append({}, cursor=3, now_ms=0)
    other = await place.open()
    await other.announce({KEY: b"what it may tell"})
    with pytest.raises(Stale, match="another worker was at 3 too"):
        await journal.append({}, cursor=4, now_ms=0)
    assert seen((await place.open()).live) == {b"what it may tell"}


@pytest.mark.broker
async def test_whose_place_another_has_told_from_ends_too_and_its_successor_knows(
    place: Place,
) -> None:
    journal = await place.open()
    await journal.append({}, cursor=3, now_ms=0)
    other = await place.open()
    await other.announce({KEY: b"what it tells"})
    await other.append({KEY: Entry(4, None), b"a": Entry(4, b"told")}, cursor=4, now_ms=0)
    with pytest.raises(Stale):
        await journal.append({}, cursor=5, now_ms=0)
    assert (await place.open()).live == {b"a": b"told"}


@pytest.mark.broker
async def test_a_foreign_write_beside_it_is_put_right(place: Place) -> None:
    journal = await place.open()
    await journal.append({b"a": Entry(0, b"now")}, cursor=7, now_ms=0)
    await place.somebody_writes(live_record(b"a", Entry(0, b"late")), cursor_record(5))
    await journal.announce({KEY: b"next"})
    again = await place.open()
    assert (journal.repairs, seen(again.live), again.live[b"a"]) == (1, {b"next"}, b"now")


@pytest.mark.broker
async def test_what_is_put_right_covers_a_late_batch_that_names_a_later_record(
    place: Place,
) -> None:
    """What was taken over is stored with a record before the one that it was announced for."""
    journal = await place.open()
    await journal.append({b"a": Entry(10, b"taken over")}, cursor=20, now_ms=0)
    await place.somebody_writes(live_record(b"a", Entry(13, b"late")), cursor_record(14))
    await journal.append({}, cursor=21, now_ms=0)
    assert (await place.open()).live[b"a"] == b"taken over"
