"""kill -9 in the middle of every action, on real processes: one effect, and one end.

One world for each action; each kill is of another executor, with another object before it.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio
import yaml

from deploy.sandbox.cluster.handle import Cluster
from deploy.sandbox.kafka import Kafka
from deploy.sandbox.processes import wait_until
from remediators.actions.catalog import CATALOG
from remediators.core.workload import REVISION
from schemas.kinds import KINDS
from schemas.remediation import Command, CommandKind, Observation, OutcomeStatus, Target
from tests.deploy.sandbox.cluster.workloads import deployment
from tests.faults.executor_world import WITHIN_S, World, bound_to, world
from tests.hand import beside
from tests.remediators.actions.samples import SAMPLES, Sample

pytestmark = [pytest.mark.broker, pytest.mark.slow]

POINTS = ("executor.intent_acked", "executor.request_sent", "executor.response_read")
"""Before the INTENT and after the result all actions are alike: `test_executor_kills` is there."""

CHOSEN = 3
LIFE_S = 0.15
"""Of a command, about: longer than most take from the topic to their end."""
AT_THE_API = sorted(
    action for action in CATALOG if all(t.kind in KINDS for t in SAMPLES[action].beside)
)
"""All but `replace_node` and `revert_commit`: machines and commits are not the API's to keep."""


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with Cluster(tmp_path_factory.mktemp("cluster")) as cluster:
        yield cluster


@pytest_asyncio.fixture
async def here(kafka: Kafka, api: Cluster, tmp_path: Path) -> AsyncIterator[World]:
    async with world(kafka.bootstrap, api.url, tmp_path) as made:
        made.counts_generations = False
        yield made


@pytest.mark.parametrize("action", AT_THE_API)
async def test_killed_at_every_point_it_has_acted_once(here: World, action: str, tmp_path: Path):
    sample = SAMPLES[action]
    await asyncio.to_thread(_make_beside, here, sample)
    survivor = here.start_executor()
    for number, point in enumerate(POINTS):
        target = await asyncio.to_thread(_make, here, sample, f"case-{number}")
        files = await asyncio.to_thread(_files, sample, target, tmp_path)
        act = await _as_soon_as_it_can_be(here, action, target)
        await asyncio.to_thread(survivor.stop)
        await here.send(act)
        here.commands.append(act)
        await here.died(here.start_executor(die_at=point, **files))
        survivor = here.start_executor(**files)
        outcome = await here.ended(act)
        assert (outcome.status, outcome.reason) == (OutcomeStatus.APPLIED, ""), (point, outcome)
    assert len(here.wire.changes()) == len(POINTS)


async def test_killed_at_any_moment_it_has_acted_once(here: World, seed: int, tmp_path: Path):
    """Not at a point that we have thought of."""
    chance = random.Random(seed)
    chosen = chance.sample(AT_THE_API, CHOSEN)
    for action in chosen:
        sample = SAMPLES[action]
        await asyncio.to_thread(_make_beside, here, sample)
        target = await asyncio.to_thread(_make, here, sample, action.replace("_", "-"))
        files = await asyncio.to_thread(_files, sample, target, tmp_path)
        victim = here.start_executor(**files)
        act = await _as_soon_as_it_can_be(here, action, target)
        await here.send(act)
        here.commands.append(act)
        await asyncio.sleep(chance.uniform(0, LIFE_S))
        await asyncio.to_thread(victim.kill)
        successor = here.start_executor(**files)
        outcome = await here.ended(act)
        assert (outcome.status, outcome.reason) == (OutcomeStatus.APPLIED, ""), (action, outcome)
        await asyncio.to_thread(successor.stop)
    assert len(here.wire.changes()) == CHOSEN


def _make_beside(here: World, sample: Sample) -> None:
    for other, body in sample.beside.items():
        here.hand.makes(beside(here.target, other.kind, other.name), dict(body))


def _files(sample: Sample, target: Target, folder: Path) -> dict[str, str]:
    """The settings that name the files of what is registered beforehand."""
    flags = {
        flag.name: {
            "values": sorted(flag.values),
            "configmap": {"name": target.name, "key": flag.configmap.key},
        }
        for flag in sample.kit.flags.values()
        if flag.configmap
    }
    given = {"jobs": dict(sample.kit.jobs), "flags": flags}
    made = {}
    for name, entries in given.items():
        if entries:
            path = folder / f"{name}.yaml"
            path.write_text(yaml.safe_dump({name: entries}))
            made[f"{name}_file"] = str(path)
    return made


def _make(here: World, sample: Sample, name: str) -> Target:
    """Of that name: its own marker, its own generation."""
    target = beside(here.target, sample.target.kind, f"{here.namespace}-{name}")
    if sample.target.kind != here.target.kind:
        here.hand.makes(target, sample.body)
        return target
    here.hand.makes(target, deployment(target.name, replicas=1))
    if sample.body:
        here.hand.edits(target, {"spec": sample.body}, sample.writer)
    for image in sample.releases:
        wait_until(
            lambda: _is_numbered(here, target), timeout_s=WITHIN_S, what="the release's number"
        )
        containers = [{"name": "main", "image": image}]
        here.apps.patch_namespaced_deployment(
            target.name,
            target.namespace,
            {"spec": {"template": {"spec": {"containers": containers}}}},
        )
    return target


def _is_numbered(here: World, target: Target) -> bool:
    """Else the next release would leave no trace of this one."""
    found = here.apps.read_namespaced_deployment(target.name, target.namespace)
    seen = (found.status.observed_generation or 0) >= found.metadata.generation
    return seen and REVISION in found.metadata.annotations


async def _as_soon_as_it_can_be(here: World, action: str, target: Target) -> Command:
    """Not sent yet. Controllers may have to come to rest before the target stays as it was seen."""
    async with asyncio.timeout(WITHIN_S):
        seen = await here.look(target=target, action=action)
        while not _at_rest(seen, again := await here.look(target=target, action=action)):
            seen = again
    parameters = dict(SAMPLES[action].parameters)
    more = {"action": action, "target": target, "parameters": parameters}
    return here.composed(CommandKind.ACT, **bound_to(again), **more)


def _at_rest(before: Observation, now: Observation) -> bool:
    plain = replace(now, command_id=before.command_id, at_ms=before.at_ms)
    settled = now.observed_generation == now.generation
    return settled and replace(before, executor=now.executor) == plain
