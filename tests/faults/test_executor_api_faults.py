"""The API is down, or the world moves under a command: never a second effect, never a guess. What
it may answer to each kind of request is in `test_executor_every_verb`."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from deploy.sandbox.cluster.handle import Cluster
from deploy.sandbox.kafka import Kafka
from schemas.remediation import OutcomeReason, OutcomeStatus
from tests.faults.executor_wire import Fault
from tests.faults.executor_world import World, world

pytestmark = [pytest.mark.broker, pytest.mark.slow]

OUTAGE_S = 5.0
TTL_MS = 8_000
"""Runs while the command is on its way, and is waited for."""


@pytest_asyncio.fixture
async def here(kafka: Kafka, api: Cluster, tmp_path: Path) -> AsyncIterator[World]:
    async with world(kafka.bootstrap, api.url, tmp_path) as made:
        yield made


async def test_somebody_changes_the_target_between_look_and_act(here: World):
    here.start_executor()
    seen = await here.look()
    here.somebody_changes(note="a human was here")
    outcome = await here.ended(await here.act(seen))
    assert (outcome.status, outcome.reason) == (OutcomeStatus.REJECTED, OutcomeReason.STALE)
    assert here.wire.asked == []


async def test_somebody_changes_the_target_while_the_request_is_under_way(here: World):
    here.start_executor()
    seen = await here.look()
    late = asyncio.Event()
    here.wire.faults.append(Fault(held_until=late))
    act = await here.act(seen)
    await here.wire.on_change.wait()
    here.somebody_changes(note="a human was here")
    late.set()
    outcome = await here.ended(act)
    assert (outcome.status, outcome.reason) == (OutcomeStatus.REJECTED, OutcomeReason.STALE)
    assert [a.status for a in here.wire.asked] == [422]


async def test_the_api_is_down_and_comes_back(here: World):
    here.start_executor()
    seen = await here.look()
    await here.wire.stop()
    act = await here.act(seen)
    await asyncio.sleep(OUTAGE_S)  # the fault itself lasts
    assert not here.records.terminals(act.command_id)
    await here.wire.start()
    assert (await here.ended(act)).status is OutcomeStatus.APPLIED


async def test_the_api_is_down_until_the_command_expires(here: World):
    here.start_executor()
    seen = await here.look()
    await here.wire.stop()
    outcome = await here.ended(await here.act(seen, ttl_ms=TTL_MS))
    assert (outcome.status, outcome.reason) == (OutcomeStatus.FAILED, OutcomeReason.API_DOWN)
    await here.wire.start()


async def test_sent_perhaps_and_never_readable_again_it_is_unknown(here: World):
    executor = here.start_executor()
    seen = await here.look()
    late = asyncio.Event()
    here.wire.faults.append(Fault(forward=False, answer=False, held_until=late))
    act = await here.act(seen, ttl_ms=TTL_MS)
    await here.wire.on_change.wait()
    late.set()
    await here.wire.stop()
    outcome = await here.ended(act)
    assert (outcome.status, outcome.reason) == (OutcomeStatus.UNKNOWN, OutcomeReason.NO_ANSWER)
    assert executor.alive
    await here.wire.start()


async def test_the_kill_switch_stops_acts_and_not_looks(here: World):
    here.start_executor()
    seen = await here.look()
    await here.kill_switch(True)
    await _switches_heard(here)
    outcome = await here.ended(await here.act(seen))
    assert (outcome.status, outcome.reason) == (OutcomeStatus.REJECTED, OutcomeReason.KILLED)
    assert (await here.look()).found
    await here.kill_switch(False)
    await _switches_heard(here)
    assert (await here.ended(await here.act(seen))).status is OutcomeStatus.APPLIED


async def test_the_kill_switch_stops_a_resend(here: World):
    here.start_executor()
    seen = await here.look()
    here.wire.faults.append(Fault(status=429, headers={"Retry-After": "8"}))
    act = await here.act(seen)
    await here.wire.on_change.wait()
    await here.kill_switch(True, cluster="*")
    outcome = await here.ended(act)
    assert (outcome.status, outcome.reason) == (OutcomeStatus.REJECTED, OutcomeReason.KILLED)
    assert len(here.wire.asked) == 1


async def test_bytes_that_are_no_command_cost_only_themselves(here: World):
    executor = here.start_executor()
    await here.send_raw(b"\xff not a command", b"eu-1")
    await here.send_raw(b"", b"eu-1")
    assert (await here.look()).found
    assert executor.alive


async def _switches_heard(here: World) -> None:
    """The executor reads the switches in one order with its own beats."""
    wanted = here.records.beats + 2
    await here.records.until(lambda: here.records.beats >= wanted, "two more heartbeats")
