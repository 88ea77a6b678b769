"""kill -9 in the middle of what is not done to the cluster's own API: a commit in a repository, the
end of a machine, a flag at an address."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio
import yaml

from deploy.sandbox.cluster.handle import Cluster
from deploy.sandbox.kafka import Kafka
from deploy.sandbox.machines import Machine, Machines
from schemas.actions import DRAIN, REPLACE_NODE, REVERT_COMMIT, SET_FLAG
from schemas.kinds import FLAG, NODE
from schemas.remediation import Command, CommandKind, OutcomeStatus, Target
from tests.deploy.sandbox.cluster.workloads import deployment
from tests.faults.executor_cases import make_beside
from tests.faults.executor_verbs import FlagHouse
from tests.faults.executor_world import CLUSTER, World, bound_to, world
from tests.faults.moments import NO_ANSWER, Kills, any_moment
from tests.hand import beside
from tests.remediators.actions.samples import SAMPLES
from tests.remediators.adapters import git_remote
from tests.remediators.adapters.git_remote import PATH, Remote

pytestmark = [pytest.mark.broker, pytest.mark.slow]

POINTS = ("executor.intent_acked", "executor.request_sent", "executor.response_read")


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


@pytest.fixture
def shop(here: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> "Shop":
    monkeypatch.setattr(git_remote, "AT_S", int(time.time()) - 600)
    return Shop(here, tmp_path)


class Shop:
    """A repository, and what of it runs on the cluster."""

    def __init__(self, here: World, folder: Path) -> None:
        self.remote = Remote(folder)
        self.settings = {"repos_file": str(folder / "repositories.yaml")}
        self._here = here
        self._tracked = replace(here.target, name="tracked")
        self._releases = 0
        kept = {"branch": "main", "path": PATH, "mode": "push", "owner": "ArgoCD/shop"}
        entry = {"shop": {"url": self.remote.folder.as_uri(), **kept}}
        Path(self.settings["repos_file"]).write_text(yaml.safe_dump({"repositories": entry}))
        of = f"shop:apps/Deployment:{here.namespace}/tracked"
        notes = {"metadata": {"annotations": {"argocd.argoproj.io/tracking-id": of}}}
        here.hand.makes(self._tracked, deployment("tracked") | notes)

    def breaks(self) -> None:
        self._releases += 1
        broken = {f"{PATH}/web.yaml": f"broken {self._releases}"}
        self.remote.commits(f"release {self._releases}", broken)

    async def ordered(self) -> Command:
        return await ordered(self._here, self._tracked, REVERT_COMMIT, repository="shop")

    def pushed(self) -> int:
        """Grows with every push."""
        return (self.remote.folder / "refs" / "heads" / "main").stat().st_mtime_ns

    def reverts(self) -> int:
        return self.remote.git("log", "--format=%an", "main").splitlines().count("Mendlog")

    def is_well(self) -> bool:
        return not self.remote.file("main", f"{PATH}/web.yaml").startswith("broken")


@pytest.mark.needs("git")
async def test_one_commit_wherever_it_is_killed(here: World, shop: Shop):
    for number, point in enumerate(POINTS, start=1):
        shop.breaks()
        await killed_at(here, point, shop.ordered, **shop.settings)
        assert shop.reverts() == number
        assert shop.is_well()


@any_moment
@pytest.mark.needs("git")
async def test_one_commit_at_whatever_moment_it_is_killed(
    here: World, shop: Shop, request: pytest.FixtureRequest
):
    kills = Kills(here, request, shop.pushed, shop.reverts)

    async def order(_name: str) -> Command:
        await asyncio.to_thread(shop.breaks)
        await kills.at_hand(**shop.settings)
        return await shop.ordered()

    await kills.each(REVERT_COMMIT, order)
    assert shop.is_well()


@pytest.fixture
def zone(here: World, monkeypatch: pytest.MonkeyPatch) -> Iterator["Zone"]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "KEY")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a secret")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    zone = Zone(here)
    try:
        yield zone
    finally:
        zone.cloud.stop()


class Zone:
    """Machines that come and go, and the nodes that a cluster sees of them."""

    def __init__(self, here: World) -> None:
        self.cloud = Machines("shop", [])
        ec2 = {"region": "eu-central-1", "cluster": "shop", "endpoint": self.cloud.url}
        self.settings = {"machines": json.dumps({CLUSTER: ec2})}
        self._here = here
        self._forgotten = 0

    def begins(self, name: str) -> Target:
        """What has ended is forgotten by cloud and cluster: else no other may go."""
        self._forgotten = self.ended()
        self.cloud.machines.clear()
        self._here.hand.clears_up()
        make_beside(self._here, SAMPLES[DRAIN])
        self.cloud.machines[name] = Machine(tags={"kubernetes.io/cluster/shop": "owned"})
        node = beside(self._here.target, NODE, f"of-{name}")
        spec = {"unschedulable": True, "providerID": f"aws:///eu-1a/{name}"}
        self._here.hand.makes(node, {"spec": spec})
        return node

    def asked(self) -> int:
        """How often it was told to end one."""
        calls = [c for c in self.cloud.calls if c["Action"] == "TerminateInstances"]
        return sum(call.get("DryRun") != "true" for call in calls)

    def ended(self) -> int:
        now = sum(machine.state != "running" for machine in self.cloud.machines.values())
        return self._forgotten + now


async def test_one_machine_ends_wherever_it_is_killed(here: World, zone: Zone):
    for number, point in enumerate(POINTS, start=1):
        node = await asyncio.to_thread(zone.begins, f"i-{number}")
        order = lambda node=node: ordered(here, node, REPLACE_NODE)  # noqa: E731
        await killed_at(here, point, order, **zone.settings)
        assert zone.ended() == number


@any_moment
async def test_one_machine_ends_at_whatever_moment_it_is_killed(
    here: World, zone: Zone, request: pytest.FixtureRequest
):
    kills = Kills(here, request, zone.asked, zone.ended)

    async def order(name: str) -> Command:
        node = await asyncio.to_thread(zone.begins, f"i-{name}")
        await kills.at_hand(**zone.settings)
        return await ordered(here, node, REPLACE_NODE)

    await kills.each(REPLACE_NODE, order)


@any_moment
async def test_one_flag_is_set_once_at_whatever_moment_it_is_killed(
    here: World, house: FlagHouse, tmp_path: Path, request: pytest.FixtureRequest
):
    wire, name = house.wire, house.next_name()
    kills = Kills(here, request, lambda: len(wire.asked), lambda: len(wire.changes()))
    settings = house.settings(tmp_path)

    async def order(_name: str) -> Command:
        await kills.at_hand(**settings)
        other = "on" if house.values.get(name) == "off" else "off"
        target = Target(CLUSTER, "", FLAG, name)
        return await ordered(here, target, SET_FLAG, flag=name, value=other)

    await kills.each("a flag elsewhere", order, NO_ANSWER)
