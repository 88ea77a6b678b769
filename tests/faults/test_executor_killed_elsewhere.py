"""kill -9 in the middle of what is not done to the cluster's own API: a commit in a repository, and
the end of a machine."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio
import yaml

from deploy.sandbox.cluster.handle import Cluster
from deploy.sandbox.kafka import Kafka
from deploy.sandbox.machines import Machines
from schemas.actions import DRAIN, REPLACE_NODE, REVERT_COMMIT
from schemas.kinds import NODE
from schemas.remediation import Command, CommandKind, OutcomeStatus, Target
from tests.deploy.sandbox.cluster.workloads import deployment
from tests.faults.executor_cases import make_beside
from tests.faults.executor_world import CLUSTER, World, bound_to, world
from tests.hand import beside
from tests.remediators.actions.samples import SAMPLES
from tests.remediators.adapters import git_remote
from tests.remediators.adapters.git_remote import PATH, Remote

pytestmark = [pytest.mark.broker, pytest.mark.slow]

POINTS = ("executor.intent_acked", "executor.request_sent", "executor.response_read")
MACHINES = ["i-0", "i-1", "i-2"]


@pytest_asyncio.fixture
async def here(kafka: Kafka, api: Cluster, tmp_path: Path) -> AsyncIterator[World]:
    async with world(kafka.bootstrap, api.url, tmp_path) as made:
        made.counts_generations = False
        yield made


async def killed_at(
    here: World, point: str, act: Callable[[], Awaitable[Command]], **settings: str
) -> None:
    victim = here.start_executor(die_at=point, **settings)
    order = await act()
    here.commands.append(order)
    await here.send(order)
    await here.died(victim)
    successor = here.start_executor(**settings)
    outcome = await here.ended(order)
    assert outcome.status is OutcomeStatus.APPLIED, (point, outcome)
    await asyncio.to_thread(successor.stop)


async def ordered(here: World, target: Target, action: str, **parameters: str) -> Command:
    seen = await here.look(target=target, action=action)
    more = {"action": action, "target": target, "parameters": parameters}
    return here.composed(CommandKind.ACT, **bound_to(seen), **more)


@pytest.mark.needs("git")
async def test_one_commit_wherever_it_is_killed(
    here: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(git_remote, "AT_S", int(time.time()) - 600)
    remote = Remote(tmp_path)
    kept = {"url": remote.folder.as_uri(), "branch": "main", "path": PATH, "mode": "push"}
    file = tmp_path / "repositories.yaml"
    file.write_text(yaml.safe_dump({"repositories": {"shop": {**kept, "owner": "ArgoCD/shop"}}}))
    target = replace(here.target, name="tracked")
    body = deployment("tracked")
    notes = {"argocd.argoproj.io/tracking-id": f"shop:apps/Deployment:{here.namespace}/tracked"}
    here.hand.makes(target, body | {"metadata": {"annotations": notes}})
    for number, point in enumerate(POINTS, start=1):
        remote.commits(f"release {number}", {f"{PATH}/web.yaml": f"broken {number}"})
        await killed_at(
            here,
            point,
            lambda: ordered(here, target, REVERT_COMMIT, repository="shop"),
            repos_file=str(file),
        )
        log = remote.git("log", "--format=%an", "main").splitlines()
        assert log.count("Mendlog") == number
        assert not remote.file("main", f"{PATH}/web.yaml").startswith("broken")


async def test_one_machine_ends_wherever_it_is_killed(here: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "KEY")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a secret")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    await asyncio.to_thread(make_beside, here, SAMPLES[DRAIN])
    cloud = Machines("shop", MACHINES)
    ec2 = {"region": "eu-central-1", "cluster": "shop", "endpoint": cloud.url}
    try:
        for name, point in zip(MACHINES, POINTS, strict=True):
            node = beside(here.target, NODE, f"of-{name}")
            spec = {"unschedulable": True, "providerID": f"aws:///eu-1a/{name}"}
            here.hand.makes(node, {"spec": spec})
            await killed_at(
                here,
                point,
                lambda node=node: ordered(here, node, REPLACE_NODE),
                machines=json.dumps({CLUSTER: ec2}),
            )
            running = [n for n, each in cloud.machines.items() if each.state == "running"]
            assert running == MACHINES[MACHINES.index(name) + 1 :]
            # It has ended, and its cluster has forgotten the node: else no other may go.
            del cloud.machines[name]
            await asyncio.to_thread(here.hand.clears_up)
            await asyncio.to_thread(make_beside, here, SAMPLES[DRAIN])
    finally:
        cloud.stop()
