"""A worker that slept while another went on: what it still writes is old truth, and is covered."""

import asyncio
from itertools import count
from pathlib import Path

import pytest

from deploy.sandbox.kafka import Kafka
from streams.host.entries import Fold
from streams.host.exits import EXIT_FAULT
from streams.host.inputs import DECIDE
from streams.host.reading import LogReader
from tests.faults.proxy import proxied
from tests.faults.waits import ended, said, timed, until
from tests.faults.world import LONG_SESSION_S, World, world

pytestmark = [pytest.mark.broker, pytest.mark.slow]

REPAIRED = "journal repaired"
BEFORE_THE_STATE_WRITE = ("consumed", "outputs_acked")


@pytest.mark.parametrize("point", BEFORE_THE_STATE_WRITE)
async def test_a_zombie_adds_only_old_truth_and_ends(
    kafka: Kafka, tmp_path: Path, seed: int, point: str
):
    async with world(kafka.bootstrap, tmp_path, seed, partitions=1) as chains:
        await chains.load(400)
        zombie = chains.start_worker(fault=f"decide.{point}:3:STOP")
        await said(zombie, f"fault: decide.{point}")
        owner = chains.start_worker(session_s=LONG_SESSION_S)
        async with chains.steady_load():
            with timed(f"taken over from a worker stopped at {point}"):
                await _goes_on(chains)
            zombie.resume()
            await ended(zombie)
            await said(owner, REPAIRED)
            await chains.outputs.more(100)
        await chains.caught_up()
        assert zombie.exit_code == EXIT_FAULT
        assert "another worker is at" in zombie.log_file.read_text()
        assert owner.alive
        assert not await _hidden(chains)
        await chains.check()


async def test_a_zombie_stopped_after_its_state_write_begins_nothing_that_counts(
    kafka: Kafka, tmp_path: Path, seed: int
):
    """It may carry out what it had queued, and end of it, or hear first that it is out."""
    async with world(kafka.bootstrap, tmp_path, seed, partitions=1) as chains:
        await chains.load(400)
        zombie = chains.start_worker(fault="decide.journal_written:3:STOP")
        await said(zombie, "fault: decide.journal_written")
        owner = chains.start_worker(session_s=LONG_SESSION_S)
        async with chains.steady_load():
            with timed("taken over from a worker stopped at journal_written"):
                await _goes_on(chains)
            zombie.resume()
            await chains.outputs.more(1_000)
        await chains.caught_up()
        assert zombie.exit_code in (None, EXIT_FAULT)
        assert owner.alive
        assert not await _hidden(chains)
        await chains.check()


async def test_a_zombie_that_wakes_when_nobody_is_left(kafka: Kafka, tmp_path: Path, seed: int):
    """Its old truth is the last in the journal; whoever opens that next must not believe it."""
    async with world(kafka.bootstrap, tmp_path, seed, partitions=1, keys=100) as chains:
        await chains.load(400)
        zombie = chains.start_worker(fault="decide.outputs_acked:3:STOP")
        await said(zombie, "fault: decide.outputs_acked")
        owner = chains.start_worker()
        await chains.caught_up()
        await asyncio.to_thread(owner.stop)
        zombie.resume()
        await ended(zombie)
        assert await _hidden(chains)
        chains.start_worker(session_s=LONG_SESSION_S)
        await chains.load(100)
        await chains.caught_up()
        assert zombie.exit_code == EXIT_FAULT
        assert chains.said(REPAIRED) == 1
        await chains.check()


async def test_a_write_that_arrives_after_its_writers_death(tmp_path: Path, seed: int):
    """It was on the way while the writer was killed and another went on: nobody is left to ask."""
    async with (
        proxied(tmp_path / "kafka") as (broker, line),
        world(broker.bootstrap, tmp_path, seed, partitions=1) as chains,
    ):
        journal = DECIDE.journal.name(chains.prefix).encode()
        writes = count()
        line.cut = lambda asked: "held" if journal in asked and next(writes) == 2 else ""
        await chains.load(400)
        dead = chains.start_worker(settings={"MENDLOG_BOOTSTRAP": line.address})
        await until(lambda: bool(line.cuts), "the third write of its journal", dead)
        dead.kill()
        owner = chains.start_worker(session_s=LONG_SESSION_S)
        async with chains.steady_load():
            with timed("taken over from a worker killed in the middle of a write"):
                await _goes_on(chains)
            line.release.set()
            await said(owner, REPAIRED)
            await chains.outputs.more(100)
        await chains.caught_up()
        assert owner.alive
        assert not await _hidden(chains)
        await chains.check()


async def _goes_on(chains: World) -> None:
    """Returns when the next owner has written, more than the sleeper can have before."""
    await chains.outputs.until(lambda: chains.outputs.distinct > 400, "the owner's outputs")


async def _hidden(chains: World) -> set[bytes]:
    """Keys of which compaction would keep an older value than the one that holds."""
    fold = Fold()
    journal = DECIDE.journal.name(chains.prefix)
    async for _, records in LogReader(chains.bootstrap).read_all(journal, [0], {}):
        for record in records:
            fold.add(record.key, record.value, record.headers)
    assert not fold.contradictions
    return fold.hidden
