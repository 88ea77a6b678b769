"""Thousands of commands at once before an executor: it keeps to its own budget, what is too old by
then expires, and each comes to one end."""

import asyncio
import random
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.sandbox.cluster.handle import Cluster
from deploy.sandbox.kafka import Kafka
from schemas.remediation import Command, CommandKind, OutcomeReason, OutcomeStatus
from tests.deploy.sandbox.cluster.workloads import deployment
from tests.faults.executor_world import ALONE, World, bound_to, world

pytestmark = [pytest.mark.broker, pytest.mark.slow]

BUDGET = 10
TARGETS = 20
TTLS_MS = (1, 3_000, 90_000)
"""Over when it is read; over while others are served; in time."""


@pytest.mark.timeout(400)
@pytest.mark.parametrize("count", [500, pytest.param(5_000, marks=pytest.mark.soak)])
async def test_a_flood_of_commands_keeps_to_the_budget(
    kafka: Kafka, api: Cluster, tmp_path: Path, seed: int, count: int
):
    async with world(kafka.bootstrap, api.url, tmp_path) as here:
        here.start_executor(actions_per_hour_max=str(BUDGET), **ALONE)
        orders = await flood(here, random.Random(seed), count)
        began_s = time.monotonic()
        await asyncio.gather(*(here.send(order) for order in orders))
        here.commands += orders
        # In the order in which they are served, so that none waits for more than its own turn.
        ends = [await here.ended(order) for order in orders]
        took_s = time.monotonic() - began_s
        told = Counter((end.status.value, end.reason) for end in ends)
        print(f"{count} commands at once came to their ends in {took_s:.1f} s: {dict(told)}")

        applied = [end for end in ends if end.status is OutcomeStatus.APPLIED]
        assert 0 < len(applied) <= BUDGET
        assert len(here.wire.changes()) == len(applied)
        assert told["rejected", OutcomeReason.OVER_BUDGET]
        for order, end in zip(orders, ends, strict=True):
            if ttl_ms(order) == TTLS_MS[0]:
                assert end.reason == OutcomeReason.EXPIRED


async def flood(here: World, whim: random.Random, count: int) -> list[Command]:
    """Each would be carried out, were it alone."""
    here.counts_generations = False
    targets = [replace(here.target, name=f"web-{n}") for n in range(TARGETS)]
    for target in targets:
        body = deployment(target.name, replicas=1)
        await asyncio.to_thread(here.apps.create_namespaced_deployment, here.namespace, body)
    seen = {target: await here.look(target=target) for target in targets}
    one = here.composed(CommandKind.ACT)
    orders = []
    for number in range(count):
        target, expires = whim.choice(targets), one.issued_at_ms + whim.choice(TTLS_MS)
        named = replace(one, command_id=f"f{number:031x}", target=target, expires_at_ms=expires)
        orders.append(replace(named, **bound_to(seen[target])))
    return orders


def ttl_ms(order: Command) -> int:
    return order.expires_at_ms - order.issued_at_ms
