"""Somebody resets all group offsets: they were a notice board, and nobody goes on from there."""

import asyncio
from pathlib import Path

import pytest

from deploy.sandbox.kafka import Kafka
from streams.host.cursors import cursor_group
from streams.host.inputs import DECIDE, OBSERVE
from tests.faults.admin import reset_group
from tests.faults.world import LONG_SESSION_S, world

pytestmark = [pytest.mark.broker, pytest.mark.slow]

INPUTS = (OBSERVE, DECIDE)
NO_TICKS = {"MENDLOG_TICK_IDLE_S": "3600"}


async def test_offsets_reset_to_the_beginning_apply_nothing_again(kafka: Kafka, tmp_path: Path):
    async with world(kafka.bootstrap, tmp_path, seed=1, inputs=INPUTS) as chains:
        await chains.load(300)
        worker = chains.start_worker("observe,decide", settings=NO_TICKS)
        await chains.caught_up()
        await chains.cursors_published()
        await asyncio.to_thread(worker.stop)
        outputs = chains.outputs.count

        places = [chains.place(i.source, p) for i in INPUTS for p in chains.partitions]
        await reset_group(chains.bootstrap, chains.prefix, places)
        for source in INPUTS:
            its = [chains.place(source.source, p) for p in chains.partitions]
            await reset_group(chains.bootstrap, cursor_group(chains.prefix, source), its)

        chains.start_worker("observe,decide", settings=NO_TICKS, session_s=LONG_SESSION_S)
        await chains.load(100)
        await chains.caught_up()
        await chains.cursors_published()
        assert chains.outputs.count == outputs + 100 * len(places)
        await chains.check()
