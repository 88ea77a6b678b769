"""Decide, have the outputs acknowledged, then store: in this order, or not at all."""

import asyncio
from collections.abc import Collection, Mapping

import pytest

from schemas.topics import BATCH_BYTES_MAX, COMMANDS, MIB, NOTICES, TAPE, partition_for
from streams.host.entries import CURSOR, read_entry
from streams.host.exits import EXIT_FAULT
from streams.host.group import Place
from streams.host.loop import QUEUE_BYTES_MAX, Limits, PartitionLoop
from streams.steps.effects import Effects, Output
from tests.streams.host.fakes import JOURNAL, Ends, FakeLog, ScriptStep, make_loop, record


def changes(**entries: bytes | None) -> Effects:
    return Effects({key.encode(): value for key, value in entries.items()})


def output(value: bytes, topic=COMMANDS, partition: int | None = 0) -> Output:
    return Output(topic, b"key", value, partition)


async def run(loop: PartitionLoop, *offsets: int, ends: Ends | None = None) -> None:
    """Feeds the loop and returns when it has applied everything, or ended the worker."""
    done = asyncio.Event()
    loop.on_progress = lambda: done.set() if loop.cursor == offsets[-1] else None
    loop.start()
    for offset in offsets:
        loop.offer(record(offset))
    waits = [asyncio.create_task(done.wait())]
    if ends is not None:
        waits.append(asyncio.create_task(ends.happened.wait()))
    async with asyncio.timeout(30):
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()
    await loop.stop(30)


async def test_outputs_are_acknowledged_before_anything_is_stored():
    log, ends = FakeLog(), Ends()
    step = ScriptStep({0: Effects({b"key": b"state"}, (output(b"do it"),))})
    loop = make_loop(log, step, ends)
    await run(loop, 0)
    assert [topic for topic, _, _ in log.batches] == ["test.commands", JOURNAL]
    assert ends.points == ["decide.consumed", "decide.outputs_acked", "decide.journal_written"]


async def test_changes_and_cursor_are_one_batch():
    log = FakeLog()
    loop = make_loop(log, ScriptStep({0: changes(a=b"1"), 1: changes(b=b"2")}), Ends())
    await run(loop, 0, 1)
    (stored,) = log.of(JOURNAL)
    assert {r.key for r in stored} == {b"a", b"b", CURSOR}
    assert {r.key: read_entry(r.value).offset for r in stored} == {b"a": 0, b"b": 1, CURSOR: 1}


async def test_a_record_that_changes_nothing_still_moves_the_cursor():
    log = FakeLog()
    loop = make_loop(log, ScriptStep({}), Ends())
    await run(loop, 0, 1, 2)
    assert loop.cursor == 2
    assert [r.key for r in log.of(JOURNAL)[-1]] == [CURSOR]


async def test_groups_are_bounded():
    log = FakeLog()
    loop = make_loop(log, ScriptStep({}), Ends(), limits=Limits(4, group_records_max=3))
    await run(loop, *range(10))
    cursors = [read_entry(batch[-1].value).offset for batch in log.of(JOURNAL)]
    assert cursors == [2, 5, 8, 9]


async def test_an_exception_ends_the_worker_and_stores_nothing():
    log, ends = FakeLog(), Ends()
    loop = make_loop(log, ScriptStep({0: changes(a=b"1"), 1: ValueError("a bug")}), ends)
    await run(loop, 0, 1, ends=ends)
    assert ends.codes == [EXIT_FAULT]
    assert ends.reasons == ["fault"]
    assert log.batches == []


async def test_an_exception_may_choose_the_exit_code():
    class UnknownLogic(Exception):
        exit_code = 78
        reason = "unknown_logic"

    ends = Ends()
    await run(make_loop(FakeLog(), ScriptStep({0: UnknownLogic()}), ends), 0, ends=ends)
    assert (ends.codes, ends.reasons) == ([78], ["unknown_logic"])


async def test_a_failed_output_stores_nothing():
    ends = Ends()

    def refuse(topic: str) -> None:
        if topic == "test.commands":
            raise OSError("the broker is gone")

    log = FakeLog(before_append=refuse)
    loop = make_loop(log, ScriptStep({0: Effects({b"a": b"1"}, (output(b"x"),))}), ends)
    await run(loop, 0, ends=ends)
    assert ends.codes == [EXIT_FAULT]
    assert log.batches == []


async def test_a_hole_must_have_been_looked_into():
    log = FakeLog()
    loop = make_loop(log, ScriptStep({}), Ends())
    loop.start()
    loop.skip_hole(5)
    await run(loop, 5, 6)
    assert loop.cursor == 6


async def test_a_log_that_begins_with_a_hole_is_gone_into():
    """Retention has left the marker of somebody's transaction as its first."""
    loop = make_loop(FakeLog(), ScriptStep({}), Ends())
    loop.start()
    loop.skip_hole(5)
    loop.skip_hole(7)
    await run(loop, 7, 8)
    assert loop.cursor == 8


def test_a_record_out_of_place_is_not_queued():
    with pytest.raises(AssertionError):
        make_loop(FakeLog(), ScriptStep({}), Ends()).offer(record(1))


async def test_more_than_one_batch_goes_strictly_one_after_another():
    """So a worker that dies in between repeats a beginning and never skips."""
    half = bytes(BATCH_BYTES_MAX // 2)
    under_way: list[str] = []
    most: list[int] = []

    async def appending(topic: str) -> None:
        under_way.append(topic)
        most.append(under_way.count(topic))
        await asyncio.sleep(0)
        under_way.remove(topic)

    log = FakeLog(before_append=appending)
    outputs = (output(half), output(half), output(half), output(b"other", NOTICES))
    await run(make_loop(log, ScriptStep({0: Effects(outputs=outputs)}), Ends()), 0)
    assert len(log.of("test.commands")) == 3
    assert max(most) == 1


async def test_different_partitions_go_at_once():
    waiting: list[str] = []
    all_there = asyncio.Event()

    async def appending(topic: str) -> None:
        if topic == JOURNAL:
            return
        waiting.append(topic)
        if len(waiting) == 3:
            all_there.set()
        await all_there.wait()

    outputs = (output(b"a"), output(b"b", partition=1), output(b"c", NOTICES))
    log = FakeLog(before_append=appending)
    await run(make_loop(log, ScriptStep({0: Effects(outputs=outputs)}), Ends()), 0)
    assert len(waiting) == 3


async def test_without_a_partition_the_key_chooses_it():
    log = FakeLog()
    keys = (b"prod-1", b"prod-2", b"prod-3")
    effects = Effects(outputs=tuple(Output(TAPE, key, b"") for key in keys))
    await run(make_loop(log, ScriptStep({0: effects}), Ends()), 0)
    placed = {r.key: p for topic, p, batch in log.batches if topic == "test.tape" for r in batch}
    assert placed == {key: partition_for(key, 4) for key in keys}


async def test_an_output_too_large_for_its_topic_ends_the_worker():
    log, ends = FakeLog(), Ends()
    huge = Effects(outputs=(output(bytes(BATCH_BYTES_MAX)),))
    await run(make_loop(log, ScriptStep({0: huge}), ends), 0, ends=ends)
    assert ends.reasons == ["too_large"]
    assert log.batches == []


async def test_a_group_too_large_for_one_batch_is_halved():
    """The first alone would not have closed the group; with the second it is more than a batch."""
    log = FakeLog()
    script = {0: changes(a=bytes(MIB)), 1: changes(b=bytes(BATCH_BYTES_MAX - MIB // 2))}
    loop = make_loop(log, ScriptStep(script), Ends())
    await run(loop, 0, 1)
    assert [[r.key for r in batch] for batch in log.of(JOURNAL)] == [
        [b"a", CURSOR],
        [b"b", CURSOR],
    ]


async def test_a_record_whose_changes_fit_no_batch_ends_the_worker():
    ends, log = Ends(), FakeLog()
    script = {0: changes(a=bytes(BATCH_BYTES_MAX))}
    await run(make_loop(log, ScriptStep(script), ends), 0, ends=ends)
    assert ends.reasons == ["too_large"]
    assert log.of(JOURNAL) == []


async def test_a_journal_at_rest_is_touched():
    log, touched = FakeLog(), asyncio.Event()
    loop = make_loop(log, ScriptStep({}), Ends())
    loop.touch_every_s = 0.01
    log.before_append = lambda _: touched.set() if loop.cursor == 0 else None
    loop.start()
    loop.offer(record(0))
    async with asyncio.timeout(30):
        await touched.wait()
    await loop.stop(30)
    assert [r.key for r in log.of(JOURNAL)[-1]] == [CURSOR]


class ClosedGate:
    """Opens when told to."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.opened = asyncio.Event()

    def is_open(self, places: Collection[Place]) -> bool:
        return self.opened.is_set()

    async def wait_open(self, places: Collection[Place]) -> None:
        self.asked.set()
        await self.opened.wait()


async def test_a_closed_gate_holds_outputs_back():
    log, gate = FakeLog(), ClosedGate()
    loop = make_loop(log, ScriptStep({0: Effects(outputs=(output(b"x"),))}), Ends(), gate=gate)
    running = asyncio.create_task(run(loop, 0))
    await gate.asked.wait()
    assert log.batches == []
    gate.opened.set()
    await running
    assert loop.cursor == 0


async def test_stopping_at_a_closed_gate_drops_the_group():
    log, gate = FakeLog(), ClosedGate()
    loop = make_loop(log, ScriptStep({0: Effects(outputs=(output(b"x"),))}), Ends(), gate=gate)
    loop.start()
    loop.offer(record(0))
    await gate.asked.wait()
    await loop.stop(30)
    assert log.batches == []


async def test_stopping_finishes_the_group_under_way_and_no_other():
    acknowledged, sending = asyncio.Event(), asyncio.Event()

    async def slowly(topic: str) -> None:
        if topic == "test.commands":
            sending.set()
            await acknowledged.wait()

    log = FakeLog(before_append=slowly)
    script: Mapping[int, Effects] = {n: Effects(outputs=(output(b"x"),)) for n in range(3)}
    loop = make_loop(log, ScriptStep(script), Ends(), limits=Limits(4, group_records_max=1))
    loop.start()
    for offset in range(3):
        loop.offer(record(offset))
    await sending.wait()
    stopping = asyncio.create_task(loop.stop(30))
    await asyncio.sleep(0)
    acknowledged.set()
    await stopping
    assert loop.cursor == 0


async def test_a_queue_is_full_by_number_or_by_bytes():
    loop = make_loop(FakeLog(), ScriptStep({}), Ends(), limits=Limits(4, queue_records_max=2))
    loop.offer(record(0))
    assert not loop.is_full
    loop.offer(record(1))
    assert loop.is_full
    other = make_loop(FakeLog(), ScriptStep({}), Ends())
    other.offer(record(0, bytes(QUEUE_BYTES_MAX)))
    assert other.is_full
