"""Workers that join, leave, or come back from the dead never apply a record twice or skip one."""

import asyncio
from pathlib import Path

import pytest

from deploy.sandbox.kafka import Kafka
from deploy.sandbox.processes import Child
from streams.host.inputs import INPUTS
from tests.faults.waits import WITHIN_S, said, timed
from tests.faults.world import LONG_SESSION_S, SESSION_TIMEOUT_S, World, world

pytestmark = [pytest.mark.broker, pytest.mark.slow]

REPAIRED = "journal repaired"
STARTED = "worker started"
TRANSITIONS = 5
ROUNDS = 5
STAYS_S = 10.0


async def test_joining_and_leaving_under_load(kafka: Kafka, tmp_path: Path, seed: int):
    """Only the one that is killed has a session to wait for; the others are put out by nothing."""
    async with world(kafka.bootstrap, tmp_path, seed, partitions=6) as chains:
        await chains.load(500)
        async with chains.steady_load(0.05):
            first = chains.start_worker(session_s=LONG_SESSION_S)
            second = chains.start_worker()
            await said(first, STARTED)
            await chains.outputs.more(500)
            third = chains.start_worker(session_s=LONG_SESSION_S)
            await chains.outputs.more(1_000)
            with timed("to leave in good order"):
                await asyncio.to_thread(first.stop, WITHIN_S)
            await chains.outputs.more(1_000)
            second.kill()
            await chains.outputs.more(1_000)
        await chains.caught_up()
        assert first.exit_code == 0
        assert third.alive
        await chains.check()


@pytest.mark.soak
@pytest.mark.timeout(1_200)
async def test_two_then_three_then_two_workers_for_minutes(kafka: Kafka, tmp_path: Path, seed: int):
    """One that is starved for longer than its session may end; whoever runs it starts another."""
    async with world(kafka.bootstrap, tmp_path, seed, partitions=6) as chains:
        stay: list[Child] = []
        async with chains.steady_load(0.05):
            for leaves in (Child.stop, Child.kill) * ROUNDS:
                stay = [worker for worker in stay if worker.alive]
                stay += [chains.start_worker(session_s=STAYS_S) for _ in range(2 - len(stay))]
                third = chains.start_worker(session_s=STAYS_S)
                await asyncio.sleep(STAYS_S)
                await asyncio.to_thread(leaves, third)
                with timed(f"{leaves.__name__}: to the next outputs"):
                    await chains.outputs.more(500)
                await asyncio.sleep(STAYS_S)
        await chains.caught_up()
        await chains.check()


async def test_any_sequence_of_joining_leaving_dying_and_pausing(
    kafka: Kafka, tmp_path: Path, seed: int
):
    async with world(kafka.bootstrap, tmp_path, seed, partitions=4) as chains:
        chains.start_worker()
        async with chains.kept_running():
            async with chains.steady_load(0.05):
                for _ in range(TRANSITIONS):
                    await chains.outputs.more(chains.random.randrange(1, 500))
                    await _something_happens(chains)
                chains.start_worker()
                await chains.outputs.more(500)
            await chains.caught_up()
        await chains.check()


async def test_the_last_worker_is_one_that_paused_for_longer_than_its_session(
    kafka: Kafka, tmp_path: Path, seed: int
):
    """It ends, as what it holds may be another's by now; whoever runs it starts another."""
    async with world(kafka.bootstrap, tmp_path, seed, partitions=4) as chains:
        paused, other = chains.start_worker(), chains.start_worker()
        async with chains.kept_running():
            async with chains.steady_load(0.05):
                await said(paused, STARTED)
                await said(other, STARTED)
                await chains.outputs.more(500)
                paused.pause()
                await asyncio.sleep(SESSION_TIMEOUT_S * 1.5)
                paused.resume()
                other.kill()
                await chains.outputs.more(500)
            await chains.caught_up()
        await chains.check()


async def _something_happens(chains: World) -> None:
    here = [worker for worker in chains.workers if worker.alive]
    what = chains.random.choice(["join", "leave", "die", "pause"]) if here else "join"
    if what == "join" and len(here) < 3:
        chains.start_worker()
        return
    chosen = chains.random.choice(here)
    if what == "leave":
        await asyncio.to_thread(chosen.stop)
    elif what == "die":
        chosen.kill()
    else:
        chosen.pause()
        await asyncio.sleep(SESSION_TIMEOUT_S * 1.5)
        chosen.resume()
    if len(here) == 1:
        chains.start_worker()


async def test_a_worker_that_pauses_for_less_than_its_session_goes_on(
    kafka: Kafka, tmp_path: Path, seed: int
):
    async with world(kafka.bootstrap, tmp_path, seed) as chains:
        worker = chains.start_worker(session_s=LONG_SESSION_S)
        async with chains.steady_load():
            await chains.outputs.more(200)
            worker.pause()
            await asyncio.sleep(SESSION_TIMEOUT_S / 4)  # far from long
            worker.resume()
            await chains.outputs.more(200)
        await chains.caught_up()
        assert worker.alive
        assert chains.said(REPAIRED) == 0
        await chains.check()


async def test_agents_on_different_workers_share_partition_numbers_in_peace(
    kafka: Kafka, tmp_path: Path, seed: int
):
    """Every agent has a journal of its own, so equal partition numbers are no contention."""
    async with world(
        kafka.bootstrap, tmp_path, seed, partitions=3, keys=100, inputs=INPUTS
    ) as chains:
        for agents in ("observe", "relay", "detect", "decide", "observe,relay,detect,decide"):
            chains.start_worker(agents, session_s=LONG_SESSION_S)
        async with chains.steady_load():
            await chains.outputs.more(3_000)
        await chains.caught_up()
        assert chains.all_alive()
        assert chains.said(REPAIRED) == 0
        await chains.check()
