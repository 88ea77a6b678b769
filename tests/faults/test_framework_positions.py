"""Where the plain framework goes on after a restart, and where our loop does.

As in `test_framework_holes.py`, only what our loop does is a promise of ours.
"""

import asyncio
from pathlib import Path

import pytest

from deploy.sandbox.kafka import Kafka
from deploy.sandbox.processes import Child
from streams.host.loop import Limits
from tests.faults.plain import Plain, plain
from tests.faults.waits import ended, said
from tests.faults.world import World, world

pytestmark = [pytest.mark.broker, pytest.mark.slow]

RECORDS = 40
BACKLOG = 400
ALL = range(RECORDS + BACKLOG)
FIRST = 20
"""So many records come before the seek that should have been first."""
GROUP_RECORDS_MAX = Limits(tape_partitions=1).group_records_max
COMMIT_S = 0.5
"""How often the plain worker commits."""


async def test_a_table_loses_for_good_what_came_before_the_seek(kafka: Kafka, tmp_path: Path):
    """After the seek Faust drops what waits for the agent, hands on the rest of that poll, and
    takes what it then reads again below that for handled."""
    async with plain(kafka.bootstrap, tmp_path) as table:
        late = await _recovered_late(table)
        late.kill()
        table.start_worker("heir")
        await table.send([b"last"])
        await table.result_of(len(ALL))
        lost = sorted(set(ALL) - (await table.results()).keys())
        print(f"lost: {len(lost)}, {lost[:1]}")
        assert lost


async def test_a_table_that_was_late_to_seek_commits_no_more_and_counts_twice(
    kafka: Kafka, tmp_path: Path
):
    """Its commits stop at what it never handled, however much it has handled since."""
    async with plain(kafka.bootstrap, tmp_path) as table:
        late = await _recovered_late(table, cursor=False)
        await asyncio.sleep(4 * COMMIT_S)  # with nothing else to do than to commit
        late.kill()
        table.start_worker("heir", cursor=False)
        await table.send([b"last"])
        await table.result_of(len(ALL))
        assert len(await _counted_twice(table)) > BACKLOG / 2


async def test_a_loop_that_was_late_to_seek_goes_on_where_its_journal_ends(
    kafka: Kafka, tmp_path: Path
):
    async with world(kafka.bootstrap, tmp_path, seed=1, partitions=1) as chains:
        await chains.load(BACKLOG)
        async with chains.steady_load():
            late = chains.start_worker(settings={"LATE_SEEKS": str(FIRST)})
            await said(late, f"late seek: {FIRST} came first")
            await chains.outputs.more(BACKLOG)
        await chains.caught_up()
        late.kill()
        chains.start_worker()
        await chains.load(BACKLOG)
        await chains.caught_up()
        assert _repeated(chains) <= GROUP_RECORDS_MAX
        await chains.check()


async def test_a_table_counts_again_what_it_counted_while_others_were_in_hand(
    kafka: Kafka, tmp_path: Path
):
    """Nothing beyond them is committed, however much was handled."""
    async with plain(kafka.bootstrap, tmp_path) as table:
        await table.send([b"key-%d" % n for n in range(RECORDS)])
        in_hand = RECORDS, RECORDS + 1
        fault = ",".join(f"received:{offset + 1}:HANG" for offset in in_hand)
        worker = table.start_worker("here", fault=fault, concurrency=3, cursor=False)
        await table.result_of(RECORDS - 1)
        await table.committed(RECORDS)
        await table.send([b"key-%d" % n for n in range(RECORDS, len(ALL))])
        await table.result_of(len(ALL) - 1)
        await table.counted(b"key-%d" % (len(ALL) - 1))
        worker.kill()
        table.start_worker("here", cursor=False)
        await table.send([b"last"])
        await table.result_of(len(ALL))
        assert await _counted_twice(table) == set(ALL[RECORDS:]) - {*in_hand}


async def test_a_loop_killed_before_it_wrote_its_cursor_repeats_one_group_word_for_word(
    kafka: Kafka, tmp_path: Path
):
    async with world(kafka.bootstrap, tmp_path, seed=1, partitions=1) as chains:
        await chains.load(BACKLOG)
        await ended(chains.start_worker(fault="decide.outputs_acked:4:KILL"))
        chains.start_worker()
        await chains.caught_up()
        assert 0 < _repeated(chains) <= GROUP_RECORDS_MAX
        await chains.check()


async def _recovered_late(table: Plain, *, cursor: bool = True) -> Child:
    """A worker with a table to recover and a backlog to go on with, whose seek is late."""
    await table.send([b"key-%d" % n for n in range(RECORDS)])
    before = table.start_worker("before", cursor=cursor)
    await table.result_of(RECORDS - 1)
    await table.committed(RECORDS)
    await asyncio.to_thread(before.stop)
    await table.send([b"key-%d" % n for n in range(RECORDS, len(ALL))])
    late = table.start_worker("heir", cursor=cursor, late_seeks=FIRST)
    await said(late, f"late seek: {FIRST} came first")
    await table.result_of(len(ALL) - 1)
    return late


async def _counted_twice(table: Plain) -> set[int]:
    twice = {offset for offset, counts in (await table.results()).items() if len(counts) > 1}
    print(f"counted twice: {len(twice)}")
    return twice


def _repeated(chains: World) -> int:
    print(f"repeated: {chains.outputs.count - chains.outputs.distinct}")
    return chains.outputs.count - chains.outputs.distinct
