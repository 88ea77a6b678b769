"""Every way of changing something, through an API that loses, turns away and comes too late: one
effect at most, and an end that says what the object shows.

All verbs side by side in one world, and all faults of one kind: they do not know of each other.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from deploy.sandbox.cluster.handle import Cluster
from deploy.sandbox.kafka import Kafka
from schemas.remediation import Outcome, OutcomeReason, OutcomeStatus
from tests.faults.executor_verbs import (
    ELSEWHERE,
    ONCE,
    UNMARKED,
    FlagHouse,
    Order,
    ends,
    ordered,
    prepare,
    send,
)
from tests.faults.executor_wire import Asked, Cut, Fault
from tests.faults.executor_world import ALONE, World, eventually, world

pytestmark = [pytest.mark.broker, pytest.mark.slow]

APPLIED, REJECTED, UNKNOWN = (
    OutcomeStatus.APPLIED,
    OutcomeStatus.REJECTED,
    OutcomeStatus.UNKNOWN,
)
PATIENT_S = "3"
"""So long an executor of these tests waits for an answer."""
TTL_MS = 10_000
OUTLASTS_TTL_S = "15"

TURNED_AWAY = {
    "409": (Fault(status=409), APPLIED),
    "422": (Fault(status=422), REJECTED),
    "429": (Fault(status=429), APPLIED),
    "429-later": (Fault(status=429, headers={"Retry-After": "2"}), APPLIED),
    "403": (Fault(status=403), REJECTED),
}
IN_DOUBT = {
    "lost": (Fault(forward=False), APPLIED),
    "500": (Fault(status=500), APPLIED),
    "503": (Fault(status=503), APPLIED),
}
"""And nothing has happened."""
DONE = {
    "unheard": (Fault(answer=False), APPLIED),
    "500": (Fault(status_after=500), APPLIED),
    **{cut.name.lower(): (Fault(cut=cut), APPLIED) for cut in Cut},
}


@pytest_asyncio.fixture
async def here(
    kafka: Kafka, api: Cluster, house: FlagHouse, tmp_path: Path, request: pytest.FixtureRequest
) -> AsyncIterator[World]:
    patient_s = getattr(request, "param", PATIENT_S)
    async with world(kafka.bootstrap, api.url, tmp_path) as made:
        made.counts_generations = False
        await asyncio.to_thread(prepare, made)
        settings = {**ALONE, **house.settings(tmp_path)}
        made.start_executor(actions_per_hour_max="1000", request_timeout_s=patient_s, **settings)
        yield made


async def played(
    here: World, house: FlagHouse, faults: Mapping[str, Fault]
) -> tuple[dict[str, Mapping[str, Order]], dict[str, dict[str, Outcome]]]:
    """By fault and verb: what was ordered, and how it ended."""
    orders = {name: await ordered(here, house, name) for name in faults}
    for name, fault in faults.items():
        for verb, order in orders[name].items():
            wire = house.wire if verb == ELSEWHERE else here.wire
            wire.faults.append(replace(fault, about=order.about))
    for each in orders.values():
        await send(here, each)
    return orders, {name: await ends(here, each) for name, each in orders.items()}


def asked(here: World, house: FlagHouse, order: Order) -> list[Asked]:
    every = [*here.wire.asked, *house.wire.asked]
    return [a for a in every if any(w in a.path + a.body.decode() for w in order.about)]


def judge(
    here: World,
    house: FlagHouse,
    order: Order,
    outcome: Outcome,
    wanted: OutcomeStatus,
    *,
    happened: bool = False,
) -> None:
    """What is APPLIED has happened; of all else the test says whether."""
    about, happened = (order.about, outcome), happened or wanted is APPLIED
    assert outcome.status is wanted, about
    assert order.happened() is happened, about
    assert sum(a.done for a in asked(here, house, order)) == happened, about


async def test_turned_away(here: World, house: FlagHouse):
    faults = {name: fault for name, (fault, _) in TURNED_AWAY.items()}
    orders, ended = await played(here, house, faults)
    for name, (_, wanted) in TURNED_AWAY.items():
        for verb, outcome in ended[name].items():
            # A 409 tells of a Kubernetes object; of a flag's address it is a no like any other.
            final = verb == ELSEWHERE and name == "409"
            judge(here, house, orders[name][verb], outcome, REJECTED if final else wanted)
    for order in orders["429-later"].values():
        first, second = asked(here, house, order)
        assert second.at_ms - first.at_ms >= 2_000, "sooner than the server allowed"


async def test_in_doubt_and_nothing_has_happened(here: World, house: FlagHouse):
    faults = {name: fault for name, (fault, _) in IN_DOUBT.items()}
    orders, ended = await played(here, house, faults)
    for name, (_, wanted) in IN_DOUBT.items():
        for verb, outcome in ended[name].items():
            order = orders[name][verb]
            judge(here, house, order, outcome, UNKNOWN if verb in ONCE else wanted)
            assert len(asked(here, house, order)) == (1 if verb in ONCE else 2)


async def test_done_and_the_answer_did_not_arrive_whole(here: World, house: FlagHouse):
    faults = {name: fault for name, (fault, _) in DONE.items()}
    orders, ended = await played(here, house, faults)
    for name, (_, wanted) in DONE.items():
        for verb, outcome in ended[name].items():
            told = UNKNOWN if verb == UNMARKED else wanted
            order = orders[name][verb]
            judge(here, house, order, outcome, told, happened=True)
            if verb.startswith(("PATCH", "CREATE")):
                assert len(asked(here, house, order)) == 1, "the marker tells"


async def test_late_so_that_it_competes_with_its_copy(here: World, house: FlagHouse):
    late = asyncio.Event()
    playing = asyncio.ensure_future(played(here, house, {"late": Fault(held_until=late)}))
    await eventually(lambda: is_given_up(here), "the last of them to be given up")
    late.set()
    orders, ended = await playing
    await eventually(lambda: all(a.status for a in here.wire.asked), "the late answers")
    for verb, outcome in ended["late"].items():
        told = UNKNOWN if verb == UNMARKED else APPLIED
        judge(here, house, orders["late"][verb], outcome, told, happened=True)


def is_given_up(here: World) -> bool:
    """The last of them, an abort: it is what nobody may have waited for."""
    aborts = [a for a in here.wire.asked if a.path.endswith("/status")]
    return bool(aborts) and aborts[0].given_up


@pytest.mark.parametrize("here", [OUTLASTS_TTL_S], indirect=True, ids=["patient"])
async def test_delayed_past_the_expiry_nobody_says_what_became_of_it(here: World, house: FlagHouse):
    """It lands after its end is told, which nobody can keep it from; so that end is no claim."""
    late = asyncio.Event()
    orders = dict(await ordered(here, house, "expired"))
    for verb, order in orders.items():
        wire = house.wire if verb == ELSEWHERE else here.wire
        wire.faults.append(Fault(about=order.about, held_until=late))
        expires_at_ms = time.time_ns() // 1_000_000 + TTL_MS
        orders[verb] = replace(order, act=replace(order.act, expires_at_ms=expires_at_ms))
    await send(here, orders)
    for verb, outcome in (await ends(here, orders)).items():
        assert (outcome.status, outcome.reason) == (UNKNOWN, OutcomeReason.NO_ANSWER), verb
        assert not orders[verb].happened(), verb
    late.set()
    everything = [*here.wire.asked, *house.wire.asked]
    await eventually(lambda: all(a.status for a in everything), "what was held to land")
    for order in orders.values():
        assert sum(a.done for a in asked(here, house, order)) == 1
