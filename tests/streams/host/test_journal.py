"""A journal on the real broker: what is stored is found again, and who else wrote is noticed."""

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from deploy.sandbox.kafka import Kafka
from schemas.topics import BATCH_BYTES_MAX, DAY_MS
from streams.host.entries import CURSOR, Entry, cursor_record, live_record
from streams.host.exits import JournalDamaged, JournalRewound, Stale
from streams.host.journal import BatchTooLarge
from streams.host.reading import Bounds
from streams.host.writer import Record
from tests.streams.host.broker import P, Place

pytestmark = pytest.mark.broker


def live(**entries: str) -> dict[bytes, Entry]:
    return {key.encode(): Entry(0, value.encode()) for key, value in entries.items()}


async def test_what_is_stored_is_found_again(place: Place):
    journal = await place.open()
    assert (journal.cursor, journal.live) == (-1, {})
    await journal.append({b"a": Entry(3, b"1"), b"b": Entry(4, b"")}, cursor=4, now_ms=0)
    await journal.append({b"a": Entry(5, b"2")}, cursor=6, now_ms=0)
    again = await place.open()
    assert (again.cursor, again.live) == (6, {b"a": b"2", b"b": b""})


async def test_an_ended_entry_is_gone_from_the_state_and_kept_in_the_log(place: Place):
    journal = await place.open()
    await journal.append(live(a="1"), cursor=0, now_ms=0)
    await journal.append({b"a": Entry(1, None, ended_at_ms=500)}, cursor=1, now_ms=500)
    again = await place.open()
    assert again.live == {}
    assert (await place.log())[-2][1] is not None


async def test_an_ended_entry_becomes_a_tombstone_after_a_day_of_tape_time(place: Place):
    journal = await place.open()
    await journal.append({b"a": Entry(0, None, 500), b"b": Entry(0, None, 600)}, 0, now_ms=600)
    again = await place.open()
    await again.append({}, cursor=1, now_ms=500 + DAY_MS - 1)
    assert (b"a", None) not in await place.log()
    await again.append({}, cursor=2, now_ms=500 + DAY_MS)
    assert (b"a", None) in await place.log()
    assert (b"b", None) not in await place.log()


async def test_an_entry_that_began_again_is_not_buried(place: Place):
    journal = await place.open()
    await journal.append({b"a": Entry(0, None, 0), b"b": Entry(0, None, 0)}, 0, now_ms=0)
    await journal.append({b"a": Entry(1, b"again")}, cursor=1, now_ms=1)
    await journal.append({b"b": Entry(2, b"at last")}, cursor=2, now_ms=2 * DAY_MS)
    again = await place.open()
    assert again.live == {b"a": b"again", b"b": b"at last"}


async def test_changes_too_large_for_a_batch_write_nothing(place: Place):
    journal = await place.open()
    with pytest.raises(BatchTooLarge):
        await journal.append({b"a": Entry(0, bytes(BATCH_BYTES_MAX))}, cursor=0, now_ms=0)
    assert await place.log() == []
    assert journal.cursor == -1


async def test_the_largest_batch_is_written_and_read(place: Place):
    journal = await place.open()
    large = bytes(BATCH_BYTES_MAX - 1_000)
    await journal.append({b"a": Entry(0, large)}, cursor=0, now_ms=0)
    assert (await place.open()).live == {b"a": large}


async def test_old_truth_written_by_another_is_put_right(place: Place):
    journal = await place.open()
    await journal.append(live(a="now", b="other"), cursor=7, now_ms=0)
    await place.somebody_writes(live_record(b"a", Entry(-0, b"late")), cursor_record(5))
    await journal.append({b"b": Entry(8, b"next")}, cursor=8, now_ms=0)
    assert journal.repairs == 1
    last = dict(await place.log())
    assert last[b"a"] == live_record(b"a", Entry(8, b"now")).value
    assert last[CURSOR] == cursor_record(8).value


async def test_a_repair_of_more_than_one_batch_says_in_each_where_it_stands(place: Place):
    journal = await place.open()
    half = bytes(BATCH_BYTES_MAX // 2)
    for n, key in enumerate((b"a", b"b", b"c")):
        await journal.append({key: Entry(n, half)}, cursor=n, now_ms=0)
    late = [live_record(key, Entry(0, b"late")) for key in (b"a", b"b", b"c")]
    await place.somebody_writes(*late, cursor_record(0))
    await journal.append({}, cursor=3, now_ms=0)
    repaired = [key for key, _ in await place.log()][-6:]
    assert repaired == [b"a", CURSOR, b"b", CURSOR, b"c", CURSOR]


async def test_a_key_that_we_do_not_hold_is_buried(place: Place):
    journal = await place.open()
    await journal.append({}, cursor=7, now_ms=0)
    await place.somebody_writes(live_record(b"long gone", Entry(2, b"late")), cursor_record(5))
    await journal.append({}, cursor=8, now_ms=0)
    assert dict(await place.log())[b"long gone"] is None
    assert (await place.open()).live == {}


async def test_whoever_finds_another_ahead_is_stale(place: Place):
    journal = await place.open()
    await journal.append(live(a="1"), cursor=7, now_ms=0)
    await place.somebody_writes(live_record(b"a", Entry(9, b"newer")), cursor_record(9))
    with pytest.raises(Stale, match="another worker is at 9, we are at 8"):
        await journal.append({}, cursor=8, now_ms=0)
    assert (await place.open()).live == {b"a": b"newer"}


async def test_keys_hidden_by_a_late_write_are_put_right_when_opening(place: Place):
    journal = await place.open()
    await journal.append({b"a": Entry(7, b"now")}, cursor=7, now_ms=0)
    await place.somebody_writes(live_record(b"a", Entry(3, b"late")), cursor_record(5))
    again = await place.open()
    assert (again.cursor, again.live, again.repairs) == (7, {b"a": b"now"}, 1)
    last = dict(await place.log())
    assert last[b"a"] == live_record(b"a", Entry(7, b"now")).value
    assert last[CURSOR] == cursor_record(7).value


async def test_a_journal_at_rest_notices_a_foreign_write_when_touched(place: Place):
    journal = await place.open()
    await journal.append({b"a": Entry(7, b"now")}, cursor=7, now_ms=0)
    await journal.touch()
    assert journal.repairs == 0
    await place.somebody_writes(live_record(b"a", Entry(3, b"late")), cursor_record(5))
    await journal.touch()
    assert journal.repairs == 1
    assert dict(await place.log())[b"a"] == live_record(b"a", Entry(7, b"now")).value


async def test_entries_from_beyond_the_cursor_are_refused(place: Place):
    """A late write was noticed by nobody, and compaction has kept its cursor instead of ours."""
    await place.somebody_writes(live_record(b"a", Entry(7, b"1")), cursor_record(5))
    with pytest.raises(JournalDamaged, match="beyond the cursor at 5"):
        await place.open()


async def test_a_log_that_is_shorter_than_we_left_it_is_refused(kafka: Kafka, place: Place):
    journal = await place.open()
    await journal.append(live(a="1"), cursor=0, now_ms=0)
    await _made_anew(kafka.bootstrap, place.topic)
    with pytest.raises(JournalRewound):
        await journal.append(live(a="2"), cursor=1, now_ms=0)


async def test_a_journal_with_strange_records_is_refused(place: Place):
    await place.somebody_writes(Record(b"a", b"what is this"))
    with pytest.raises(JournalDamaged):
        await place.open()


async def test_only_the_part_asked_for_is_read(place: Place):
    await place.somebody_writes(*(cursor_record(n) for n in range(10)))
    found = await place.reader.read(place.topic, P, Bounds(3, 7))
    assert [r.offset for r in found] == [3, 4, 5, 6]


async def _made_anew(bootstrap: str, topic: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.delete_topics([topic])
        while topic in await admin.list_topics():
            pass
        await admin.create_topics([NewTopic(topic, 2, 1)])
    finally:
        await admin.close()
