"""What the executor relies on in a cluster's API, shown on every site alike."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, TypeVar

import pytest

from remediators.actions.catalog import CATALOG, announce
from remediators.actions.plan import Kit, Scene
from remediators.actions.releases import Revision, replica_sets
from remediators.actions.releases import revisions as revisions_of
from remediators.core.marker import carries, marker_of
from remediators.core.patch import add, patch
from remediators.core.refusal import Refusal
from remediators.core.reply import Answer, Reply
from remediators.core.workload import Surroundings, Workload
from schemas.actions import DEGRADE, RESTART, ROLL_BACK, SCALE
from schemas.remediation import Command, CommandKind, Request, Target
from tests.ports.orders import always, order
from tests.ports.scenes import scene_of
from tests.ports.sites import Site

T = TypeVar("T")
WITHIN_S = 30.0
CHANGE = (add(7, "spec", "minReadySeconds"),)


async def look(site: Site) -> Workload:
    seen = await site.cluster.look(site.target)
    assert isinstance(seen, Workload), seen
    return seen


async def until(ask: Callable[[], Awaitable[T]], holds: Callable[[T], bool]) -> T:
    """For what controllers do on their own time."""
    async with asyncio.timeout(WITHIN_S):
        while not holds(answer := await ask()):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    return answer


async def settled(site: Site) -> Workload:
    """Once the controllers have seen the newest generation, and numbered it."""
    return await until(
        lambda: look(site),
        lambda seen: seen.observed_generation >= seen.generation and bool(seen.revision),
    )


async def survey(site: Site) -> tuple[Workload, Surroundings]:
    found = await site.cluster.survey(site.target)
    assert not isinstance(found, Reply), found
    seen, around = found
    assert isinstance(seen, Workload)
    return seen, around


async def revisions(site: Site, seen: Workload) -> tuple[Revision, ...]:
    (query,) = replica_sets(order(seen), seen)
    found = await site.cluster.find(query)
    assert not isinstance(found, Reply)
    return revisions_of(seen.uid, found)


async def send(site: Site, what: Request) -> Answer:
    return (await site.cluster.send(what, always)).answer


async def test_a_look_at_what_is_there(site: Site):
    seen = await look(site)
    assert seen.uid
    assert seen.generation == 1
    assert seen.opted_in
    assert not marker_of(seen)


async def test_a_look_at_what_is_not_there(site: Site):
    nothing = await site.cluster.look(replace(site.target, name="nothing"))
    assert isinstance(nothing, Reply)
    assert nothing.answer is Answer.NOT_FOUND


async def test_names_cannot_climb_out_of_their_place(site: Site):
    for target in (
        replace(site.target, name=f"../deployments/{site.target.name}"),
        replace(site.target, namespace=f"../namespaces/{site.target.namespace}"),
    ):
        assert isinstance(await site.cluster.look(target), Reply)


async def test_a_request_takes_effect_once_and_leaves_its_marker(site: Site):
    seen = await settled(site)
    what = patch(order(seen), CHANGE)
    assert await send(site, what) is Answer.DONE
    after = await look(site)
    assert carries(after, "c1")
    assert after.generation == seen.generation + 1
    assert await send(site, what) is Answer.UNPROCESSABLE
    again = await look(site)
    assert (again.generation, marker_of(again)) == (after.generation, "c1")


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"uid": "00000000-0000-0000-0000-000000000000"}, id="uid"),
        pytest.param({"generation": 99}, id="generation"),
        pytest.param({"marker": "somebody"}, id="marker"),
    ],
)
async def test_a_request_for_another_state_changes_nothing(site: Site, wrong: dict[str, Any]):
    seen = await settled(site)
    what = patch(order(seen, **wrong), CHANGE)
    assert await send(site, what) is Answer.UNPROCESSABLE
    after = await look(site)
    assert (after.generation, marker_of(after)) == (seen.generation, "")


async def test_an_annotation_by_somebody_else_makes_it_stale(site: Site):
    """It is the generation that stands in for an absent marker, so annotations must move it."""
    seen = await settled(site)
    await site.annotates("mendlog.io/last-command", "somebody")
    assert await send(site, patch(order(seen), CHANGE)) is Answer.UNPROCESSABLE
    assert marker_of(await look(site)) == "somebody"


async def test_of_two_sent_at_once_one_wins(site: Site):
    seen = await settled(site)
    ours = [patch(order(seen, command_id=f"c{n}"), CHANGE) for n in range(6)]
    answers = await asyncio.gather(*(send(site, what) for what in ours))
    assert sorted(a.value for a in answers).count("done") == 1, answers
    assert set(answers) <= {Answer.DONE, Answer.UNPROCESSABLE, Answer.CONFLICT}
    after = await look(site)
    assert after.generation == seen.generation + 1
    assert marker_of(after) == f"c{answers.index(Answer.DONE)}"


async def test_what_would_be_invalid_changes_nothing(site: Site):
    seen = await settled(site)
    what = patch(order(seen), (add(-1, "spec", "replicas"),))
    assert await send(site, what) is Answer.UNPROCESSABLE
    assert (await look(site)).generation == seen.generation


async def test_held_back_at_the_last_moment(site: Site):
    seen = await settled(site)
    reply = await site.cluster.send(patch(order(seen), CHANGE), lambda: False)
    assert reply.answer is Answer.HELD_BACK
    assert (await look(site)).generation == seen.generation


async def test_a_request_for_what_was_deleted(site: Site):
    seen = await settled(site)
    await site.deletes()
    what = patch(order(seen, generation=99), CHANGE)
    await until(lambda: send(site, what), lambda answer: answer is Answer.NOT_FOUND)


async def test_a_kind_that_we_do_not_know(site: Site):
    reply = await site.cluster.look(Target("test", "test", "Widget", "x"))
    assert isinstance(reply, Reply)


async def test_every_request_of_the_catalogue_is_accepted(site: Site):
    """Scaled up, degraded, restarted, rolled back, and each undone that can be."""
    await settled(site)  # What is released before leaves no trace of the first release.
    await site.releases("example/main:2")
    act = await _act(site, "scale", SCALE, parameters={"replicas": "2", "max": "3"})
    assert (await look(site)).replicas_wanted == 2
    await _undo(site, act, "undo", replicas="1")
    assert (await look(site)).replicas_wanted == 1
    await _act(site, "degrade", DEGRADE)
    await _act(site, "restart", RESTART)
    await _act(site, "back", ROLL_BACK)
    seen = await settled(site)
    assert _image(seen.template) == "example/main:1"
    assert marker_of(seen) == "back,restart,degrade,undo,scale"


@pytest.mark.parametrize(
    "env",
    [
        pytest.param({}, id="not there"),
        pytest.param({"DEGRADED_MODE": "false", "LOG_LEVEL": "info"}, id="another value"),
        pytest.param({"LOG_LEVEL": "info"}, id="others are there"),
        pytest.param({"DEGRADED_MODE": ""}, id="empty"),
    ],
)
async def test_degraded_and_back_to_the_very_same_pods(site: Site, env: dict[str, str]):
    """The same template again is the same revision's: its pods need not be made anew."""
    await site.configures(env)
    before = await settled(site)
    act = await _act(site, "degrade", DEGRADE)
    assert _env(await settled(site)) == env | {"DEGRADED_MODE": "true"}
    before_it = {"previous": env["DEGRADED_MODE"]} if "DEGRADED_MODE" in env else {}
    await _undo(site, act, "undo", variable="DEGRADED_MODE", value="true", **before_it)
    after = await settled(site)
    assert after.template == before.template
    assert marker_of(after) == "undo,degrade"
    found = await until(lambda: revisions(site, after), lambda found: len(found) > 1)
    assert [r.template for r in found].count(found[-1].template) == 1


async def test_a_degrade_that_another_has_overtaken_changes_nothing(site: Site):
    seen = await settled(site)
    made = announce(CATALOG[DEGRADE], Scene(order(seen, action=DEGRADE), seen))
    assert not isinstance(made, Refusal)
    await site.configures({"DEGRADED_MODE": "false"})
    assert await send(site, made[0]) is Answer.UNPROCESSABLE
    after = await look(site)
    assert (_env(after), marker_of(after)) == ({"DEGRADED_MODE": "false"}, "")


async def test_revisions_are_the_templates_there_have_been(site: Site):
    await settled(site)
    await site.releases("example/main:2")
    seen = await settled(site)
    found = await until(lambda: revisions(site, seen), lambda found: len(found) == 2)
    assert [r.number for r in found] == [1, 2]
    assert [_image(r.template) for r in found] == ["example/main:1", "example/main:2"]


async def test_surroundings_are_told_or_left_unknown(site: Site):
    seen, around = await survey(site)
    assert seen.uid == (await look(site)).uid
    assert around.pdb_allowed is None
    assert 0 <= around.nodes_ready <= around.nodes


async def test_what_lets_no_pod_go_is_told(site: Site):
    """Its pods are not there yet, or are few: the strictest budget lets none of them go."""
    await site.budgets("lax", 1)
    await site.budgets("strict", 0)
    _, around = await until(lambda: survey(site), lambda found: found[1].pdb_allowed is not None)
    assert around.pdb_allowed == 0


async def test_nobody_else_controls_it(site: Site):
    await site.autoscales("of-another-kind", "StatefulSet")
    seen, _ = await survey(site)
    assert seen.owner == ""


async def test_all_who_control_it_are_told(site: Site):
    await site.autoscales("scaler")
    await site.annotates("argocd.argoproj.io/tracking-id", "shop:apps/Deployment:test/web")
    await site.labels("kustomize.toolkit.fluxcd.io/name", "apps")
    seen, _ = await survey(site)
    assert seen.owner == "ArgoCD/shop,Flux/apps,HorizontalPodAutoscaler/scaler"


async def _act(site: Site, command_id: str, action: str, **more: Any) -> Command:
    act = order(await settled(site), command_id=command_id, action=action, **more)
    await _carry(site, act)
    return act


async def _undo(site: Site, act: Command, command_id: str, **parameters: str) -> None:
    undo = replace(
        act,
        kind=CommandKind.ROLLBACK,
        command_id=command_id,
        undoes=act.command_id,
        parameters=parameters,
    )
    await _carry(site, undo)


async def _carry(site: Site, act: Command) -> None:
    seen = await look(site)
    row = CATALOG[act.action]
    made = announce(row, await scene_of(site, row, act, seen, Kit()))
    assert not isinstance(made, Refusal), made
    assert await send(site, made[0]) is Answer.DONE, json.loads(made[0].body)


def _env(seen: Workload) -> dict[str, str]:
    env = seen.template["spec"]["containers"][0].get("env") or ()
    return {entry["name"]: entry.get("value", "") for entry in env}


def _image(template: Any) -> str:
    return template["spec"]["containers"][0]["image"]
