"""One command on fakes: what is recorded, in which order, and what the cluster is asked."""

import json

import pytest

from remediators.core import protocol
from remediators.core.page import Page
from remediators.core.refusal import Refusal
from remediators.core.reply import Answer, Reply
from remediators.core.scope import Scope
from remediators.core.seen import PAUSED_UNTIL
from remediators.executor import reading
from schemas.actions import DEGRADE, ROLL_BACK, SCALE
from schemas.remediation import (
    CommandKind,
    Observation,
    Outcome,
    OutcomeReason,
    OutcomeStatus,
    Target,
)
from tests.remediators.builders import NOW_MS, TARGET, command
from tests.remediators.executor.bench import Bench, Died, words

DOWN = Reply(Answer.NEVER_SENT, "refused")


@pytest.fixture
def here() -> Bench:
    return Bench()


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    """Waits between readings are real, so they are made short."""
    monkeypatch.setattr(reading, "READ_AGAIN_S", 0.001)


async def test_a_look_is_answered_by_an_observation(here: Bench):
    (seen,) = await here.do(command(CommandKind.LOOK))
    assert isinstance(seen, Observation)
    assert (seen.found, seen.opted_in, seen.uid, seen.generation) == (True, True, "uid-1", 1)
    assert (seen.replicas_wanted, seen.replicas_ready, seen.nodes) == (3, 3, 3)
    assert seen.at_ms == NOW_MS


async def test_the_same_look_again_is_not_answered_again(here: Bench):
    assert len(await here.do(command(CommandKind.LOOK))) == 1
    assert await here.do(command(CommandKind.LOOK)) == []


async def test_a_look_at_nothing_is_an_observation_too(here: Bench):
    (seen,) = await here.do(
        command(CommandKind.LOOK, target=Target("eu-1", "shop", "Deployment", "gone"))
    )
    assert isinstance(seen, Observation)
    assert not seen.found


async def test_a_look_waits_for_an_api_that_is_down(here: Bench):
    here.cluster.readings += [DOWN, DOWN]
    assert words(await here.do(command(CommandKind.LOOK))) == ["observed"]


async def test_a_look_that_is_forbidden(here: Bench):
    here.cluster.readings.append(Reply(Answer.FORBIDDEN, "403"))
    assert words(await here.do(command(CommandKind.LOOK))) == ["failed forbidden"]


async def test_looks_are_not_stopped_by_the_kill_switch(here: Bench):
    here.clock.refusals["eu-1"] = Refusal(OutcomeReason.KILLED)
    assert words(await here.do(command(CommandKind.LOOK))) == ["observed"]


async def test_a_verify_runs_each_probe_once(here: Bench):
    order = command(CommandKind.VERIFY, parameters={"probes": "rollout,latency"})
    (outcome,) = await here.do(order)
    assert isinstance(outcome, Outcome)
    assert outcome.status is OutcomeStatus.CHECKED
    assert [(c.probe, c.passed) for c in outcome.checks] == [("rollout", True), ("latency", None)]


async def test_a_verify_of_several_kinds_answers_under_their_names(here: Bench):
    here.pages.answers["http://checkout.shop.svc/healthz"] = Page(200)
    wanted = [
        {"probe": "rollout", "name": "pods"},
        {"probe": "http", "name": "smoke", "url": "http://{name}.{namespace}.svc/healthz"},
        {"probe": "promql", "name": "errors", "query": "up", "below": "1"},
    ]
    order = command(CommandKind.VERIFY, parameters={"probes": json.dumps(wanted)})
    (outcome,) = await here.do(order)
    assert isinstance(outcome, Outcome)
    assert [(c.probe, c.passed) for c in outcome.checks] == [
        ("pods", True),
        ("smoke", True),
        ("errors", None),
    ]


async def test_what_is_no_list_of_probes_runs_none_and_tells_nothing(here: Bench):
    (outcome,) = await here.do(command(CommandKind.VERIFY, parameters={"probes": "[{}]"}))
    assert isinstance(outcome, Outcome)
    assert [(c.probe, c.passed) for c in outcome.checks] == [("probes", None)]
    assert here.pages.asked == []


@pytest.mark.parametrize("kind", list(CommandKind))
async def test_a_bound_executor_refuses_what_is_not_its_own(here: Bench, kind: CommandKind):
    here.scope = Scope("shop", "cart")
    here.restart()
    records = await here.do(command(kind, undoes="c0" if kind is CommandKind.ROLLBACK else ""))
    assert words(records) == ["rejected out_of_scope"]
    assert here.cluster.sent == []


@pytest.mark.parametrize("kind", [CommandKind.ACT, CommandKind.ROLLBACK])
async def test_an_action_that_is_not_enabled_is_refused_and_not_looked_at(
    here: Bench, kind: CommandKind
):
    here.enabled = frozenset({SCALE})
    here.restart()
    undo = {"undoes": "c0", "parameters": {"replicas": "2"}}
    order = command(kind, action=DEGRADE, **(undo if kind is CommandKind.ROLLBACK else {}))
    (refused,) = await here.do(order)
    assert words([refused]) == ["rejected not_enabled"]
    assert isinstance(refused, Outcome)
    assert refused.detail == "degrade is not among this executor's MENDLOG_ACTIONS"
    assert here.cluster.sent == []


async def test_looks_need_no_action_to_be_enabled(here: Bench):
    here.enabled = frozenset({SCALE})
    here.restart()
    assert words(await here.do(command(CommandKind.LOOK))) == ["observed"]


async def test_what_was_announced_before_it_was_disabled_is_only_read(here: Bench, monkeypatch):
    monkeypatch.setattr(protocol, "LAST_READS_MS", 0)
    act = await here.act()
    here.die_at = "executor.intent_acked"
    with pytest.raises(Died):
        await here.do(act)
    here.enabled = frozenset({SCALE})
    here.restart()
    (ended,) = await here.do(act)
    assert words([ended]) == ["unknown no_answer"]
    assert here.cluster.sent == []


async def test_what_another_announced_outside_our_bounds_may_have_happened(here: Bench):
    act = await here.act()
    here.die_at = "executor.intent_acked"
    with pytest.raises(Died):
        await here.do(act)
    here.scope = Scope("payments")
    here.restart()
    assert words(await here.do(act)) == ["unknown out_of_scope"]
    assert here.cluster.sent == []


async def test_a_verify_that_cannot_read_cannot_tell(here: Bench):
    here.cluster.readings += [DOWN] * reading.VERIFY_READS_MAX
    order = command(CommandKind.VERIFY, parameters={"probes": "rollout"})
    (outcome,) = await here.do(order)
    assert isinstance(outcome, Outcome)
    assert [c.passed for c in outcome.checks] == [None]


async def test_a_verify_of_what_is_gone_fails(here: Bench):
    here.cluster.delete(TARGET)
    (outcome,) = await here.do(command(CommandKind.VERIFY, parameters={"probes": "rollout"}))
    assert isinstance(outcome, Outcome)
    assert [c.passed for c in outcome.checks] == [False]


async def test_an_act_is_announced_then_done_then_recorded(here: Bench):
    records = await here.do(await here.act())
    assert words(records) == ["intent", "applied"]
    (request,) = here.cluster.changes
    assert isinstance(records[0], Outcome)
    assert records[0].request == request
    assert here.points[-4:] == [
        "executor.claimed",
        "executor.intent_acked",
        "executor.response_read",
        "executor.result_acked",
    ]


async def test_the_same_command_again_does_and_writes_nothing(here: Bench):
    act = await here.act()
    await here.do(act)
    assert await here.do(act) == []
    here.restart()
    assert await here.do(act) == []
    assert len(here.cluster.changes) == 1


async def test_announced_by_a_process_that_died_before_it_sent(here: Bench):
    act = await here.act()
    await _die_after_intent(here, act)
    here.restart()
    assert words(await here.do(act)) == ["applied"]
    announced = next(r for r in here.records if isinstance(r, Outcome) and r.request)
    assert here.cluster.changes == [announced.request]


async def test_announced_by_a_process_that_died_after_it_was_done(here: Bench):
    act = await here.act(action=SCALE, parameters={"by": "1", "max": "9"})
    here.cluster.replies.append(_done_and_dead(here))
    with pytest.raises(Died):
        await here.do(act)
    here.restart()
    (outcome,) = await here.do(act)
    assert isinstance(outcome, Outcome)
    assert (outcome.status, outcome.undo) == (OutcomeStatus.APPLIED, {"replicas": "3"})
    assert len(here.cluster.sent) == 1


async def test_done_by_a_zombie_whose_intent_came_after_the_ledger_was_read(here: Bench):
    """Its effect must not be called stale because it is there."""
    act = await here.act(action=SCALE, parameters={"by": "1", "max": "9"})
    successor = here.desk, here.work
    here.restart()
    here.die_at = "executor.response_read"
    with pytest.raises(Died):
        await here.do(act)
    here.die_at, (here.desk, here.work) = "", successor
    (outcome,) = await here.do(act)
    assert isinstance(outcome, Outcome)
    assert (outcome.status, outcome.undo) == (OutcomeStatus.APPLIED, {"replicas": "3"})
    assert len(here.cluster.changes) == 1


async def test_resumed_it_is_what_was_announced_and_not_what_would_be_now(here: Bench):
    """The number to scale to was counted from what was there at the time of the INTENT."""
    act = await here.act(action=SCALE, parameters={"by": "1", "max": "9"})
    await _die_after_intent(here, act)
    here.cluster.change(TARGET, lambda found: found["spec"].update(replicas=7))
    here.restart()
    assert words(await here.do(act)) == ["rejected stale"]
    assert here.cluster.objects[TARGET]["spec"]["replicas"] == 7


async def test_the_answer_is_lost(here: Bench):
    act = await here.act()
    here.cluster.replies.append(here.cluster.lose_answer)
    assert words(await here.do(act)) == ["intent", "applied"]
    assert len(here.cluster.sent) == 1


async def test_done_and_undone_by_hand_before_we_hear_of_it(here: Bench):
    """`kubectl rollout undo` puts the template and all annotations of the release before back, in
    one change: our marker is as if we had never been there."""
    await here.do(await here.act(command_id="c0"))
    notes = dict(here.cluster.objects[TARGET]["metadata"]["annotations"])
    template = here.cluster.objects[TARGET]["spec"]["template"]
    act = await here.act(command_id="c1", issued_at_ms=NOW_MS + 1)

    def undone_by_hand(request):
        reply = here.cluster.lose_answer(request)
        here.cluster.change(TARGET, put_back)
        return reply

    def put_back(found):
        found["spec"]["template"] = template
        found["metadata"]["annotations"] = notes

    here.cluster.replies.append(undone_by_hand)
    assert words(await here.do(act)) == ["intent", "unknown no_answer"]
    assert len(here.cluster.sent) == 2


async def test_rolled_back_to_the_release_before(here: Bench):
    def release(found):
        found["spec"]["template"]["spec"]["containers"][0]["image"] = "example/main:2"

    here.cluster.change(TARGET, release)
    assert words(await here.do(await here.act(action=ROLL_BACK))) == ["intent", "applied"]
    template = here.cluster.objects[TARGET]["spec"]["template"]
    assert template["spec"]["containers"][0]["image"] == "example/main:1"


@pytest.mark.parametrize(
    ("spoil", "words_wanted"),
    [
        pytest.param(
            lambda here: here.cluster.change(
                TARGET, lambda f: f["metadata"]["annotations"].pop("mendlog.io/enabled")
            ),
            "rejected not_opted_in",
            id="not opted in",
        ),
        pytest.param(
            lambda here: here.cluster.change(
                TARGET,
                lambda f: f["metadata"]["annotations"].update(
                    {PAUSED_UNTIL: "2999-01-01T00:00:00Z"}
                ),
            ),
            "rejected paused",
            id="paused",
        ),
        pytest.param(
            lambda here: here.cluster.change(TARGET, lambda f: f["spec"].update(replicas=4)),
            "rejected stale",
            id="changed",
        ),
        pytest.param(lambda here: here.cluster.delete(TARGET), "rejected not_found", id="deleted"),
        pytest.param(
            lambda here: here.clock.refusals.update({"eu-1": Refusal(OutcomeReason.NO_HEARTBEAT)}),
            "rejected no_heartbeat",
            id="no heartbeat",
        ),
        pytest.param(
            lambda here: here.clock.refusals.update({"eu-1": Refusal(OutcomeReason.KILLED)}),
            "rejected killed",
            id="killed",
        ),
        pytest.param(
            lambda here: here.cluster.readings.append(Reply(Answer.FORBIDDEN)),
            "rejected forbidden",
            id="may not read",
        ),
        pytest.param(
            lambda here: setattr(here.clock, "at_ms", NOW_MS + 10**9),
            "rejected expired",
            id="expired",
        ),
    ],
)
async def test_refused_before_anything_is_announced(here: Bench, spoil, words_wanted):
    act = await here.act()
    spoil(here)
    assert words(await here.do(act)) == [words_wanted]
    assert here.cluster.sent == []


async def test_an_action_of_a_later_release(here: Bench):
    assert words(await here.do(await here.act(action="divine"))) == ["rejected unknown_action"]


async def test_a_cluster_that_nobody_told_us_of(here: Bench):
    target = Target("us-1", "shop", "Deployment", "checkout")
    order = command(cluster="us-1", target=target)
    assert words(await here.do(order)) == ["rejected unknown_cluster"]


async def test_the_second_guard_counts_what_others_have_done_too(here: Bench):
    here.actions_per_hour_max = 2
    here.restart()
    for number in range(2):
        act = await here.act(command_id=f"c{number}")
        assert words(await here.do(act)) == ["intent", "applied"]
    here.restart()
    assert words(await here.do(await here.act(command_id="c3"))) == ["rejected over_budget"]


async def test_a_command_from_before_the_ledger_was_read_makes_it_read_on(here: Bench):
    act = await here.act()
    await here.do(act)
    here.clock.at_ms += 10**8
    here.restart()
    assert await here.do(act) == []


async def test_a_request_holds_nothing_but_tests_the_change_and_the_marker(here: Bench):
    await here.do(await here.act(action=SCALE, parameters={"replicas": "5", "max": "9"}))
    steps = json.loads(here.cluster.changes[0].body)
    assert [(s["op"], s["path"]) for s in steps] == [
        ("test", "/metadata/uid"),
        ("test", "/metadata/generation"),
        ("test", "/metadata/annotations/mendlog.io~1last-command"),
        ("test", "/metadata/annotations/mendlog.io~1enabled"),
        ("test", "/metadata/annotations/mendlog.io~1paused-until"),
        ("add", "/spec/replicas"),
        ("add", "/metadata/annotations/mendlog.io~1last-command"),
    ]


async def _die_after_intent(here: Bench, act) -> None:
    here.die_at = "executor.intent_acked"
    with pytest.raises(Died):
        await here.do(act)


def _done_and_dead(here: Bench):
    def reply(request):
        here.cluster.take_effect(request)
        raise Died("executor.response_read")

    return reply
