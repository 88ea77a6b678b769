"""Targets to act on: the case of each action, made at a real API, once more each time."""

import asyncio
from dataclasses import replace
from pathlib import Path

import yaml

from deploy.sandbox.processes import wait_until
from remediators.core.workload import REVISION
from schemas.remediation import Command, CommandKind, Observation, Target
from tests.deploy.sandbox.cluster.workloads import deployment
from tests.faults.executor_world import WITHIN_S, World, bound_to
from tests.hand import beside
from tests.remediators.actions.samples import SAMPLES, Sample


def make_beside(here: World, sample: Sample) -> None:
    for other, body in sample.beside.items():
        here.hand.makes(beside(here.target, other.kind, other.name), dict(body))


def files_for(sample: Sample, target: Target, folder: Path) -> dict[str, str]:
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


def make(here: World, sample: Sample, name: str) -> Target:
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


async def as_soon_as_it_can_be(here: World, action: str, target: Target) -> Command:
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
