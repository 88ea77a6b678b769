"""What the plain framework loses or spoils under a fault, and that our loop does not.

A test of the framework is no promise of ours: it says why the state is not in a Faust Table, and
fails when a release of Faust does better.
"""

from pathlib import Path

import pytest

from deploy.sandbox.kafka import Kafka
from streams.host.exits import EXIT_FAULT
from tests.faults.plain import CURSOR, plain
from tests.faults.waits import ended, reached, said
from tests.faults.world import world

pytestmark = [pytest.mark.broker, pytest.mark.slow]

RECORDS = 40


async def test_a_table_loses_for_good_what_was_stored_when_the_worker_was_killed(
    kafka: Kafka, tmp_path: Path
):
    """Its own disk says that the record was applied; the topic that all others read never hears."""
    async with plain(kafka.bootstrap, tmp_path) as table:
        await table.send([b"key-%d" % n for n in range(20)])
        await ended(table.start_worker("here", fault="stored:20:KILL"))
        await said(table.start_worker("here"), "sought")
        for n in range(20, RECORDS):  # one by one: a backlog meets another hole
            await table.send([b"key-%d" % n])
            await table.result_of(n)

        async def holds_the_last() -> bool:
            return (CURSOR, RECORDS - 1) in await table.changelog()

        await reached(holds_the_last, "the last write of the table")
        missing = {b"key-%d" % n for n in range(RECORDS)} - dict(await table.changelog()).keys()
        assert missing == {b"key-19"}


async def test_a_journal_has_all_that_was_applied_when_the_worker_was_killed(
    kafka: Kafka, tmp_path: Path
):
    async with world(kafka.bootstrap, tmp_path, seed=1, partitions=1) as chains:
        await chains.load(400)
        for point in ("outputs_acked", "journal_written"):
            await ended(chains.start_worker(fault=f"decide.{point}:2:KILL"))
        chains.start_worker()
        await chains.caught_up()
        await chains.check()


@pytest.mark.soak  # Faust's own race for the seek spoils some of its runs.
async def test_a_table_believes_a_worker_that_slept(kafka: Kafka, tmp_path: Path):
    """Whoever wrote last is right, and the next count starts from there."""
    async with plain(kafka.bootstrap, tmp_path) as table:
        await table.send([b"key"] * RECORDS)
        zombie = table.start_worker("zombie", fault="sent:20:STOP", late_seeks=0)
        await said(zombie, "fault: sent")
        owner = table.start_worker("owner", late_seeks=0)
        # One more than RECORDS where the owner finds the key of a record without the cursor.
        (counted,) = await table.result_of(RECORDS - 1)

        async def holds_the_last() -> bool:
            return (CURSOR, RECORDS - 1) in await table.changelog()

        await reached(holds_the_last, "the last write of the owner")
        written = len(await table.changelog())
        zombie.resume()

        async def has_written() -> bool:
            return len(await table.changelog()) > written

        await reached(has_written, "the late write")
        zombie.kill()
        owner.kill()
        assert dict(await table.changelog())[b"key"] < counted
        table.start_worker("heir", late_seeks=0)
        await table.send([b"key"])
        assert counted + 1 not in await table.result_of(RECORDS)


async def test_a_table_skips_the_record_over_which_its_agent_failed(kafka: Kafka, tmp_path: Path):
    async with plain(kafka.bootstrap, tmp_path) as table:
        await table.send([b"key-%d" % n for n in range(RECORDS)])
        worker = table.start_worker("here", fault="received:20:RAISE")
        await table.result_of(RECORDS - 1)
        await table.committed(RECORDS)
        assert worker.alive
        assert set(range(RECORDS)) - (await table.results()).keys() == {19}


async def test_a_loop_that_fails_over_a_record_ends_and_begins_with_it_again(
    kafka: Kafka, tmp_path: Path
):
    async with world(kafka.bootstrap, tmp_path, seed=1, partitions=1) as chains:
        await chains.load(400)
        failed = chains.start_worker(fault="decide.consumed:2:RAISE")
        await ended(failed)
        assert failed.exit_code == EXIT_FAULT
        chains.start_worker()
        await chains.caught_up()
        await chains.check()


async def test_an_agent_of_two_commits_beyond_the_record_that_one_of_them_still_has(
    kafka: Kafka, tmp_path: Path
):
    async with plain(kafka.bootstrap, tmp_path) as table:
        await table.send([b"key-%d" % n for n in range(RECORDS)])
        worker = table.start_worker("here", fault="received:1:HANG", concurrency=2)
        await table.committed(RECORDS // 2)
        worker.kill()
        table.start_worker("here", concurrency=2)
        await table.result_of(RECORDS - 1)
        assert 0 not in await table.results()


async def test_a_worker_killed_over_its_first_records_leaves_them_to_the_next(
    kafka: Kafka, tmp_path: Path
):
    """Others go on beside it, and what they publish of themselves is no word about its records."""
    async with world(kafka.bootstrap, tmp_path, seed=1) as chains:
        await chains.load(400)
        hangs = chains.start_worker(fault="decide.consumed:1:STOP")
        await said(hangs, "fault: decide.consumed")
        chains.start_worker()
        await chains.outputs.more(100)
        hangs.kill()
        await chains.caught_up()
        await chains.check()
