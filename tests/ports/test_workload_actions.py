"""What the actions on workloads rely on, asked of every API that they run against."""

from dataclasses import replace
from typing import Any

import pytest

from remediators.actions.restart import RESTARTED_AT
from remediators.core.refusal import Refusal
from remediators.core.workload import Workload
from schemas.actions import RESTART, SCALE
from schemas.kinds import DAEMON_SET, DEPLOYMENT, STATEFUL_SET
from schemas.remediation import OutcomeReason, Target
from tests.deploy.sandbox.cluster.workloads import daemon_set, deployment, stateful_set
from tests.ports.orders import act, announced, look, undo
from tests.ports.sites import Body, Site

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
