"""Every action on every site: rehearsed, done, done no second time, found again, and undone."""

import asyncio
from dataclasses import replace

import pytest

from remediators.actions.catalog import CATALOG, announce
from remediators.actions.plan import AnyPlan
from remediators.core.marker import marker_of
from remediators.core.proof import Trace, proof
from remediators.core.refusal import Refusal
from remediators.core.reply import Answer, Reply
from remediators.core.request import PATCH, SET_STATUS
from remediators.core.seen import Seen
from remediators.core.workload import Workload
from schemas.actions import ACTIONS
from schemas.kinds import KINDS
from schemas.remediation import Command, CommandKind, Request, Target
from tests.ports.scenes import scene_of
from tests.ports.sites import Site
from tests.remediators.actions.samples import ONCE, SAMPLES, Sample
from tests.remediators.builders import command

WITHIN_S = 30.0
EVERY = pytest.mark.parametrize("action", sorted(CATALOG))


async def build(site: Site, sample: Sample) -> Target:
    """Every site has a Deployment already; all else is made."""
    if not {other.kind for other in sample.beside} <= set(KINDS):
        pytest.skip("acts on what is not in a cluster")
    for other, body in sample.beside.items():
        await site.makes(other.kind, other.name, dict(body))
    if sample.target.kind != site.target.kind:
        return await site.makes(sample.target.kind, sample.target.name, sample.body)
    if sample.body:
        await site.edits(site.target, {"spec": sample.body}, sample.writer)
    for image in sample.releases:
        await _numbered(site)
        await site.releases(image)
    return site.target


async def _numbered(site: Site) -> None:
    """What is released before the controllers have seen the last release leaves no trace of it."""
    async with asyncio.timeout(WITHIN_S):
        while True:
            seen = await look(site, site.target)
            assert isinstance(seen, Workload)
            if seen.revision and seen.observed_generation >= seen.generation:
                return
            await asyncio.sleep(0.05)


async def look(site: Site, target: Target) -> Seen:
    found = await site.cluster.survey(target)
    assert not isinstance(found, Reply), found
    return found[0]


async def planned(
    site: Site, action: str, target: Target
) -> tuple[Command, tuple[Request, AnyPlan]]:
    """As soon as it can be: controllers may have to come to rest first."""
    row, kit = CATALOG[action], SAMPLES[action].kit
    try:
        async with asyncio.timeout(WITHIN_S):
            while True:
                seen = await look(site, target)
                order = command(
                    action=action,
                    target=target,
                    parameters=SAMPLES[action].parameters,
                    uid=seen.uid,
                    generation=seen.generation,
                    marker=marker_of(seen),
                )
                made = announce(row, await scene_of(site, row, order, seen, kit))
                if not isinstance(made, Refusal):
                    return order, made
                refused = made
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(f"refused for {WITHIN_S:g} s: {refused}") from None


async def send(site: Site, what: Request) -> Answer:
    return (await site.cluster.send(what, lambda: True)).answer


async def traced(site: Site, order: Command, what: Request) -> Trace:
    seen = await site.cluster.look(what.target)
    return proof(order, what, None if isinstance(seen, Reply) else seen).trace


@EVERY
async def test_done_once_and_undone_once(site: Site, action: str):
    target = await build(site, SAMPLES[action])
    act, (what, plan) = await planned(site, action, target)
    assert (await site.cluster.rehearse(what)).answer is Answer.DONE
    assert await traced(site, act, what) is Trace.OPEN
    assert await send(site, what) is Answer.DONE
    assert await traced(site, act, what) is (Trace.GONE if action in ONCE else Trace.DONE)
    assert await send(site, what) is not Answer.DONE or what.verb not in (PATCH, SET_STATUS)
    if ACTIONS[action].undoable:
        await _undone_once(site, act, plan)


async def _undone_once(site: Site, act: Command, plan: AnyPlan) -> None:
    row, kit = CATALOG[act.action], SAMPLES[act.action].kit
    more = {"kind": CommandKind.ROLLBACK, "command_id": "c2", "undoes": act.command_id}
    undo = replace(act, parameters=plan.undo, **more)
    made = announce(row, await scene_of(site, row, undo, await look(site, act.target), kit))
    assert not isinstance(made, Refusal), made
    what, _ = made
    assert (await site.cluster.rehearse(what)).answer is Answer.DONE
    assert await send(site, what) is Answer.DONE
    assert await traced(site, undo, what) is Trace.DONE
    assert await send(site, what) is not Answer.DONE


@EVERY
async def test_after_somebody_else_it_is_not_done(site: Site, action: str):
    """Whoever has led the marker since: what was announced before can no longer win."""
    target = await build(site, SAMPLES[action])
    act, (what, _) = await planned(site, action, target)
    if what.verb != PATCH:
        pytest.skip("bound to a uid or a name, not to a marker")
    annotation = {"mendlog.io/last-command": "somebody"}
    await site.edits(what.target, {"metadata": {"annotations": annotation}})
    assert (await site.cluster.rehearse(what)).answer is Answer.UNPROCESSABLE
    assert await send(site, what) is Answer.UNPROCESSABLE
    assert await traced(site, act, what) is Trace.MOVED
