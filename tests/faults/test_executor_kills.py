"""kill -9 at every point of a command's life: one effect, one end, and the intent before both. The
orders in which two requests may land are in `test_executor_zombies`."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from deploy.sandbox.cluster.handle import Cluster
from deploy.sandbox.kafka import Kafka
from schemas.actions import DEGRADE, SCALE
from schemas.remediation import CommandKind, OutcomeReason, OutcomeStatus
from tests.faults.executor_world import WITHIN_S, World, eventually, world

pytestmark = [pytest.mark.broker, pytest.mark.slow]

TTL_MS = 8_000
"""Runs while the command is on its way, and is waited for."""
POINTS = (
    "executor.claimed",
    "executor.intent_acked",
    "executor.request_sent",
    "executor.response_read",
    "executor.result_acked",
)


@pytest_asyncio.fixture
async def here(kafka: Kafka, api: Cluster, tmp_path: Path) -> AsyncIterator[World]:
    async with world(kafka.bootstrap, api.url, tmp_path) as made:
        yield made


async def looked(here: World):
    """By an executor of its own, so that the kill meets the ACT."""
    first = here.start_executor()
    seen = await here.look()
    await asyncio.to_thread(first.stop)
    return seen


@pytest.mark.parametrize("point", POINTS)
async def test_killed_and_started_again_it_has_acted_once(here: World, point: str):
    seen = await looked(here)
    act = await here.act(seen)
    await here.died(here.start_executor(die_at=point))
    here.start_executor()
    outcome = await here.ended(act)
    assert (outcome.status, outcome.reason) == (OutcomeStatus.APPLIED, "")
    assert len(here.wire.changes(act.command_id)) == 1


async def test_killed_in_the_middle_of_a_rollback_it_has_undone_once(here: World):
    seen = await looked(here)
    first = here.start_executor()
    act = await here.act(seen, action=SCALE, parameters={"by": "1", "max": "3"})
    applied = await here.ended(act)
    assert applied.undo == {"replicas": "1"}
    await asyncio.to_thread(first.stop)
    undo = await here.act(
        seen,
        CommandKind.ROLLBACK,
        action=SCALE,
        parameters=applied.undo,
        undoes=act.command_id,
    )
    await here.died(here.start_executor(die_at="executor.mid_rollback"))
    here.start_executor()
    assert (await here.ended(undo)).status is OutcomeStatus.APPLIED
    assert len(here.wire.changes(undo.command_id)) == 1
    assert here.deployment().spec.replicas == 1


async def test_degraded_and_rolled_back_by_executors_that_were_killed(here: World):
    seen = await looked(here)
    act = await here.act(seen, action=DEGRADE)
    await here.died(here.start_executor(die_at="executor.response_read"))
    second = here.start_executor()
    applied = await here.ended(act)
    assert applied.undo == {"variable": "DEGRADED_MODE", "value": "true"}
    assert here.env() == {"DEGRADED_MODE": "true"}
    await asyncio.to_thread(second.stop)
    undo = await here.act(
        seen,
        CommandKind.ROLLBACK,
        action=DEGRADE,
        parameters=applied.undo,
        undoes=act.command_id,
    )
    await here.died(here.start_executor(die_at="executor.request_sent"))
    here.start_executor()
    assert (await here.ended(undo)).status is OutcomeStatus.APPLIED
    assert len(here.wire.changes(undo.command_id)) == 1
    assert here.env() == {}


async def test_announced_and_expired_it_is_unknown_and_never_sent(here: World):
    """Nobody can prove that the killed one had not sent it."""
    victim = here.start_executor(die_at="executor.intent_acked")
    seen = await here.look()
    act = await here.act(seen, ttl_ms=TTL_MS)
    await here.died(victim)
    await eventually(lambda: time.time() * 1000 > act.expires_at_ms, "the command to expire")
    here.start_executor()
    outcome = await here.ended(act)
    assert (outcome.status, outcome.reason) == (OutcomeStatus.UNKNOWN, OutcomeReason.NO_ANSWER)
    assert here.wire.asked == []


async def test_announced_and_expired_on_a_target_that_moved_it_can_no_longer_win(here: World):
    victim = here.start_executor(die_at="executor.intent_acked")
    seen = await here.look()
    act = await here.act(seen, ttl_ms=TTL_MS)
    await here.died(victim)
    here.somebody_changes(note="a human was here")
    await eventually(lambda: time.time() * 1000 > act.expires_at_ms, "the command to expire")
    here.start_executor()
    outcome = await here.ended(act)
    assert (outcome.status, outcome.reason) == (OutcomeStatus.REJECTED, OutcomeReason.STALE)


async def test_read_from_the_first_command_on_nothing_happens_again(here: World):
    first = here.start_executor()
    seen = await here.look()
    act = await here.act(seen)
    await here.ended(act)
    expired = await here.act(seen, ttl_ms=-1)
    assert (await here.ended(expired)).reason == OutcomeReason.EXPIRED
    await asyncio.to_thread(first.stop)
    # Another group begins at offset 0, as after an offset reset.
    here.start_executor(group=f"{here.prefix}-reset")
    await here.send(act)
    await here.look()
    assert len(here.wire.changes()) == 1


async def test_stopped_in_good_order_it_leaves_its_partitions_at_once(here: World):
    first = here.start_executor(session_timeout_s="300")
    await here.look()
    await asyncio.to_thread(first.stop, WITHIN_S)
    assert first.exit_code == 0
    second = here.start_executor()
    await here.look()  # long before the first one's session runs out
    assert second.alive
