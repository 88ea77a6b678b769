"""kill -9 in the middle of every action, on real processes: one effect, and one end.

One world for each action; each kill is of the executor that carried the command before it to its
end, with another object before it.
"""

import asyncio
import os
import random
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path

import pytest
import pytest_asyncio

from deploy.sandbox.cluster.handle import Cluster
from deploy.sandbox.kafka import Kafka
from deploy.sandbox.processes import Child
from remediators.actions.catalog import CATALOG
from schemas.kinds import KINDS
from schemas.remediation import Command
from tests.faults.conftest import SEEDS
from tests.faults.executor_cases import as_soon_as_it_can_be, files_for, make, make_beside
from tests.faults.executor_world import World, world
from tests.faults.moments import DONE, NO_ANSWER, End, Kills, any_moment
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
    executor, its = None, None
    for number, (point, then) in enumerate(pairwise((*POINTS, ""))):
        name = f"case-{number}"
        target = await asyncio.to_thread(make, here, sample, name)
        files = await asyncio.to_thread(files_for, sample, target, folder(tmp_path / name))
        if executor is None or files != its:
            executor = await asyncio.to_thread(another, here, executor, point, files)
        act = await as_soon_as_it_can_be(here, action, target)
        here.arm(executor)
        await here.send(act)
        here.commands.append(act)
        await here.died(executor)
        executor, its = another(here, None, then, files), files
        outcome = await here.ended(act)
        assert (outcome.status, outcome.reason) == in_doubt(action), (point, outcome)
    changes = len(here.wire.changes())
    assert changes == len(POINTS) or (action in ONCE and changes < len(POINTS))


def folder(path: Path) -> Path:
    path.mkdir()
    return path


def another(here: World, before: Child | None, die_at: str, files: dict[str, str]) -> Child:
    """That lives until it is armed."""
    if before is not None:
        before.stop()
    return here.start_executor(die_at, armed=False, **files)


def in_doubt(action: str) -> End:
    """How it ends where its announcer was killed."""
    return NO_ANSWER if action in ONCE else DONE


def _at_any_moment() -> list[str]:
    """All actions where seeds are named, and else three of them."""
    named = "MENDLOG_SEEDS" in os.environ
    actions = AT_THE_API if named else random.Random(SEEDS[0]).sample(AT_THE_API, CHOSEN)
    return list(actions)


@any_moment
@pytest.mark.parametrize("action", _at_any_moment())
async def test_killed_at_any_moment_it_has_acted_once(
    here: World, action: str, tmp_path: Path, request: pytest.FixtureRequest
):
    sample, wire = SAMPLES[action], here.wire
    await asyncio.to_thread(make_beside, here, sample)
    kills = Kills(here, request, lambda: len(wire.asked), lambda: len(wire.changes()))

    async def order(name: str) -> Command:
        target = await asyncio.to_thread(make, here, sample, name)
        of_it = folder(tmp_path / name)
        await kills.at_hand(**await asyncio.to_thread(files_for, sample, target, of_it))
        return await as_soon_as_it_can_be(here, action, target)

    await kills.each(action, order, in_doubt(action))
