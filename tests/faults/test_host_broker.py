"""A broker that crashes or freezes delays everything and loses nothing; no worker has to end."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.sandbox.kafka import Kafka
from tests.faults.world import world

pytestmark = [pytest.mark.broker, pytest.mark.slow]

FREEZE_S = 5.0


async def test_a_broker_killed_and_started_again(
    own_kafka: Callable[..., Kafka], tmp_path: Path, seed: int
):
    broker = own_kafka()
    async with world(broker.bootstrap, tmp_path, seed) as chains:
        chains.start_worker()
        async with chains.steady_load():
            for _ in range(2):
                await chains.outputs.more(chains.random.randrange(200, 1_000))
                broker.kill()
                await asyncio.to_thread(broker.start)
            await chains.outputs.more(200)
        await chains.caught_up()
        await chains.cursors_published()
        assert chains.all_alive()
        await chains.check()


async def test_a_broker_that_freezes(own_kafka: Callable[..., Kafka], tmp_path: Path, seed: int):
    broker = own_kafka()
    async with world(broker.bootstrap, tmp_path, seed) as chains:
        chains.start_worker()
        async with chains.steady_load():
            await chains.outputs.more(chains.random.randrange(200, 1_000))
            broker.pause()
            await asyncio.sleep(FREEZE_S)
            broker.resume()
            await chains.outputs.more(200)
        await chains.caught_up()
        await chains.cursors_published()
        assert chains.all_alive()
        await chains.check()
