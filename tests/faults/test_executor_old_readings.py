"""Readings that are old, or not whole: never a second effect, none on what is no longer so, and no
end that the object does not show."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from deploy.sandbox.cluster.handle import Cluster
from deploy.sandbox.kafka import Kafka
from schemas.actions import DELETE_POD, DRAIN, EVICT_POD, RERUN_JOB, SCALE
from schemas.kinds import POD
from schemas.remediation import OutcomeReason, OutcomeStatus
from tests.faults.executor_cases import as_soon_as_it_can_be, make
from tests.faults.executor_verbs import (
    ELSEWHERE,
    UNMARKED,
    FlagHouse,
    ends,
    is_gone,
    node_with_pods,
    ordered,
    path_of,
    prepare,
    removing,
    send,
)
from tests.faults.executor_wire import Cut, Fault, Misreading
from tests.faults.executor_world import ALONE, World, world
from tests.hand import beside
from tests.remediators.actions.samples import SAMPLES, kept

pytestmark = [pytest.mark.broker, pytest.mark.slow]

APPLIED, REJECTED = OutcomeStatus.APPLIED, OutcomeStatus.REJECTED
UNKNOWN = OutcomeStatus.UNKNOWN


@pytest_asyncio.fixture
async def here(
    kafka: Kafka, api: Cluster, house: FlagHouse, tmp_path: Path
) -> AsyncIterator[World]:
    async with world(kafka.bootstrap, api.url, tmp_path) as made:
        made.counts_generations = False
        await asyncio.to_thread(prepare, made)
        settings = {**ALONE, **house.settings(tmp_path)}
        made.start_executor(actions_per_hour_max="1000", **settings)
        yield made


async def test_the_answer_is_lost_and_what_is_read_then_is_old(here: World, house: FlagHouse):
    """As if nothing had happened."""
    orders = await ordered(here, house, "old")
    for verb, order in orders.items():
        wire = house.wire if verb == ELSEWHERE else here.wire
        await wire.remember(order.subject)
        then = Misreading(order.subject, old=True)
        wire.faults.append(Fault(order.about, answer=False, then=then))
    await send(here, orders)
    for verb, outcome in (await ends(here, orders)).items():
        assert outcome.status is (UNKNOWN if verb == UNMARKED else APPLIED), (verb, outcome)
        assert orders[verb].happened(), verb
    assert len(here.wire.changes()) == len(orders) - 1
    assert len(house.wire.asked) == 1


async def test_read_as_it_was_before_the_evidence_it_has_not_moved(here: World):
    target = await asyncio.to_thread(make, here, SAMPLES[SCALE], "past")
    await here.wire.remember(path_of(target))
    here.hand.edits(target, {"metadata": {"annotations": {"note": "before we looked"}}})
    act = await as_soon_as_it_can_be(here, SCALE, target)
    then = Misreading(path_of(target), old=True)
    here.wire.faults.append(Fault((act.command_id,), answer=False, then=then))
    here.commands.append(act)
    await here.send(act)
    assert (await here.ended(act)).status is APPLIED
    assert len(here.wire.asked) == 1


@pytest.mark.parametrize("action", [DELETE_POD, EVICT_POD])
async def test_read_as_it_was_before_the_pod_was_there_it_is_not_gone(here: World, action: str):
    """The request was lost on its way, so that nobody has removed it."""
    target = beside(here.target, POD, "young")
    await here.wire.remember(path_of(target))
    here.hand.makes(target, kept("Keeper"))
    act = await as_soon_as_it_can_be(here, action, target)
    order = removing(here, act, target)
    then = Misreading(order.subject, old=True)
    here.wire.faults.append(Fault(order.about, forward=False, then=then))
    await send(here, {action: order})
    assert (await here.ended(act)).status is APPLIED
    assert order.happened()
    assert len(here.wire.asked) == 2


async def test_planned_on_an_old_reading_nothing_is_sent(here: World, house: FlagHouse):
    """What was looked at has moved since; the API's own tests say so to the rehearsal."""
    every = await ordered(here, house, "moved")
    orders = {verb: every[verb] for verb in ("PATCH", "DELETE", "EVICT")}
    for order in orders.values():
        await here.wire.remember(order.subject)
        here.wire.misreadings.append(Misreading(order.subject, old=True))
    here.hand.edits(orders["PATCH"].act.target, {"metadata": {"annotations": {"note": "mine"}}})
    for verb in ("DELETE", "EVICT"):
        pod = orders[verb].act.target
        here.core.delete_namespaced_pod(pod.name, pod.namespace, grace_period_seconds=0)
        here.hand.makes(pod, kept("Keeper"))
    await send(here, orders)
    for verb, outcome in (await ends(here, orders)).items():
        assert (outcome.status, outcome.reason) == (REJECTED, OutcomeReason.STALE), verb
    assert here.wire.asked == []


async def test_an_old_list_of_pods_costs_no_other_pod(here: World):
    """The pod that has left is asked for by its uid, and no other stands in for it."""
    node, pods = await asyncio.to_thread(node_with_pods, here, "list", 3)
    listed = f"spec.nodeName%3D{node.name}"
    first = await as_soon_as_it_can_be(here, DRAIN, node)
    here.commands.append(first)
    await here.send(first)
    assert (await here.ended(first)).status is APPLIED
    await asyncio.to_thread(
        here.core.delete_namespaced_pod, pods[0].name, pods[0].namespace, grace_period_seconds=0
    )
    here.wire.misreadings.append(Misreading(listed, old=True))
    second = await as_soon_as_it_can_be(here, DRAIN, node)
    here.commands.append(second)
    await here.send(second)
    assert (await here.ended(second)).status is REJECTED
    assert [is_gone(here, pod) for pod in pods] == [True, False, False]
    third = await as_soon_as_it_can_be(here, DRAIN, node)
    here.commands.append(third)
    await here.send(third)
    assert (await here.ended(third)).status is APPLIED
    assert [is_gone(here, pod) for pod in pods] == [True, True, False]


async def test_an_old_list_of_jobs_runs_none_twice(here: World):
    """No test of the API's keeps a second copy from being made under another name."""
    target = await asyncio.to_thread(make, here, SAMPLES[RERUN_JOB], "once")
    first = await as_soon_as_it_can_be(here, RERUN_JOB, target)
    here.commands.append(first)
    await here.send(first)
    assert (await here.ended(first)).status is APPLIED
    second = await as_soon_as_it_can_be(here, RERUN_JOB, target)
    here.commands.append(second)
    here.wire.misreadings.append(Misreading("/jobs?labelSelector", old=True))
    await here.send(second)
    outcome = await here.ended(second)
    assert (outcome.status, outcome.reason) == (REJECTED, OutcomeReason.INVALID)
    assert "it was run again before" in outcome.detail
    assert not here.wire.misreadings
    assert len(here.wire.asked) == 1


async def test_readings_that_are_not_whole_are_read_again(here: World, house: FlagHouse):
    """An object, a list of pods and a list of budgets, cut in every way: none is taken for less."""
    orders = await ordered(here, house, "cut")
    node = orders["EVICT of a drain"].act.target
    budgets = f"/namespaces/{here.namespace}/poddisruptionbudgets"
    listed = f"spec.nodeName%3D{node.name}"
    for cut in Cut:
        for verb, order in orders.items():
            wire = house.wire if verb == ELSEWHERE else here.wire
            place = f"/{order.act.target.name}"
            wire.misreadings.append(Misreading(place, cut=cut))
        here.wire.misreadings.append(Misreading(listed, cut=cut))
        here.wire.misreadings.append(Misreading(budgets, cut=cut))
    await send(here, orders)
    for verb, outcome in (await ends(here, orders)).items():
        assert outcome.status is APPLIED, (verb, outcome)
        assert orders[verb].happened(), verb
    assert not here.wire.misreadings
    assert not house.wire.misreadings
