"""What aborting a canary relies on, of every API that we run against."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest_asyncio

from remediators.core.marker import LAST_COMMAND, marker_of
from remediators.core.patch import add
from remediators.core.proof import Trace, proof
from remediators.core.query import Query
from remediators.core.reply import Answer, Reply
from remediators.core.request import SET_STATUS
from remediators.core.seen import Seen
from remediators.core.status import status_patch
from schemas.actions import ABORT_CANARY
from schemas.kinds import ROLLOUT
from schemas.remediation import Target
from tests.ports.orders import Announced, always, announced, look, order
from tests.ports.sites import Site
from tests.remediators.actions.samples import A_ROLLOUT

NAME = "canary"


@pytest_asyncio.fixture
async def canary(site: Site) -> AsyncIterator[Target]:
    yield await site.makes(ROLLOUT, NAME, A_ROLLOUT)


async def aborting(site: Site, target: Target) -> tuple[Seen, Announced]:
    seen = await look(site, target)
    made = await announced(site, seen, ABORT_CANARY)
    assert isinstance(made, Announced), made
    return seen, made


async def send(site: Site, made: Announced) -> Answer:
    return (await site.cluster.send(made.request, always)).answer


async def traced(site: Site, made: Announced) -> Trace:
    return proof(made.command, made.request, await look(site, made.command.target)).trace


async def test_aborted_once(site: Site, canary: Target):
    before, made = await aborting(site, canary)
    assert (await site.cluster.rehearse(made.request)).answer is Answer.DONE
    assert "abort" not in (await look(site, canary)).body["status"]
    assert await traced(site, made) is Trace.OPEN
    assert await send(site, made) is Answer.DONE
    after = await look(site, canary)
    assert after.body["status"] == {**before.body["status"], "abort": True}
    assert after.body["spec"] == before.body["spec"]
    assert after.body["metadata"]["generation"] == before.body["metadata"]["generation"]
    assert after.generation == before.generation
    assert await send(site, made) is Answer.UNPROCESSABLE
    assert await traced(site, made) is Trace.GONE


async def test_a_copy_that_comes_late_aborts_nothing_that_was_retried(site: Site, canary: Target):
    """The flag as it was before: what people take away to go on."""
    _, made = await aborting(site, canary)
    assert await send(site, made) is Answer.DONE
    await site.reports(canary, {"abort": None})
    assert "abort" not in (await look(site, canary)).body["status"]
    assert await send(site, made) is Answer.UNPROCESSABLE
    assert await traced(site, made) is Trace.GONE
    assert "abort" not in (await look(site, canary)).body["status"]


async def test_the_next_canary_is_not_aborted(site: Site, canary: Target):
    _, made = await aborting(site, canary)
    await site.reports(canary, {"currentPodHash": "next"})
    assert (await site.cluster.rehearse(made.request)).answer is Answer.UNPROCESSABLE
    assert await send(site, made) is Answer.UNPROCESSABLE
    assert "abort" not in (await look(site, canary)).body["status"]
    assert (await look(site, canary)).generation != made.command.generation


async def test_a_status_takes_no_marker(site: Site, canary: Target):
    """Why no reading can tell whose an abort was."""
    seen = await look(site, canary)
    mark = add("c1", "metadata", "annotations", LAST_COMMAND)
    both = status_patch(order(seen), seen, (add(True, "status", "abort"), mark), ())
    assert (await site.cluster.send(both, always)).answer is Answer.DONE
    after = await look(site, canary)
    assert after.body["status"]["abort"] is True
    assert marker_of(after) == ""


async def test_through_the_object_itself_no_status_is_changed(site: Site, canary: Target):
    """And there is no right to it: the right is of the status alone."""
    await site.edits(canary, {"status": {"abort": True}})
    assert "abort" not in (await look(site, canary)).body["status"]


async def test_one_that_is_gone(site: Site, canary: Target):
    _, made = await aborting(site, canary)
    nowhere = replace(made.request, target=replace(canary, name="nowhere"))
    assert (await site.cluster.rehearse(nowhere)).answer is Answer.NOT_FOUND
    assert (await site.cluster.send(nowhere, always)).answer is Answer.NOT_FOUND


async def test_who_takes_another_workloads_pods_is_found(site: Site, canary: Target):
    found = await site.cluster.find(Query(ROLLOUT, canary.namespace))
    assert not isinstance(found, Reply), found
    assert [each["metadata"]["name"] for each in found] == [NAME]


def test_the_request_is_one_json_patch():
    meta: dict[str, Any] = {"uid": "u", "generation": 1, "resourceVersion": "7"}
    target = Target("eu-1", "shop", ROLLOUT, NAME)
    seen = Seen(
        target=target,
        uid="u",
        generation=5,
        resource_version="7",
        annotations={},
        body={"metadata": meta},
    )
    request = status_patch(order(seen), seen, (), ())
    assert (request.verb, request.content_type) == (SET_STATUS, "application/json-patch+json")
    assert [step["value"] for step in json.loads(request.body)] == ["u", 1, "7"]
