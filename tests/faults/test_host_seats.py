"""A worker that comes after a killed one in its folder does not wait for that one's session."""

from pathlib import Path

import pytest

from deploy.sandbox.kafka import Kafka
from tests.faults.world import World, world

pytestmark = [pytest.mark.broker, pytest.mark.slow]

FOR_EVER_S = 600.0
"""Nothing here waits so long: were the old session waited for, nothing would come of it."""


async def test_the_next_in_the_folder_of_a_killed_worker_goes_on_at_once(
    kafka: Kafka, tmp_path: Path, seed: int
):
    async with world(kafka.bootstrap, tmp_path, seed) as chains:
        async with chains.steady_load():
            first = _start(chains, tmp_path / "one")
            await chains.outputs.more(200)
            first.kill()
            _start(chains, tmp_path / "one")
            await chains.outputs.more(200)
        await chains.caught_up()
        await chains.check()


async def test_one_that_was_only_frozen_finds_its_seat_gone(
    kafka: Kafka, tmp_path: Path, seed: int
):
    async with world(kafka.bootstrap, tmp_path, seed, partitions=1) as chains:
        async with chains.steady_load():
            frozen = _start(chains, tmp_path / "one")
            await chains.outputs.more(200)
            frozen.pause()
            owner = _start(chains, tmp_path / "one")
            await chains.outputs.more(500)
            frozen.resume()
            await chains.outputs.more(500)
        await chains.caught_up()
        assert owner.alive
        await chains.check()


def _start(chains: World, folder: Path):
    return chains.start_worker(session_s=FOR_EVER_S, settings={"MENDLOG_DATA_DIR": str(folder)})
