"""What the actions on workloads rely on, asked of every API that they run against."""

import copy
import uuid
from dataclasses import replace
from typing import Any

import pytest

from remediators.actions.restart import RESTARTED_AT
from remediators.core.refusal import Refusal
from remediators.core.reply import Answer
from remediators.core.seen import Seen
from remediators.core.workload import Pods, Workload
from schemas.actions import (
    EXPAND_VOLUME,
    PAUSE_ROLLOUT,
    RAISE_MAX,
    RAISE_MEMORY,
    RESTART,
    RESUME_ROLLOUT,
    SCALE,
)
from schemas.kinds import AUTOSCALER, DAEMON_SET, DEPLOYMENT, STATEFUL_SET, STORAGE_CLASS
from schemas.remediation import OutcomeReason, Target
from tests.deploy.sandbox.cluster.workloads import daemon_set, deployment, stateful_set
from tests.ports.orders import Announced, act, always, announced, look, undo, undoing
from tests.ports.sites import Body, Site, autoscaler
from tests.ports.test_cluster import until

BODIES: dict[str, Body] = {
    DEPLOYMENT: deployment("db", replicas=1),
    STATEFUL_SET: stateful_set(replicas=1, podManagementPolicy="Parallel"),
    DAEMON_SET: daemon_set("db"),
}


UP = {"by": "1", "max": "5"}


async def made(site: Site, kind: str) -> Workload:
    return await seen_of(site, await site.makes(kind, "db", BODIES[kind]))


async def seen_of(site: Site, target: Target) -> Workload:
    seen = await look(site, target)
    assert isinstance(seen, Workload)
    return seen


def with_pods(seen: Workload) -> Workload:
    """As it is where nodes are there for them."""
    return replace(seen, replicas_wanted=1)


def scaled(seen: Workload) -> Any:
    return seen.body["spec"]["replicas"]


@pytest.mark.parametrize("kind", [DEPLOYMENT, STATEFUL_SET])
async def test_scaled_and_scaled_back(site: Site, kind: str):
    before = await made(site, kind)
    done = await act(site, before, SCALE, percent="100", max="5")
    after = await seen_of(site, before.target)
    assert (scaled(after), after.generation) == (2, before.generation + 1)
    await undo(site, done)
    assert scaled(await seen_of(site, before.target)) == 1


async def test_what_an_autoscaler_scales_is_left_to_it(site: Site):
    await site.autoscales("peak", STATEFUL_SET)
    before = await seen_of(site, site.target)
    assert not isinstance(await announced(site, before, SCALE, parameters=UP), Refusal)
    await site.autoscales("web", DEPLOYMENT)
    refusal = await announced(site, before, SCALE, parameters=UP)
    assert isinstance(refusal, Refusal)
    assert refusal.reason is OutcomeReason.OWNED_ELSEWHERE


@pytest.mark.parametrize("kind", [STATEFUL_SET, DAEMON_SET])
async def test_a_note_does_not_move_a_generation_and_a_restart_does_by_one(site: Site, kind: str):
    """An undo, and the proof of a patch, count on it."""
    before = await made(site, kind)
    await site.edits(before.target, {"metadata": {"annotations": {"somebody": "else"}}})
    noted = await seen_of(site, before.target)
    assert noted.generation == before.generation
    if kind == DAEMON_SET:
        noted = with_pods(noted)
    await act(site, noted, RESTART)
    after = await seen_of(site, before.target)
    assert after.generation == before.generation + 1
    assert RESTARTED_AT in after.template["metadata"]["annotations"]


def told_nothing(seen: Seen) -> Seen:
    """Before the controller's first account."""
    return replace(seen, body={**seen.body, "status": {}})


async def test_a_maximum_raised_and_set_back(site: Site):
    """It has no generation: the number itself is tested for."""
    target = await site.makes(AUTOSCALER, "peak", autoscaler("peak", STATEFUL_SET))
    before = await look(site, target)
    assert not before.generation_kept
    done = await act(site, told_nothing(before), RAISE_MAX, by="2", max="9")
    assert (await look(site, target)).body["spec"]["maxReplicas"] == 5
    await undo(site, done)
    after = await look(site, target)
    assert after.body["spec"] == before.body["spec"]
    assert after.generation == before.generation


async def test_a_maximum_that_somebody_has_set_is_not_undone(site: Site):
    target = await site.makes(AUTOSCALER, "peak", autoscaler("peak", STATEFUL_SET))
    before = told_nothing(await look(site, target))
    done = await act(site, before, RAISE_MAX, by="2", max="9")
    raised = await look(site, target)
    late = await announced(site, raised, RAISE_MAX, **undoing(done))
    assert isinstance(late, Announced)
    await site.edits(target, {"spec": {"maxReplicas": 6}})
    reply = await site.cluster.send(late.request, always)
    assert reply.answer is Answer.UNPROCESSABLE
    assert (await look(site, target)).body["spec"]["maxReplicas"] == 6


def under_way(seen: Workload) -> Workload:
    """As it is while a release goes on."""
    return replace(seen, pods=Pods(total=seen.replicas_wanted))


async def test_paused_and_set_back(site: Site):
    before = await made(site, DEPLOYMENT)
    done = await act(site, under_way(before), PAUSE_ROLLOUT)
    paused = await seen_of(site, before.target)
    assert paused.rollout_paused
    assert paused.generation == before.generation + 1
    await undo(site, done)
    after = await seen_of(site, before.target)
    assert "paused" not in after.body["spec"]


@pytest.mark.parametrize("again", [False, True])
async def test_what_somebody_else_has_paused_is_his(site: Site, again: bool):
    """The API keeps who has written a field last; the fake does not."""
    before = await made(site, DEPLOYMENT)
    await act(site, under_way(before), PAUSE_ROLLOUT)
    for paused in (False, True) if again else ():
        await site.edits(before.target, {"spec": {"paused": paused}})
    seen = await seen_of(site, before.target)
    if not seen.field_managers:
        pytest.skip("no managedFields here")
    resumed = await announced(site, seen, RESUME_ROLLOUT, command_id="c2")
    assert isinstance(resumed, Refusal) == again, resumed
    if isinstance(resumed, Announced):
        assert (await site.cluster.send(resumed.request, always)).answer is Answer.DONE
        assert not (await seen_of(site, before.target)).rollout_paused


LIMITED = {"limits": {"memory": "1.5Gi"}, "requests": {"memory": "1536Mi"}}


def limited(kind: str) -> Body:
    body = copy.deepcopy(BODIES[kind])
    (main,) = body["spec"]["template"]["spec"]["containers"]
    main["resources"] = copy.deepcopy(LIMITED)
    return body


@pytest.mark.parametrize("kind", [DEPLOYMENT, STATEFUL_SET, DAEMON_SET])
async def test_memory_raised_and_set_back_to_the_very_same_pods(site: Site, kind: str):
    """The vertical autoscalers are asked for, though no such kind is served here."""
    before = await seen_of(site, await site.makes(kind, "db", limited(kind)))
    done = await act(site, before, RAISE_MEMORY, max="4Gi")
    raised = await seen_of(site, before.target)
    assert memory(raised) == {"limits": {"memory": "1920Mi"}, "requests": {"memory": "1920Mi"}}
    assert raised.generation == before.generation + 1
    await undo(site, done)
    assert (await seen_of(site, before.target)).template == before.template


def memory(seen: Workload) -> Any:
    return seen.template["spec"]["containers"][0]["resources"]


async def test_a_maximum_in_a_form_of_its_own(site: Site):
    before = await seen_of(site, await site.makes(DEPLOYMENT, "db", limited(DEPLOYMENT)))
    done = await act(site, before, RAISE_MEMORY, max="1.6Gi")
    await undo(site, done)
    assert (await seen_of(site, before.target)).template == before.template


@pytest.mark.parametrize("grows", [True, False])
async def test_a_claim_asks_for_more_where_its_class_allows_it(site: Site, grows: bool):
    found = await claim(site, grows)
    refusal = await announced(site, found, EXPAND_VOLUME, parameters={"max": "1Ti"})
    assert isinstance(refusal, Refusal) != grows, refusal
    if not grows:
        return
    assert not found.generation_kept
    await act(site, found, EXPAND_VOLUME, max="1Ti")
    after = await look(site, found.target)
    assert after.body["spec"]["resources"]["requests"]["storage"] == "12800Mi"


async def claim(site: Site, grows: bool) -> Seen:
    """Bound to its volume."""
    kind = {"provisioner": "example.com/disk", "allowVolumeExpansion": grows}
    name = f"contract-{uuid.uuid4().hex[:8]}"
    await site.makes(STORAGE_CLASS, name, kind)
    target = await site.claims("data-0", name, "10Gi")
    return await until(lambda: look(site, target), bound)


def bound(seen: Seen) -> bool:
    return bool(seen.body["status"].get("phase") == "Bound")
