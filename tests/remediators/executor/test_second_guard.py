"""The executor looks again before it acts, and refuses what the core could not know of any more."""

import asyncio
from collections import Counter
from dataclasses import replace

import pytest

from remediators.core.floor import Floor
from remediators.core.marker import LAST_COMMAND
from remediators.core.reply import Answer, Reply
from remediators.core.taken import LAG_MS
from remediators.executor import reading
from schemas.actions import CORDON, DEGRADE, DELETE_POD, RESTART, ROLL_BACK, SCALE
from schemas.kinds import POD, REPLICA_SET, ROLLOUT
from schemas.remediation import Command, CommandKind, Outcome
from tests.remediators.actions.samples import THE_NODE
from tests.remediators.builders import TARGET, command
from tests.remediators.executor.bench import Bench, words


@pytest.fixture
def here() -> Bench:
    return Bench()


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    monkeypatch.setattr(reading, "READ_AGAIN_S", 0.001)


def one_at_a_time(here: Bench) -> None:
    """The three pods of the target go one by one."""
    rolling = {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}}
    here.cluster.change(TARGET, lambda found: found["spec"].update(strategy=rolling))


def not_ready(here: Bench, left: int) -> None:
    here.cluster.objects[TARGET]["status"]["readyReplicas"] = left


def budget(here: Bench, allowed: int) -> None:
    here.cluster.budgets.append(
        {
            "metadata": {"name": "all"},
            "spec": {"selector": {"matchLabels": {"app": TARGET.name}}},
            "status": {"disruptionsAllowed": allowed},
        }
    )


async def detail_of(here: Bench, order) -> tuple[list[str], str]:
    records = await here.do(order)
    last = records[-1]
    assert isinstance(last, Outcome)
    return words(records), last.detail


async def test_pods_that_have_failed_since_the_look_are_counted(here: Bench):
    one_at_a_time(here)
    act = await here.act()
    not_ready(here, 2)
    told, why = await detail_of(here, act)
    assert told == ["rejected too_few_healthy"]
    assert why == "1 of 3 ready pods would be left, 2 needed"
    assert here.cluster.sent == []


async def test_a_budget_that_is_spent_since_the_look_forbids_it(here: Bench):
    one_at_a_time(here)
    act = await here.act()
    budget(here, 0)
    told, why = await detail_of(here, act)
    assert told == ["rejected too_few_healthy"]
    assert "its disruption budget lets 0 go now" in why


async def test_a_release_that_is_broken_is_left_all_the_same(here: Bench):
    one_at_a_time(here)
    release = {"spec": {"containers": [{"name": "main", "image": "example/main:2"}]}}
    here.cluster.change(TARGET, lambda found: found["spec"]["template"].update(release))
    act = await here.act(action=ROLL_BACK)
    not_ready(here, 0)
    budget(here, 0)
    assert words(await here.do(act)) == ["intent", "applied"]


async def test_an_undo_is_not_kept_from_it(here: Bench):
    one_at_a_time(here)
    act = await here.act(action=DEGRADE)
    (_, applied) = await here.do(act)
    assert isinstance(applied, Outcome)
    not_ready(here, 1)
    undo = command(
        CommandKind.ROLLBACK,
        command_id="c2",
        action=DEGRADE,
        undoes=act.command_id,
        parameters=applied.undo,
        uid=act.uid,
        generation=act.generation,
        marker=act.marker,
    )
    assert words(await here.do(undo)) == ["intent", "applied"]


async def test_budgets_that_may_not_be_read_forbid_it_and_the_rule_is_named(here: Bench):
    one_at_a_time(here)
    act = await here.act()
    denied = Reply(Answer.FORBIDDEN, "403: poddisruptionbudgets is forbidden: cannot list")
    here.cluster.unread.append(denied)
    told, why = await detail_of(here, act)
    assert told == ["rejected forbidden"]
    assert why == denied.detail


async def test_budgets_that_cannot_be_read_for_a_moment_are_asked_for_again(here: Bench):
    one_at_a_time(here)
    act = await here.act()
    here.cluster.unread += [Reply(Answer.UNSURE, "cut"), Reply(Answer.NEVER_SENT, "refused")]
    assert words(await here.do(act)) == ["intent", "applied"]
    assert not here.cluster.unread


@pytest.mark.parametrize("action", [SCALE, CORDON])
async def test_what_takes_no_pods_away_asks_no_budget(here: Bench, action: str):
    one_at_a_time(here)
    here.cluster.put(THE_NODE, {})
    budget(here, 0)
    target, parameters = {
        SCALE: (TARGET, {"by": "1", "max": "9"}),
        CORDON: (THE_NODE, {}),
    }[action]
    act = await here.act(target=target, action=action, parameters=parameters)
    not_ready(here, 0)
    assert words(await here.do(act))[-1] == "applied"


async def test_the_floor_is_the_executors_own_setting(here: Bench):
    here.floor = Floor(100)
    here.restart()
    one_at_a_time(here)
    assert words(await here.do(await here.act(action=RESTART))) == ["rejected too_few_healthy"]


@pytest.mark.parametrize(("name", "refused"), [("checkout", True), ("another", False)])
async def test_what_a_rollout_runs_in_its_place_is_left_to_that(
    here: Bench, name: str, refused: bool
):
    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}
    beside = replace(TARGET, kind=ROLLOUT, name="canary")
    here.cluster.put(beside, {"spec": {"workloadRef": reference}})
    told, why = await detail_of(here, await here.act())
    assert told[-1] == ("rejected owned_elsewhere" if refused else "applied")
    assert refused is why.startswith("Rollout/canary runs its pods in its place")


async def test_who_has_changed_it_since_is_told(here: Bench):
    act = await here.act()

    def edit(found) -> None:
        found["spec"]["replicas"] = 5
        found["metadata"]["managedFields"] = [
            {"manager": "kubectl-edit", "operation": "Update", "time": "2026-01-01T00:00:00Z"}
        ]

    here.cluster.change(TARGET, edit)
    told, why = await detail_of(here, act)
    assert told == ["rejected stale"]
    assert why.endswith("changed by kubectl-edit at 2026-01-01T00:00:00Z")


async def test_commands_side_by_side_spend_one_count(here: Bench):
    """Each of them asks before any of the others is recorded."""
    here.actions_per_hour_max = 2
    here.restart()
    others = [replace(TARGET, name=f"checkout-{number}") for number in range(5)]
    acts = []
    for target in others:
        here.cluster.deploy(target)
        acts.append(await here.act(target=target, command_id=f"c-{target.name}"))
    before = len(here.records)
    await asyncio.gather(*(here.work.do(act) for act in acts))
    told = Counter(words(here.records[before:]))
    assert told == {"intent": 2, "applied": 2, "rejected over_budget": 3}
    assert len(here.cluster.sent) == 2


KEEPER = replace(TARGET, kind=REPLICA_SET, name="checkout-1")
FOUR_READY = {
    "spec": {"replicas": 4, "template": {"metadata": {}}},
    "status": {"replicas": 4, "readyReplicas": 4, "availableReplicas": 4},
}


async def pods_of_one_workload(here: Bench) -> list[Command]:
    """An ACT for each of its four."""
    here.cluster.put(KEEPER, FOUR_READY)
    owner = {"apiVersion": "apps/v1", "kind": REPLICA_SET, "name": KEEPER.name, "uid": "u"}
    acts = []
    for number in range(4):
        target = replace(TARGET, kind=POD, name=f"checkout-1-{number}")
        ready = {"conditions": [{"type": "Ready", "status": "True"}]}
        owned = {"ownerReferences": [{**owner, "controller": True}]}
        here.cluster.put(target, {"metadata": owned, "status": ready})
        acts.append(await here.act(target=target, action=DELETE_POD, command_id=f"c{number}"))
    return acts


async def test_pods_of_one_workload_do_not_go_all_at_once(here: Bench):
    """Its count tells of four ready pods to each of the four who ask."""
    acts = await pods_of_one_workload(here)
    before = len(here.records)
    await asyncio.gather(*(here.work.do(act) for act in acts))
    told = Counter(words(here.records[before:]))
    assert told == {"intent": 2, "applied": 2, "rejected too_few_healthy": 2}


async def test_a_pod_that_was_not_taken_after_all_is_not_counted(here: Bench):
    acts = await pods_of_one_workload(here)
    here.cluster.rehearsals += [Reply(Answer.INVALID, "400")] * 2
    told = [words(await here.do(act))[-1] for act in acts]
    assert told == ["rejected invalid"] * 2 + ["applied"] * 2


async def test_a_count_that_has_had_time_is_believed_again(here: Bench):
    acts = await pods_of_one_workload(here)
    for act in acts[:2]:
        await here.do(act)
    here.clock.at_ms += LAG_MS
    assert words(await here.do(acts[2])) == ["intent", "applied"]


async def test_a_mark_that_nobody_has_announced_is_no_effect(here: Bench):
    """Whoever may annotate an object can write any command's id there."""
    act = await here.act()
    here.cluster.change(TARGET, lambda f: f["metadata"]["annotations"].update({LAST_COMMAND: "c1"}))
    assert words(await here.do(act)) == ["unknown invalid"]
    assert here.cluster.sent == []
