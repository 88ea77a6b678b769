"""kill -9 in the middle of every action, on real processes: one effect, and one end.

One world for each action; each kill is of another executor, with another object before it.
"""

import asyncio
import os
import random
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from deploy.sandbox.cluster.handle import Cluster
from deploy.sandbox.kafka import Kafka
from remediators.actions.catalog import CATALOG
from schemas.kinds import KINDS
from schemas.remediation import Command, OutcomeStatus
from tests.faults.conftest import SEEDS
from tests.faults.executor_cases import as_soon_as_it_can_be, files_for, make, make_beside
from tests.faults.executor_world import World, world
from tests.remediators.actions.samples import ONCE, SAMPLES

pytestmark = [pytest.mark.broker, pytest.mark.slow]

POINTS = ("executor.intent_acked", "executor.request_sent", "executor.response_read")
"""Before the INTENT and after the result all actions are alike: `test_executor_kills` is there."""

CHOSEN = 3
AT_THE_API = sorted(
    action for action in CATALOG if all(t.kind in KINDS for t in SAMPLES[action].beside)
)
"""Machines and commits are not the API's to keep: see `test_executor_killed_elsewhere`."""


@pytest_asyncio.fixture
async def here(kafka: Kafka, api: Cluster, tmp_path: Path) -> AsyncIterator[World]:
    async with world(kafka.bootstrap, api.url, tmp_path) as made:
        made.counts_generations = False
        yield made


@pytest.mark.parametrize("action", AT_THE_API)
async def test_killed_at_every_point_it_has_acted_once(here: World, action: str, tmp_path: Path):
    sample = SAMPLES[action]
    await asyncio.to_thread(make_beside, here, sample)
    survivor = here.start_executor()
    for number, point in enumerate(POINTS):
        target = await asyncio.to_thread(make, here, sample, f"case-{number}")
        files = await asyncio.to_thread(files_for, sample, target, tmp_path)
        act = await as_soon_as_it_can_be(here, action, target)
        await asyncio.to_thread(survivor.stop)
        await here.send(act)
        here.commands.append(act)
        await here.died(here.start_executor(die_at=point, **files))
        survivor = here.start_executor(**files)
        outcome = await here.ended(act)
        assert (outcome.status, outcome.reason) == in_doubt(action), (point, outcome)
    changes = len(here.wire.changes())
    assert changes == len(POINTS) or (action in ONCE and changes < len(POINTS))


def in_doubt(action: str) -> tuple[OutcomeStatus, str]:
    """How it ends where its announcer was killed."""
    if action in ONCE:
        return OutcomeStatus.UNKNOWN, "no_answer"
    return OutcomeStatus.APPLIED, ""


def _at_any_moment() -> list[str]:
    """All actions where seeds are named, and else three of them."""
    named = "MENDLOG_SEEDS" in os.environ
    actions = AT_THE_API if named else random.Random(SEEDS[0]).sample(AT_THE_API, CHOSEN)
    return list(actions)


@pytest.mark.parametrize("action", _at_any_moment())
async def test_killed_at_any_moment_it_has_acted_once(
    here: World, action: str, seed: int, tmp_path: Path
):
    """Not at a point that we have thought of. Another command before it tells how long they live
    on this machine and right now."""
    chance = random.Random(f"{action} {seed}")
    sample = SAMPLES[action]
    await asyncio.to_thread(make_beside, here, sample)
    measured, target = [
        await asyncio.to_thread(make, here, sample, name) for name in ("measured", "killed")
    ]
    files = await asyncio.to_thread(files_for, sample, measured, tmp_path)
    executor = here.start_executor(**files)
    first = await as_soon_as_it_can_be(here, action, measured)
    life_s = await _life_s(here, first)
    if files:  # They name the target.
        await asyncio.to_thread(executor.stop)
        files = await asyncio.to_thread(files_for, sample, target, tmp_path)
        executor = here.start_executor(**files)
    act = await as_soon_as_it_can_be(here, action, target)
    here.commands.append(act)
    await here.send(act)
    await asyncio.sleep(chance.uniform(0, life_s))
    await asyncio.to_thread(executor.kill)
    here.start_executor(**files)
    outcome = await here.ended(act)
    end, changes = (outcome.status, outcome.reason), len(here.wire.changes())
    assert end in ((OutcomeStatus.APPLIED, ""), in_doubt(action)), outcome
    assert changes == 2 or (changes == 1 and end == (OutcomeStatus.UNKNOWN, "no_answer"))


async def _life_s(here: World, act: Command) -> float:
    here.commands.append(act)
    began_s = time.monotonic()
    await here.send(act)
    await here.ended(act)
    return time.monotonic() - began_s
