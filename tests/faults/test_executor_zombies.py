"""Executors that are stopped or killed with requests of every kind under way, and others that act
meanwhile: no second effect, in whatever order things land. The orders are those of G5.
"""

import asyncio
from collections.abc import AsyncIterator, Container, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from deploy.sandbox.cluster.handle import Cluster
from deploy.sandbox.kafka import Kafka
from deploy.sandbox.processes import Child
from schemas.actions import DRAIN
from schemas.kinds import JOB
from schemas.remediation import OutcomeReason, OutcomeStatus, Target
from tests.faults.executor_cases import as_soon_as_it_can_be
from tests.faults.executor_verbs import (
    ELSEWHERE,
    ONCE,
    FlagHouse,
    Order,
    ends,
    is_gone,
    node_with_pods,
    ordered,
    prepare,
    send,
)
from tests.faults.executor_wire import Fault, Misreading, Wire
from tests.faults.executor_world import World, eventually, world
from tests.remediators.actions.samples import FAILED, kept

pytestmark = [pytest.mark.broker, pytest.mark.slow]

APPLIED, UNKNOWN = OutcomeStatus.APPLIED, OutcomeStatus.UNKNOWN


@pytest.fixture
def settings(house: FlagHouse, tmp_path: Path) -> dict[str, str]:
    return house.settings(tmp_path)


@pytest_asyncio.fixture
async def here(kafka: Kafka, api: Cluster, tmp_path: Path) -> AsyncIterator[World]:
    async with world(kafka.bootstrap, api.url, tmp_path) as made:
        made.counts_generations = False
        await asyncio.to_thread(prepare, made)
        yield made


def wire_of(here: World, house: FlagHouse, verb: str) -> Wire:
    return house.wire if verb == ELSEWHERE else here.wire


def times_done(here: World, house: FlagHouse, order: Order) -> int:
    every = [*here.wire.changes(), *house.wire.changes()]
    return sum(any(w in a.path + a.body.decode() for w in order.about) for a in every)


async def all_held(here: World, house: FlagHouse, number: int) -> None:
    held = lambda: len(here.wire.asked) + len(house.wire.asked) >= number  # noqa: E731
    await eventually(held, f"{number} requests under way")


async def all_landed(here: World, house: FlagHouse) -> None:
    every = [*here.wire.asked, *house.wire.asked]
    await eventually(lambda: all(a.status for a in every), "what was held to land")


async def alone_again(here: World, zombie: Child, other: Child) -> None:
    """Whatever the zombie was about to do is done when it answers for all of it once more."""
    zombie.resume()
    await asyncio.to_thread(other.stop)
    assert (await here.look()).found
    assert zombie.alive


async def test_stopped_before_its_intent_it_wakes_up_when_another_has_acted(
    here: World, house: FlagHouse, settings: dict[str, str]
):
    """It has planned, and been told by a rehearsal that all is well."""
    here.concluded_twice = True
    zombie = here.start_executor(**settings)
    orders = await ordered(here, house, "z")
    awake = asyncio.Event()
    for verb, order in orders.items():
        wire = wire_of(here, house, verb)
        if verb == ELSEWHERE:  # Its rehearsal is a reading, the second one.
            wire.misreadings.append(Misreading(order.about[0]))
        held = Misreading(order.about[0], rehearsal=verb != ELSEWHERE, answer_held_until=awake)
        wire.misreadings.append(held)
    await send(here, orders)
    misread = lambda: len(here.wire.misread) + len(house.wire.misread)  # noqa: E731
    await eventually(lambda: misread() == len(orders) + 1, "all of them to be rehearsed")
    zombie.pause()
    other = here.start_executor(**settings)
    for verb, outcome in (await ends(here, orders)).items():
        assert outcome.status is APPLIED, verb
    somebody_sets_back = dict.fromkeys(house.values, "on")
    house.values |= somebody_sets_back
    awake.set()
    await alone_again(here, zombie, other)
    for verb, order in orders.items():
        assert times_done(here, house, order) == 1, verb
    assert house.values == somebody_sets_back


async def test_stopped_before_it_has_chosen_a_pod_it_does_not_choose_another(
    here: World, settings: dict[str, str]
):
    """Awake, it finds the first pod gone: the next in line is not this command's."""
    here.concluded_twice = True
    zombie = here.start_executor()
    node, pods = await asyncio.to_thread(node_with_pods, here, "z", 3)
    act = await as_soon_as_it_can_be(here, DRAIN, node)
    awake = asyncio.Event()
    about = f"spec.nodeName%3D{node.name}"
    here.wire.misreadings.append(Misreading(about, held_until=awake))
    here.commands.append(act)
    await here.send(act)
    await eventually(lambda: bool(here.wire.misread), "its list of pods to be asked for")
    zombie.pause()
    other = here.start_executor()
    assert (await here.ended(act)).status is APPLIED
    awake.set()
    await alone_again(here, zombie, other)
    assert [is_gone(here, pod) for pod in pods] == [True, False, False]


async def test_stopped_with_its_requests_under_way(
    here: World, house: FlagHouse, settings: dict[str, str]
):
    zombie = here.start_executor(**settings)
    orders = await ordered(here, house, "z")
    late = await _held(here, house, orders)
    await send(here, orders)
    await all_held(here, house, len(orders))
    zombie.pause()
    other = here.start_executor(**settings)
    here.concluded_twice = True
    for verb, outcome in (await ends(here, orders)).items():
        assert outcome.status is (UNKNOWN if verb in ONCE else APPLIED), verb
    late.set()
    await all_landed(here, house)
    await alone_again(here, zombie, other)
    for verb, order in orders.items():
        assert times_done(here, house, order) == 1, verb


async def _held(
    here: World, house: FlagHouse, orders: Mapping[str, Order], *, but: Container[str] = ()
) -> asyncio.Event:
    """The next request of each is held until then."""
    late = asyncio.Event()
    for verb, order in orders.items():
        if verb not in but:
            wire_of(here, house, verb).faults.append(Fault(about=order.about, held_until=late))
    return late


async def test_g5_the_killed_ones_requests_land_after_those_of_its_successor(
    here: World, house: FlagHouse, settings: dict[str, str]
):
    killed = here.start_executor(**settings)
    orders = await ordered(here, house, "k")
    late = await _held(here, house, orders)
    await send(here, orders)
    await all_held(here, house, len(orders))
    await asyncio.to_thread(killed.kill)
    here.start_executor(**settings)
    for verb, outcome in (await ends(here, orders)).items():
        assert outcome.status is (UNKNOWN if verb in ONCE else APPLIED), verb
    late.set()
    await all_landed(here, house)
    for verb, order in orders.items():
        assert times_done(here, house, order) == 1, verb


async def test_g5_the_killed_ones_requests_land_before_those_of_its_successor(
    here: World, house: FlagHouse, settings: dict[str, str]
):
    """Which has read that nothing has happened yet, and has sent the same bytes."""
    killed = here.start_executor(**settings)
    orders = await ordered(here, house, "k")
    late = await _held(here, house, orders)
    later = await _held(here, house, orders, but=ONCE)
    await send(here, orders)
    await all_held(here, house, len(orders))
    first = [*here.wire.asked, *house.wire.asked]
    await asyncio.to_thread(killed.kill)
    here.start_executor(**settings)
    await all_held(here, house, 2 * len(orders) - len(ONCE))
    late.set()
    await eventually(lambda: all(a.done for a in first), "the killed one's to land")
    later.set()
    for verb, outcome in (await ends(here, orders)).items():
        assert outcome.status is APPLIED or verb in ONCE, verb
    for verb, order in orders.items():
        assert times_done(here, house, order) == 1, verb


async def test_g5_what_has_moved_meanwhile_is_left_as_it_is(
    here: World, house: FlagHouse, settings: dict[str, str]
):
    """No marker of ours, and no object of ours: the killed one's requests can no longer win."""
    killed = here.start_executor(**settings)
    every = await ordered(here, house, "m")
    orders = {verb: every[verb] for verb in ("PATCH", "DELETE", "EVICT", "CREATE")}
    late = await _held(here, house, orders)
    await send(here, orders)
    await all_held(here, house, len(orders))
    await asyncio.to_thread(killed.kill)
    patched, job = orders["PATCH"].act.target, orders["CREATE"].act
    pods = [orders[verb].act.target for verb in ("DELETE", "EVICT")]
    here.hand.edits(patched, {"metadata": {"annotations": {"note": "a human was here"}}})
    for pod in pods:
        await asyncio.to_thread(_replace, here, pod)
    name = replace(job.target, kind=JOB, name=f"mendlog-{job.command_id}")
    await asyncio.to_thread(here.hand.makes, name, FAILED)
    here.start_executor(**settings)
    found = await ends(here, orders)
    for verb in ("PATCH", "CREATE"):
        assert found[verb].reason == OutcomeReason.STALE, found[verb]
    for verb in ("DELETE", "EVICT"):
        assert found[verb].status is APPLIED, "it is gone; by whom, nobody can tell"
    late.set()
    await all_landed(here, house)
    assert here.wire.changes() == []
    assert not any(is_gone(here, pod) for pod in pods)


def _replace(here: World, pod: Target) -> None:
    """Whoever keeps it has made another of that name, as a StatefulSet does."""
    here.core.delete_namespaced_pod(pod.name, pod.namespace, grace_period_seconds=0)
    here.hand.makes(pod, kept("Keeper"))
