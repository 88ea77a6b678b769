"""Pods, nodes and machines: what the API does beyond what every action's own case shows."""

import asyncio
import sys
import time
import uuid
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from kubernetes import client

from deploy.sandbox.cluster.handle import Cluster
from deploy.sandbox.machines import Machines, tells_of_node
from remediators.actions.catalog import CATALOG, announce
from remediators.actions.plan import Scene
from remediators.adapters.kubernetes.client import ApiServer
from remediators.adapters.kubernetes.cluster import KubernetesCluster
from remediators.adapters.machines.ec2 import Ec2Machines
from remediators.adapters.places import Places
from remediators.core.pods import ready
from remediators.core.proof import Trace, proof
from remediators.core.query import Query
from remediators.core.refusal import Refusal
from remediators.core.reply import Answer, Reply
from remediators.core.request import EVICT, removal
from remediators.core.seen import Seen
from remediators.settings import ClusterAddress, Ec2
from schemas.actions import DRAIN, EVICT_POD, REPLACE_NODE
from schemas.kinds import INSTANCE, NODE, POD
from schemas.remediation import OutcomeReason, Target
from tests.hand import Body, Hand
from tests.ports.orders import Announced, always, announced, look, order, undo
from tests.ports.sites import PATIENT_S, Site
from tests.remediators.actions.samples import READY, kept

WITHIN_S = 30.0
RUNS: Body = {"phase": "Running", "conditions": [READY]}


async def node(site: Site, **more: Body) -> Target:
    return await site.makes(NODE, f"contract-{uuid.uuid4().hex[:8]}", more)


async def drains(site: Site, target: Target, nth: int) -> Announced | Refusal:
    return await announced(site, await look(site, target), DRAIN, command_id=f"c{nth}")


async def done(site: Site, what: Announced | Refusal) -> Announced:
    assert isinstance(what, Announced), what
    assert (await site.cluster.rehearse(what.request)).answer is Answer.DONE
    assert (await site.cluster.send(what.request, always)).answer is Answer.DONE
    seen = await site.cluster.look(what.request.target)
    left = None if isinstance(seen, Reply) else seen
    assert proof(what.command, what.request, left).trace is Trace.DONE
    return what


async def test_a_node_is_drained_portion_by_portion_and_its_first_one_undone(site: Site):
    """The undo is bound to what the cordon left, and not to what the evictions did."""
    target, _ = await node(site), await node(site, status={"conditions": [READY]})
    a_pod = await site.makes(POD, "one", kept("Keeper", nodeName=target.name))
    cordon = await done(site, await drains(site, target, 1))
    eviction = await done(site, await drains(site, target, 2))
    assert (eviction.request.verb, eviction.request.target) == (EVICT, a_pod)
    nothing = await drains(site, target, 3)
    assert isinstance(nothing, Refusal)
    assert nothing.reason is OutcomeReason.NOTHING_TO_DO
    await undo(site, cordon)
    left = await look(site, target)
    assert "unschedulable" not in left.body["spec"]
    assert "mendlog.io/draining" not in left.annotations


async def test_a_pod_of_two_budgets_is_never_evicted_and_we_do_not_ask(site: Site):
    target = await node(site)
    body = {**kept("Keeper", nodeName=target.name), "status": RUNS}
    a_pod = await site.makes(POD, "one", body)
    for name in ("first", "second"):
        await site.budgets(name, 1)
    seen = await look(site, a_pod)
    refused = await announced(site, seen, EVICT_POD)
    assert isinstance(refused, Refusal)
    assert "first, second" in refused.detail
    reply = await site.cluster.rehearse(removal(EVICT, a_pod, seen.uid))
    assert (reply.answer, reply.detail[:3]) == (Answer.UNSURE, "500")


# A machine behind a node of the sandbox, for which a local server of EC2's protocol answers.


@pytest_asyncio.fixture
async def machines(
    sandbox: Cluster, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Places, Hand, Machines]]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "KEY")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a secret")
    names = ("node-a", "node-b", "node-c")
    cloud = Machines("demo", names, tells_of_node(sandbox.url, "Unknown"))
    server = ApiServer(ClusterAddress(url=sandbox.url), PATIENT_S, 4)
    ec2 = Ec2Machines(Ec2(region="eu-central-1", cluster="demo", endpoint=cloud.url), PATIENT_S)
    places = Places(KubernetesCluster(server, "test", 4), {INSTANCE: ec2})
    hand = Hand(client.ApiClient(client.Configuration(host=sandbox.url)))
    try:
        yield places, hand, cloud
    finally:
        await places.close()
        cloud.stop()


async def test_the_machine_of_an_empty_node_is_ended_once(
    sandbox: Cluster, machines: tuple[Places, Hand, Machines]
):
    places, hand, cloud = machines
    target = Target("test", "", NODE, "node-c")
    note = {"metadata": {"annotations": {"mendlog.io/enabled": "true"}}}
    await asyncio.to_thread(hand.edits, target, {**note, "spec": {"unschedulable": True}})
    try:
        made = await replaced(places, target)
        assert (await places.rehearse(made.request)).answer is Answer.DONE
        assert cloud.machines["node-c"].state == "running"
        assert (await places.send(made.request, always)).answer is Answer.DONE
        assert cloud.machines["node-c"].state == "shutting-down"
        machine = await places.look(made.request.target)
        assert isinstance(machine, Seen)
        assert proof(made.command, made.request, machine).trace is Trace.DONE
        assert not ready((await seen(places, target)).body)
        assert (await places.send(made.request, always)).answer is Answer.DONE
    finally:
        tells_of_node(sandbox.url, "True")("node-c")
        await asyncio.to_thread(hand.edits, target, {"spec": {"unschedulable": None}})


async def test_as_a_process_it_knows_the_sandboxs_nodes(
    sandbox: Cluster, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "KEY")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a secret")
    line = (sys.executable, "-m", "deploy.sandbox.machines", "--cluster-url", sandbox.url)
    process = await asyncio.create_subprocess_exec(*line, stdout=asyncio.subprocess.PIPE)
    try:
        assert process.stdout
        url = (await process.stdout.readline()).decode().strip()
        ec2 = Ec2Machines(Ec2(region="eu-central-1", cluster="demo", endpoint=url), PATIENT_S)
        found = await ec2.find(Query(INSTANCE))
        assert not isinstance(found, Reply), found
        names = {each["metadata"]["name"] for each in found}
        assert names >= {"node-a", "node-b", "node-c"}
    finally:
        process.terminate()
        assert await process.wait() == 0


async def seen(places: Places, target: Target) -> Seen:
    found = await places.look(target)
    assert isinstance(found, Seen), found
    return found


async def replaced(places: Places, target: Target) -> Announced:
    """As soon as its last pods have left, and the other nodes are as they should be."""
    row, until_s = CATALOG[REPLACE_NODE], time.monotonic() + WITHIN_S
    while True:
        now = await seen(places, target)
        act = order(now, action=REPLACE_NODE)
        found = [await places.find(query) for query in row.reads(act, now)]
        assert not any(isinstance(each, Reply) for each in found), found
        made = announce(row, Scene(act, now, tuple(found)))
        if not isinstance(made, Refusal):
            return Announced(act, made[0], made[1].undo)
        assert time.monotonic() < until_s, made
        await asyncio.sleep(0.1)
