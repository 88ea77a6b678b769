"""What the executor relies on for what is no Deployment: nodes, pods, Jobs, and others."""

import uuid
from dataclasses import replace
from typing import Any

import pytest

from remediators.actions.catalog import CATALOG, announce
from remediators.actions.plan import Scene
from remediators.core.marker import marker_of
from remediators.core.patch import add, must_be, patch
from remediators.core.proof import Trace, proof
from remediators.core.query import Query
from remediators.core.refusal import Refusal
from remediators.core.reply import Answer, Reply
from remediators.core.request import DELETE, EVICT, creation, removal
from remediators.core.seen import Seen
from schemas.actions import CORDON, UNCORDON
from schemas.kinds import CONFIG_MAP, JOB, NODE, POD
from schemas.remediation import Command, CommandKind, Request, Target
from tests.ports.orders import always, look, order
from tests.ports.sites import Site
from tests.remediators.builders import command

PAUSE = {"name": "main", "image": "registry.k8s.io/pause:3.10"}
A_POD: dict[str, Any] = {"spec": {"containers": [PAUSE]}, "metadata": {"labels": {"app": "lone"}}}
A_JOB: dict[str, Any] = {
    "apiVersion": "batch/v1",
    "kind": JOB,
    "spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [PAUSE]}}},
}


async def send(site: Site, what: Request) -> Answer:
    return (await site.cluster.send(what, always)).answer


async def traced(site: Site, order: Command, what: Request) -> Trace:
    seen = await site.cluster.look(what.target)
    return proof(order, what, None if isinstance(seen, Reply) else seen).trace


def request_of(action: str, order: Command, seen: Seen) -> Request:
    made = announce(CATALOG[action], Scene(order, seen))
    assert not isinstance(made, Refusal), made
    return made[0]


async def node(site: Site) -> Target:
    return await site.makes(NODE, f"contract-{uuid.uuid4().hex[:8]}", {})


async def test_cordoned_once_undone_once_and_free_again(site: Site):
    target = await node(site)
    before = await look(site, target)
    assert not before.generation_kept
    act = order(before, action=CORDON)
    cordon = request_of(CORDON, act, before)
    assert await send(site, cordon) is Answer.DONE
    assert await send(site, cordon) is Answer.UNPROCESSABLE
    assert await traced(site, act, cordon) is Trace.DONE
    left = await look(site, target)
    assert left.body["spec"]["unschedulable"] is True
    assert left.generation != before.generation
    parameters = {"unschedulable": "true"}
    more = {"kind": CommandKind.ROLLBACK, "command_id": "c2", "undoes": "c1"}
    undo = order(before, action=CORDON, parameters=parameters, **more)
    lifted = request_of(CORDON, undo, left)
    assert await send(site, lifted) is Answer.DONE
    assert await send(site, lifted) is Answer.UNPROCESSABLE
    after = await look(site, target)
    assert "unschedulable" not in after.body["spec"]
    assert after.generation == before.generation
    assert marker_of(after) == "c2,c1"


async def test_a_cordon_that_a_person_has_made_again_is_his(site: Site):
    """Marker and value are as our cordon has left them; only the API's note of writers tells."""
    target = await node(site)
    before = await look(site, target)
    assert await send(site, request_of(CORDON, order(before, action=CORDON), before)) is Answer.DONE
    for cordoned in (None, True):
        await site.edits(target, {"spec": {"unschedulable": cordoned}})
    left = await look(site, target)
    if not left.field_managers:
        pytest.skip("no managedFields here")
    more = {"kind": CommandKind.ROLLBACK, "command_id": "c2", "undoes": "c1"}
    undo = order(before, action=CORDON, parameters={"unschedulable": "true"}, **more)
    refused = announce(CATALOG[CORDON], Scene(undo, left))
    assert isinstance(refused, Refusal)
    assert refused.detail.endswith("has cordoned it since")


async def test_an_old_cordon_never_comes_back(site: Site):
    """Sent again after somebody has lifted it: the member is as before, the marker is not."""
    target = await node(site)
    before = await look(site, target)
    cordon = request_of(CORDON, order(before, action=CORDON), before)
    assert await send(site, cordon) is Answer.DONE
    await site.edits(target, {"spec": {"unschedulable": None}})
    assert await send(site, cordon) is Answer.UNPROCESSABLE
    assert "unschedulable" not in (await look(site, target)).body["spec"]


async def test_what_a_person_has_cordoned_is_not_ours(site: Site):
    target = await node(site)
    before = await look(site, target)
    act = order(before, action=CORDON)
    cordon = request_of(CORDON, act, before)
    await site.edits(target, {"spec": {"unschedulable": True}})
    assert await send(site, cordon) is Answer.UNPROCESSABLE
    assert await traced(site, act, cordon) is Trace.MOVED


async def test_uncordon(site: Site):
    target = await site.makes(
        NODE, f"contract-{uuid.uuid4().hex[:8]}", {"spec": {"unschedulable": True}}
    )
    seen = await look(site, target)
    request = request_of(UNCORDON, order(seen, action=UNCORDON), seen)
    assert await send(site, request) is Answer.DONE
    assert "unschedulable" not in (await look(site, target)).body["spec"]


@pytest.mark.parametrize("marker", ["", "somebody"])
async def test_absence_is_proven(site: Site, marker: str):
    """`test … null` holds where the marker is absent, and only there."""
    notes = {"mendlog.io/last-command": marker} if marker else {}
    target = await site.makes(
        CONFIG_MAP,
        "flags",
        {"data": {"a": "b"}, "metadata": {"annotations": {"mendlog.io/enabled": "true", **notes}}},
    )
    seen = await look(site, target)
    assert not seen.generation_kept
    blind = replace(order(seen), marker="")
    tests = (must_be("b", "data", "a"),)
    what = patch(blind, (add("c", "data", "a"),), tests, generation_kept=False)
    expected = Answer.UNPROCESSABLE if marker else Answer.DONE
    assert (await site.cluster.rehearse(what)).answer is expected
    assert await send(site, what) is expected
    value = (await look(site, target)).body["data"]["a"]
    assert value == ("b" if marker else "c")


async def test_a_number_for_content_follows_content_alone(site: Site):
    target = await site.makes(CONFIG_MAP, "flags", {"data": {"a": "b"}})
    first = (await look(site, target)).generation
    await site.edits(target, {"metadata": {"labels": {"x": "y"}}})
    assert (await look(site, target)).generation == first
    await site.edits(target, {"data": {"a": "c"}})
    assert (await look(site, target)).generation != first


@pytest.mark.parametrize("verb", [DELETE, EVICT])
async def test_a_pod_goes_once_and_no_other_of_its_name(site: Site, verb: str):
    target = await site.makes(POD, "lone", A_POD)
    seen = await look(site, target)
    act = order(seen)
    wrong = removal(verb, target, "00000000-0000-0000-0000-000000000000")
    # The API tries a conflict of a running pod's eviction again and again, longer than we wait.
    assert await send(site, wrong) in (Answer.CONFLICT, Answer.UNSURE)
    right = removal(verb, target, seen.uid, {"gracePeriodSeconds": 0})
    assert (await site.cluster.rehearse(right)).answer is Answer.DONE
    assert await traced(site, act, right) is Trace.OPEN
    assert await send(site, right) is Answer.DONE
    assert await traced(site, act, right) is Trace.DONE


async def test_a_job_is_made_once(site: Site):
    target = replace(site.target, kind=JOB, name="mendlog-c1")
    act = command(target=target)
    what = creation(act, target, A_JOB)
    assert await traced(site, act, what) is Trace.OPEN
    assert (await site.cluster.rehearse(what)).answer is Answer.DONE
    assert await traced(site, act, what) is Trace.OPEN
    assert await send(site, what) is Answer.DONE
    assert await send(site, what) is Answer.CONFLICT
    assert await traced(site, act, what) is Trace.DONE


async def test_a_name_that_is_taken_is_not_ours(site: Site):
    target = await site.makes(JOB, "mendlog-c1", A_JOB)
    act = command(target=target)
    what = creation(act, target, A_JOB)
    assert await send(site, what) is Answer.CONFLICT
    assert await traced(site, act, what) is Trace.MOVED


async def test_what_is_found_by_name_by_label_and_by_field(site: Site):
    somewhere = f"node-{uuid.uuid4().hex[:8]}"
    for name, app, place in (("one", "a", "elsewhere"), ("two", "b", somewhere)):
        labelled = {**A_POD, "metadata": {"labels": {"app": app}}}
        await site.makes(POD, name, {**labelled, "spec": {**A_POD["spec"], "nodeName": place}})
    namespace = site.target.namespace

    async def names(query: Query) -> list[str]:
        found = await site.cluster.find(query)
        assert not isinstance(found, Reply), found
        return sorted(each["metadata"]["name"] for each in found)

    assert set(await names(Query(POD, namespace))) >= {"one", "two"}
    assert await names(Query(POD, namespace, name="one")) == ["one"]
    assert await names(Query(POD, namespace, name="three")) == []
    assert await names(Query(POD, namespace, labels="app=b")) == ["two"]
    assert await names(Query(POD, namespace, fields=f"spec.nodeName={somewhere}")) == ["two"]
    assert await names(Query(POD, fields=f"spec.nodeName={somewhere}")) == ["two"]
