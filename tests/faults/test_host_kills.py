"""kill -9 at any moment loses nothing, doubles nothing and leaves no wrong state."""

import asyncio
import shutil
from pathlib import Path

import pytest

from deploy.sandbox.kafka import Kafka
from deploy.sandbox.processes import wait_until
from streams.host.inputs import DECIDE, DETECT
from tests.faults.waits import timed
from tests.faults.world import World, world

pytestmark = [pytest.mark.broker, pytest.mark.slow]

KILLS = 5
POINTS = ("consumed", "outputs_acked", "journal_written")


async def test_kills_under_load_leave_the_chains_whole(kafka: Kafka, tmp_path: Path, seed: int):
    async with world(kafka.bootstrap, tmp_path, seed) as chains:
        await chains.load(2_000)
        async with chains.steady_load():
            for _ in range(KILLS):
                worker = chains.start_worker()
                await chains.outputs.more(chains.random.randrange(1, 1_500))
                worker.kill()
            chains.start_worker()
            await chains.outputs.more(100)
        await chains.caught_up()
        await chains.check()


async def test_kills_between_any_two_steps_of_the_loop(kafka: Kafka, tmp_path: Path, seed: int):
    async with world(kafka.bootstrap, tmp_path, seed) as chains:
        await chains.load(1_000)
        for point in POINTS:
            await _dies_at(chains, point)
        chains.start_worker()
        await chains.caught_up()
        await chains.check()


async def test_a_worker_whose_folder_is_lost_begins_with_what_the_broker_has(
    kafka: Kafka, tmp_path: Path
):
    """No state is in the folder that a decision depends on."""
    folder = tmp_path / "its-folder"
    here = {"MENDLOG_DATA_DIR": str(folder)}
    inputs = (DETECT, DECIDE)
    async with world(kafka.bootstrap, tmp_path, seed=1, inputs=inputs) as chains:
        await chains.load(500)
        worker = chains.start_worker("detect,decide", settings=here)
        await chains.outputs.more(300)
        worker.kill()
        shutil.rmtree(folder)
        with timed("from the loss to all outputs"):
            chains.start_worker("detect,decide", settings=here)
            await chains.caught_up()
        await chains.check()


async def _dies_at(chains: World, point: str) -> None:
    nth = chains.random.randrange(1, 6)
    worker = chains.start_worker(fault=f"decide.{point}:{nth}:KILL")
    await asyncio.to_thread(
        wait_until, lambda: not worker.alive, timeout_s=60, what=f"death at {point}"
    )
    assert worker.exit_code == -9
