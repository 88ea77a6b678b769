"""Retention that deletes what was not applied yet: the worker says so, ends, and writes nothing."""

import asyncio
from pathlib import Path

import pytest

from deploy.sandbox.kafka import Kafka
from streams.host.exits import EXIT_REFUSED
from streams.host.inputs import DECIDE
from tests.faults.admin import delete_before
from tests.faults.chain import recomputed
from tests.faults.waits import ended
from tests.faults.world import LONG_SESSION_S, world

pytestmark = [pytest.mark.broker, pytest.mark.slow]

SAYS = ("retention was faster", "begin again under another topic prefix")


async def test_a_worker_whose_next_record_is_gone_starts_none_of_its_partitions(
    kafka: Kafka, tmp_path: Path
):
    async with world(kafka.bootstrap, tmp_path, seed=1) as chains:
        await chains.load(200)
        first = chains.start_worker()
        await chains.caught_up()
        await asyncio.to_thread(first.stop)
        await chains.load(200)
        await delete_before(chains.bootstrap, chains.place(DECIDE.source, 1), 300)
        written = await chains.written()
        refused = chains.start_worker()
        await ended(refused)
        assert refused.exit_code == EXIT_REFUSED
        assert all(words in refused.log_file.read_text() for words in SAYS)
        assert await chains.written() == written


async def test_a_worker_that_slept_through_retention_ends_though_nothing_more_arrives(
    kafka: Kafka, tmp_path: Path
):
    """A consumer out of range goes on at the end without a word, where it would wait forever."""
    async with world(kafka.bootstrap, tmp_path, seed=1, partitions=1) as chains:
        await chains.load(200)
        worker = chains.start_worker(session_s=LONG_SESSION_S)
        await chains.caught_up()
        worker.pause()
        await chains.load(400)
        facts = (await chains.facts(DECIDE))[0]
        await delete_before(chains.bootstrap, chains.place(DECIDE.source, 0), 590)
        worker.resume()
        await ended(worker)
        assert worker.exit_code == EXIT_REFUSED
        assert all(words in worker.log_file.read_text() for words in SAYS)
        journal = (await chains.journals(DECIDE))[0]
        assert journal.cursor < 589
        assert journal.live == recomputed(facts[: journal.cursor + 1])[0]
