"""Somebody resets the executors' offsets to the beginning: every command comes again, and none acts
again, nor any that has expired meanwhile."""

import asyncio
from pathlib import Path

import pytest
from aiokafka import TopicPartition

from deploy.sandbox.cluster.handle import Cluster
from deploy.sandbox.kafka import Kafka
from schemas.remediation import OutcomeReason, OutcomeStatus
from schemas.topics import COMMANDS
from tests.faults.admin import reset_group
from tests.faults.executor_world import PARTITIONS, world

pytestmark = [pytest.mark.broker, pytest.mark.slow]

SHORT_TTL_MS = 500


async def test_commands_that_come_again_do_nothing_again(
    kafka: Kafka, api: Cluster, tmp_path: Path
):
    async with world(kafka.bootstrap, api.url, tmp_path) as here:
        first = here.start_executor()
        act = await here.act(await here.look())
        assert (await here.ended(act)).status is OutcomeStatus.APPLIED
        seen = await here.look()
        await asyncio.to_thread(first.stop)
        late = await here.act(seen, ttl_ms=SHORT_TTL_MS)
        await asyncio.sleep(2 * SHORT_TTL_MS / 1000)  # so that it has expired

        places = [TopicPartition(COMMANDS.name(here.prefix), p) for p in range(PARTITIONS)]
        await reset_group(here.bootstrap, f"{here.prefix}-executor", places)
        here.start_executor()
        outcome = await here.ended(late)
        assert (outcome.status, outcome.reason) == (OutcomeStatus.REJECTED, OutcomeReason.EXPIRED)
        assert (await here.ended(await here.act(seen))).status is OutcomeStatus.APPLIED
        assert len(here.wire.changes(act.command_id)) == 1
        assert not here.wire.changes(late.command_id)
