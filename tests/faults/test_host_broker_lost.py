"""A broker that dies while it starts, or has no room left to write: the work waits, and goes on by
itself when the broker does."""

import asyncio
import resource
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from deploy.sandbox.errors import SandboxError
from deploy.sandbox.kafka import Kafka
from tests.faults.waits import timed, until
from tests.faults.world import World, world

pytestmark = [pytest.mark.broker, pytest.mark.slow]

DEATHS = 3
ROOM_LEFT_BYTES = 20_000


async def test_a_broker_killed_three_times_while_it_starts(
    own_kafka: Callable[..., Kafka], tmp_path: Path, seed: int
):
    broker = own_kafka()
    async with world(broker.bootstrap, tmp_path, seed) as chains:
        chains.start_worker()
        async with chains.kept_running():
            async with chains.steady_load():
                await chains.outputs.more(300)
                broker.kill()
                for _ in range(DEATHS):
                    await _dies_starting(broker, chains.random.uniform(0.2, 1.2))
                await asyncio.to_thread(broker.start)
                await _goes_on(chains)
            await chains.caught_up()
        await chains.check()


async def test_a_broker_without_room_to_write(
    own_kafka: Callable[..., Kafka], tmp_path: Path, seed: int
):
    """Its files may not grow; the one folder that it has fails, so it ends, as on a full disk."""
    broker = own_kafka()
    async with world(broker.bootstrap, tmp_path, seed) as chains:
        chains.start_worker()
        async with chains.kept_running():
            async with chains.steady_load():
                await chains.outputs.more(300)
                largest = max(file.stat().st_size for file in broker.data_dir.rglob("*.log"))
                _, most = resource.prlimit(broker.pid, resource.RLIMIT_FSIZE)
                room = (largest + ROOM_LEFT_BYTES, most)
                resource.prlimit(broker.pid, resource.RLIMIT_FSIZE, room)
                await until(lambda: not broker.alive, "the broker's end")
                assert "File too large" in broker.log_file.read_text()
                await asyncio.to_thread(broker.start)
                await _goes_on(chains)
            await chains.caught_up()
        await chains.check()


async def _dies_starting(broker: Kafka, after_s: float) -> None:
    starting = asyncio.create_task(asyncio.to_thread(broker.start))
    await until(lambda: broker.alive or starting.done(), "the broker's process")
    await asyncio.sleep(after_s)  # anywhere in its start
    broker.kill()
    with suppress(SandboxError):
        await starting


async def _goes_on(chains: World) -> None:
    """A worker that was in doubt for too long ends, maybe only now; then there is another."""
    with timed("from the broker's answer to the next output"):
        await chains.outputs.more(1)
    await chains.outputs.more(300)
