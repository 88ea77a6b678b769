"""The broker freezes, dies, or gives the work to another: nothing is lost, nothing done twice."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.sandbox.cluster.handle import Cluster
from deploy.sandbox.kafka import Kafka
from schemas.remediation import OutcomeStatus
from tests.faults.executor_world import world

pytestmark = [pytest.mark.broker, pytest.mark.slow]

FREEZE_S = 12.0
"""Longer than a heartbeat may be old."""


async def test_the_broker_freezes(own_kafka: Callable[..., Kafka], api: Cluster, tmp_path: Path):
    broker = await asyncio.to_thread(own_kafka)
    async with world(broker.bootstrap, api.url, tmp_path) as here:
        executor = here.start_executor()
        seen = await here.look()
        broker.pause()
        await asyncio.sleep(FREEZE_S)  # the fault itself lasts
        broker.resume()
        assert (await here.ended(await here.act(seen))).status is OutcomeStatus.APPLIED
        assert executor.alive


async def test_the_broker_is_killed_and_comes_back(
    own_kafka: Callable[..., Kafka], api: Cluster, tmp_path: Path
):
    broker = await asyncio.to_thread(own_kafka)
    async with world(broker.bootstrap, api.url, tmp_path) as here:
        here.start_executor()
        seen = await here.look()
        async with here.kept_running():
            await asyncio.to_thread(broker.kill)
            await asyncio.to_thread(broker.start)
            act = await here.act(seen)
            outcome = await here.ended(act)
        assert outcome.status is OutcomeStatus.APPLIED


async def test_one_of_two_is_killed_and_the_other_goes_on(
    kafka: Kafka, api: Cluster, tmp_path: Path
):
    async with world(kafka.bootstrap, api.url, tmp_path) as here:
        first = here.start_executor()
        seen = await here.look()
        here.start_executor()
        await asyncio.to_thread(first.kill)
        assert (await here.ended(await here.act(seen))).status is OutcomeStatus.APPLIED
