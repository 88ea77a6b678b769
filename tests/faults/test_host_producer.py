"""Batches that are refused, lost on the way or acknowledged to nobody: no output is skipped."""

import asyncio
from pathlib import Path

import pytest

from deploy.sandbox.kafka import Kafka
from deploy.sandbox.processes import Child
from schemas.topics import COMMANDS
from streams.host.entries import CURSOR, read_entry
from streams.host.exits import EXIT_FAULT
from streams.host.inputs import DECIDE
from streams.host.reading import LogReader
from tests.faults.admin import configure
from tests.faults.chain import ENDS, SWARM
from tests.faults.proxy import Proxy, proxied
from tests.faults.waits import WITHIN_S, ended, timed
from tests.faults.world import LONG_SESSION_S, World, world

pytestmark = [pytest.mark.broker, pytest.mark.slow]

CUTS = 12


async def test_connections_cut_around_appends(tmp_path: Path, seed: int):
    """What was lost is sent again; what was written and never acknowledged is not written twice."""
    async with (
        proxied(tmp_path / "kafka") as (broker, line),
        world(broker.bootstrap, tmp_path, seed) as chains,
    ):
        through = {"MENDLOG_BOOTSTRAP": line.address}
        worker = chains.start_worker(settings=through, session_s=LONG_SESSION_S)
        async with chains.steady_load():
            await chains.outputs.more(200)
            line.cut = lambda _: _now_and_then(chains, line)
            with timed(f"{CUTS} connections cut around an append"):
                await chains.outputs.until(lambda: len(line.cuts) >= CUTS, "cuts")
            line.cut = lambda _: ""
            await chains.outputs.more(200)
        await chains.caught_up()
        assert worker.alive
        assert chains.outputs.count == chains.outputs.distinct, "a retry was written again"
        await chains.check()


def _now_and_then(chains: World, line: Proxy) -> str:
    if chains.random.random() > 0.05:
        return ""
    return ("lost", "unanswered")[len(line.cuts) % 2]


async def test_a_batch_that_the_broker_refuses_ends_the_worker_until_it_is_taken(
    kafka: Kafka, tmp_path: Path
):
    """Batches before it and after it are taken, so going on would leave a gap."""
    async with world(kafka.bootstrap, tmp_path, seed=1) as chains:
        commands, declared = COMMANDS.name(chains.prefix), COMMANDS.config()
        worker = chains.start_worker()
        await chains.load(20)
        await chains.caught_up()
        await configure(chains.bootstrap, commands, declared | {"max.message.bytes": "1000"})
        await _load_until_it_ends(chains, worker)
        assert worker.exit_code == EXIT_FAULT
        assert "mendlog topics check" in worker.log_file.read_text()
        await configure(chains.bootstrap, commands, declared)
        async with chains.kept_running():
            await chains.caught_up()
        await chains.check()


async def _load_until_it_ends(chains: World, worker: Child) -> None:
    """What a topic is told is in force a little later."""
    async with asyncio.timeout(WITHIN_S):
        while worker.alive:
            await chains.load(400)


async def test_a_group_larger_than_a_batch_is_stored_in_parts(kafka: Kafka, tmp_path: Path):
    """Two records of 80,000 entries each belong to one group by their size, and to two batches. The
    first record of all gives them the time to wait together."""
    async with world(kafka.bootstrap, tmp_path, seed=1, partitions=1) as chains:
        ranges = [(0, 1), (0, 80_000), (80_000, 160_000)]
        told = [(b"seen", *r) for r in ranges] + [(ENDS, *r) for r in ranges]
        records = [(SWARM, b"%s %d %d" % what) for what in told]
        await chains.append(chains.place(DECIDE.source, 0), records)
        await ended(chains.start_worker(fault="decide.journal_written:2:KILL"))
        assert await _cursors(chains) >= {0, 1, 2}
        await ended(chains.start_worker(fault="decide.outputs_acked:1:KILL"))
        with timed("what was left of 320,000 entries"):
            chains.start_worker()
            await chains.caught_up()
        # A worker that is told to stop has not the time to store so many.
        await chains.cursors_published()
        await chains.check()


async def _cursors(chains: World) -> set[int]:
    journal = DECIDE.journal.name(chains.prefix)
    found = LogReader(chains.bootstrap).read_all(journal, [0], {})
    return {
        read_entry(record.value).offset
        async for _, records in found
        for record in records
        if record.key == CURSOR
    }
