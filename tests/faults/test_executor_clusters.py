"""One cluster of two stands still: what is ordered for the other is done as if nothing were."""

import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deploy.sandbox.cluster.handle import Cluster
from deploy.sandbox.kafka import Kafka
from schemas.remediation import (
    Command,
    CommandKind,
    Observation,
    OutcomeReason,
    OutcomeStatus,
    Target,
)
from schemas.topics import partition_for
from tests.faults.executor_world import ALONE, CLUSTER, PARTITIONS, World, world

pytestmark = [pytest.mark.broker, pytest.mark.slow]

MANY = 100
"""More than may be carried out at once."""
TTL_MS = 25_000
"""Longer than a slow machine needs to order so many and to carry out one beside them."""


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with Cluster(tmp_path_factory.mktemp("other")) as cluster:
        yield cluster


@contextmanager
def frozen(cluster: Cluster) -> Iterator[None]:
    """It takes connections, for the kernel does that, and answers nothing."""
    os.kill(cluster.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(cluster.pid, signal.SIGCONT)


def neighbour(shares_partition: bool) -> str:
    """A cluster's name whose commands are in one partition with those of the first, or not."""
    ours = partition_for(CLUSTER.encode(), PARTITIONS)
    names = (f"us-{number}" for number in range(100))
    return next(
        n for n in names if (partition_for(n.encode(), PARTITIONS) == ours) is shares_partition
    )


def start(here: World, name: str, other: Cluster) -> None:
    clusters = {CLUSTER: {"url": here.wire.url}, name: {"url": other.url}}
    # Impatient: one of them answers nothing, and all that are stuck wait for that in turn.
    here.start_executor(clusters=json.dumps(clusters), request_timeout_s="5", **ALONE)


async def look_at(here: World, cluster: str, number: int = 0) -> Command:
    target = Target(cluster, here.namespace, "Deployment", f"w{number}")
    return await here.order(CommandKind.LOOK, TTL_MS, cluster=cluster, target=target)


@pytest.mark.parametrize("shares_partition", [False, True], ids=["elsewhere", "same partition"])
async def test_a_frozen_cluster_stops_only_its_own_commands(
    kafka: Kafka, api: Cluster, other: Cluster, tmp_path: Path, shares_partition: bool
):
    name = neighbour(shares_partition)
    async with world(kafka.bootstrap, api.url, tmp_path) as here:
        start(here, name, other)
        await here.look()
        with frozen(other):
            stuck = [await look_at(here, name, number) for number in range(MANY)]
            seen = await here.look()
            assert (await here.ended(await here.act(seen))).status is OutcomeStatus.APPLIED
            early = [c for c in stuck if here.records.terminals(c.command_id)]
            assert not early, "they had not even ended when the others had"
            reasons = {(await here.ended(command)).reason for command in stuck}
        assert reasons <= {OutcomeReason.API_DOWN, OutcomeReason.EXPIRED}


async def test_when_it_wakes_up_its_commands_are_done(
    kafka: Kafka, api: Cluster, other: Cluster, tmp_path: Path
):
    name = neighbour(shares_partition=True)
    async with world(kafka.bootstrap, api.url, tmp_path) as here:
        start(here, name, other)
        with frozen(other):
            stuck = [await look_at(here, name, number) for number in range(5)]
            await here.look()
        for command in stuck:
            seen = await here.records.terminal(command.command_id)
            assert isinstance(seen, Observation), seen
            assert not seen.found


async def test_a_cluster_that_nobody_has_heard_of_is_refused(
    kafka: Kafka, api: Cluster, tmp_path: Path
):
    async with world(kafka.bootstrap, api.url, tmp_path) as here:
        here.start_executor()
        refused = await here.ended(await look_at(here, "mars"))
        told = (refused.status, refused.reason)
        assert told == (OutcomeStatus.REJECTED, OutcomeReason.UNKNOWN_CLUSTER)
