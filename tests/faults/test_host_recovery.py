"""Reading the journals takes longer than the session lasts, and workers die over it."""

import asyncio
import os
from pathlib import Path

import pytest

from deploy.sandbox.kafka import Kafka
from streams.host.inputs import DECIDE
from tests.faults.long_journals import lengthen
from tests.faults.waits import ended, said, timed
from tests.faults.world import World, world

pytestmark = [pytest.mark.broker, pytest.mark.slow]

RECORDS = int(os.environ.get("MENDLOG_JOURNAL_RECORDS", "150_000"))
SESSION_S = 1.0
"""Reading the above takes longer by far."""
OPENINGS_MAX = 10
"""One, and one more for each time that the machine has no time for a heartbeat either. Whoever is
put out for reading never comes to the end of it."""
STANDS_STILL = "decide.journal_read:1:STOP"
"""Who comes to the end of what it reads before it is killed goes no further."""
OPENING, OPEN = " opening ", " open "


async def test_a_recovery_longer_than_the_session_comes_to_its_end(kafka: Kafka, tmp_path: Path):
    """Nobody is put out of the group for reading, so nobody begins again and again."""
    async with world(kafka.bootstrap, tmp_path, seed=1) as chains:
        await _has_long_journals(chains)
        worker = chains.start_worker(session_s=SESSION_S)
        await said(worker, OPENING)
        with timed(f"{RECORDS:,} records of a journal on each of 2 partitions"):
            await said(worker, OPEN)
        await chains.load(200)
        await chains.caught_up()
        assert worker.alive
        assert worker.log_file.read_text().count(OPENING) <= OPENINGS_MAX
        await chains.check()


async def test_workers_killed_while_they_rebuild(kafka: Kafka, tmp_path: Path, seed: int):
    async with world(kafka.bootstrap, tmp_path, seed) as chains:
        await _has_long_journals(chains)
        await chains.load(200)
        for _ in range(2):
            dies = chains.start_worker(fault=STANDS_STILL, session_s=SESSION_S)
            await said(dies, OPENING)
            await asyncio.sleep(chains.random.uniform(0.0, 0.8))  # anywhere in what it reads
            dies.kill()
            assert OPEN not in dies.log_file.read_text()
        late = chains.start_worker(fault="decide.journal_read:1:KILL", session_s=SESSION_S)
        await ended(late)
        with timed("from the death of the last to all outputs"):
            chains.start_worker(session_s=SESSION_S)
            await chains.caught_up()
        await chains.check()


async def _has_long_journals(chains: World) -> None:
    await chains.load(500)
    worker = chains.start_worker()
    await chains.caught_up()
    await asyncio.to_thread(worker.stop)
    await lengthen(chains, DECIDE, RECORDS)
