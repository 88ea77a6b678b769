"""What a group is about to say is stored before it is said, and only until the group is stored."""

from collections.abc import Mapping

import pytest

from schemas.topics import BATCH_BYTES_MAX
from streams.host.entries import CURSOR, Entry, announced_key, cursor_record, live_record
from streams.host.exits import Stale
from streams.steps.effects import ANNOUNCED, Effects
from tests.streams.host.broker import Place
from tests.streams.host.fakes import JOURNAL, Ends, FakeLog, ScriptStep, make_loop
from tests.streams.host.test_loop import output, run


def announced(offset: int, *values: bytes) -> dict[bytes, bytes]:
    return {announced_key(offset, n, value): value for n, value in enumerate(values)}


def seen(live: Mapping[bytes, bytes]) -> list[bytes]:
    """As the next step would see them."""
    return [value for key, value in live.items() if key.startswith(ANNOUNCED)]


async def test_it_is_stored_before_the_outputs_are_sent() -> None:
    log, ends = FakeLog(), Ends()
    said = Effects({b"key": b"state"}, (output(b"do it"),), (b"what I do",))
    await run(make_loop(log, ScriptStep({1: said}), ends, cursor=0), 1)
    assert [topic for topic, _, _ in log.batches] == [JOURNAL, "test.commands", JOURNAL]
    key = announced_key(1, 0, b"what I do")
    first, last = log.of(JOURNAL)
    assert [record.key for record in first] == [key, CURSOR]
    assert {r.key: r.value for r in last}[key] is None
    assert ends.points == [
        "decide.consumed", "decide.announced", "decide.outputs_acked", "decide.journal_written",
    ]  # fmt: skip


@pytest.mark.broker
async def test_a_successor_is_given_what_was_announced_in_order(place: Place) -> None:
    journal = await place.open()
    await journal.append({b"a": Entry(3, b"1")}, cursor=3, now_ms=0)
    await journal.announce(announced(10, b"third") | announced(4, b"first", b"second"))
    again = await place.open()
    assert (again.cursor, seen(again.live)) == (3, [b"first", b"second", b"third"])
    assert again.live[b"a"] == b"1"


@pytest.mark.broker
async def test_it_is_over_with_the_first_group_that_a_successor_stores(place: Place) -> None:
    journal = await place.open()
    await journal.append({}, cursor=3, now_ms=0)
    await journal.announce(announced(4, b"near") | announced(90, b"far"))
    again = await place.open()
    await again.append({}, cursor=5, now_ms=0)
    assert seen((await place.open()).live) == []


@pytest.mark.broker
async def test_half_a_group_that_was_stored_leaves_what_the_other_half_announced(
    place: Place,
) -> None:
    journal = await place.open()
    await journal.append({}, cursor=3, now_ms=0)
    await journal.announce(announced(4, b"stored") | announced(6, b"not yet"))
    await journal.append({}, cursor=5, now_ms=0)
    assert seen((await place.open()).live) == [b"not yet"]
    await journal.append({}, cursor=6, now_ms=0)
    assert seen((await place.open()).live) == []


@pytest.mark.broker
async def test_without_a_cursor_nothing_is_announced(place: Place) -> None:
    await (await place.open()).announce(announced(0, b"all is read again anyway"))
    assert await place.log() == []


@pytest.mark.broker
async def test_more_than_fits_into_a_batch_is_announced(place: Place) -> None:
    journal = await place.open()
    await journal.append({}, cursor=3, now_ms=0)
    many = [bytes([n]) * (BATCH_BYTES_MAX // 3) for n in range(5)]
    await journal.announce(announced(4, *many))
    assert seen((await place.open()).live) == many


@pytest.mark.broker
async def test_what_a_late_worker_announces_counts_for_nothing(place: Place) -> None:
    journal = await place.open()
    await journal.append({}, cursor=3, now_ms=0)
    late = await place.open()
    await journal.append({}, cursor=7, now_ms=0)
    with pytest.raises(Stale):
        await late.announce(announced(4, b"old"))
    assert seen((await place.open()).live) == [], "the cursor has passed it"
    await journal.append({}, cursor=8, now_ms=0)
    assert dict(await place.log())[announced_key(4, 0, b"old")] is None


@pytest.mark.broker
async def test_a_foreign_write_beside_it_is_put_right(place: Place) -> None:
    journal = await place.open()
    await journal.append({b"a": Entry(0, b"now")}, cursor=7, now_ms=0)
    await place.somebody_writes(live_record(b"a", Entry(0, b"late")), cursor_record(5))
    await journal.announce(announced(8, b"next"))
    again = await place.open()
    assert (journal.repairs, seen(again.live), again.live[b"a"]) == (1, [b"next"], b"now")
