"""What holds of every action: killed anywhere, doubled or lost, it has one effect at most, and an
end. Each has its case in `samples`.
"""

import copy
from dataclasses import replace
from typing import Any

import pytest

from remediators.actions.catalog import CATALOG
from remediators.core import protocol
from remediators.core.reply import Answer, Reply
from schemas.actions import ACTIONS
from schemas.remediation import Command, CommandKind, Observation, Outcome, OutcomeStatus, Request
from tests.remediators.actions.samples import ONCE, SAMPLES
from tests.remediators.builders import command
from tests.remediators.executor.bench import Bench, Died, words

POINTS = (
    "executor.claimed",
    "executor.intent_acked",
    "executor.response_read",
    "executor.result_acked",
)
EVERY = pytest.mark.parametrize("action", sorted(CATALOG))
PROVEN = pytest.mark.parametrize("action", sorted(CATALOG.keys() - ONCE))
"""A trace tells whether they have happened."""
UNDOABLE = pytest.mark.parametrize("action", sorted(n for n, a in ACTIONS.items() if a.undoable))


def test_every_action_has_its_case():
    assert set(SAMPLES) == set(CATALOG)
    assert all(sample.target.kind in ACTIONS[name].kinds for name, sample in SAMPLES.items())


async def begun(action: str) -> tuple[Bench, Command]:
    """A cluster with its case, and an ACT bound to a look."""
    here, sample = Bench(), SAMPLES[action]
    here.kit = sample.kit
    here.restart()
    here.cluster.objects.clear()
    sample.build(here.cluster)
    look = command(CommandKind.LOOK, command_id="look", target=sample.target, action=action)
    (seen,) = await here.do(look)
    assert isinstance(seen, Observation), seen
    bound = {"uid": seen.uid, "generation": seen.generation, "marker": seen.marker}
    more = {"target": sample.target, "parameters": sample.parameters}
    return here, command(action=action, **more, **bound)


async def undoing(here: Bench, act: Command) -> Command:
    ends = [r for r in here.records if isinstance(r, Outcome)]
    return command(
        CommandKind.ROLLBACK,
        command_id="c2",
        action=act.action,
        target=act.target,
        parameters=ends[-1].undo,
        undoes=act.command_id,
        uid=act.uid,
        generation=act.generation,
        marker=act.marker,
    )


def ends(here: Bench, order: Command) -> list[OutcomeStatus]:
    outcomes = [r for r in here.records if isinstance(r, Outcome)]
    return [o.status for o in outcomes if o.command_id == order.command_id and o.status.terminal]


@EVERY
async def test_it_is_rehearsed_announced_and_done(action: str):
    here, act = await begun(action)
    before = copy.deepcopy(here.cluster.objects)
    assert words(await here.do(act)) == ["intent", "applied"]
    assert here.cluster.objects != before
    assert here.cluster.rehearsed == here.cluster.sent == here.cluster.changes
    assert await here.do(act) == []


@PROVEN
@pytest.mark.parametrize("point", POINTS)
async def test_killed_anywhere_it_has_one_effect(action: str, point: str):
    here, act = await begun(action)
    here.die_at = point
    with pytest.raises(Died):
        await here.do(act)
    here.restart()
    await here.do(act)
    assert len(here.cluster.changes) == 1
    assert ends(here, act) == [OutcomeStatus.APPLIED]


@PROVEN
@pytest.mark.parametrize("happened", [True, False])
async def test_an_answer_that_is_lost(action: str, happened: bool):
    here, act = await begun(action)
    lose = here.cluster.lose_answer if happened else _never_arrives
    here.cluster.replies.append(lose)
    await here.do(act)
    assert len(here.cluster.changes) == 1
    assert ends(here, act) == [OutcomeStatus.APPLIED]


def _never_arrives(_: Request) -> Reply:
    return Reply(Answer.UNSURE, "cut")


@pytest.mark.parametrize("action", sorted(ONCE))
@pytest.mark.parametrize(
    ("point", "changes", "end"),
    [
        ("executor.claimed", 1, OutcomeStatus.APPLIED),
        ("executor.intent_acked", 0, OutcomeStatus.UNKNOWN),
        ("executor.response_read", 1, OutcomeStatus.UNKNOWN),
        ("executor.result_acked", 1, OutcomeStatus.APPLIED),
    ],
)
async def test_what_is_sent_once_is_never_sent_in_doubt(
    action: str, point: str, changes: int, end: OutcomeStatus, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(protocol, "LAST_READS_MS", 0)
    here, act = await begun(action)
    here.die_at = point
    with pytest.raises(Died):
        await here.do(act)
    here.restart()
    await here.do(act)
    assert len(here.cluster.changes) == len(here.cluster.sent) == changes
    assert ends(here, act) == [end]


@pytest.mark.parametrize("action", sorted(ONCE))
@pytest.mark.parametrize("happened", [True, False])
async def test_what_is_sent_once_and_not_answered_is_for_a_human(
    action: str, happened: bool, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(protocol, "LAST_READS_MS", 0)
    here, act = await begun(action)
    here.cluster.replies.append(here.cluster.lose_answer if happened else _never_arrives)
    assert words(await here.do(act)) == ["intent", "unknown no_answer"]
    assert (len(here.cluster.sent), len(here.cluster.changes)) == (1, int(happened))


@EVERY
async def test_a_copy_that_arrives_late_has_no_effect(action: str):
    """Of a process that was frozen in the middle of sending."""
    here, act = await begun(action)
    await here.do(act)
    after = copy.deepcopy(here.cluster.objects)
    (request,) = here.cluster.sent
    assert here.cluster.take_effect(request).answer is not Answer.DONE
    assert here.cluster.objects == after


@PROVEN
async def test_the_intent_and_what_was_sent_are_the_same_bytes(action: str):
    here, act = await begun(action)
    here.die_at = "executor.response_read"
    here.cluster.replies.append(_never_arrives)
    with pytest.raises(Died):
        await here.do(act)
    here.restart()
    await here.do(act)
    (intent,) = [
        r for r in here.records if isinstance(r, Outcome) and r.status is OutcomeStatus.INTENT
    ]
    assert here.cluster.sent == [intent.request, intent.request]


@EVERY
@pytest.mark.parametrize("more", [{"uid": "uid-99"}, {"generation": 99}, {"marker": "somebody"}])
async def test_what_moved_since_the_evidence_is_refused(action: str, more: dict[str, Any]):
    here, act = await begun(action)
    assert words(await here.do(replace(act, **more))) == ["rejected stale"]
    assert here.cluster.sent == []


@EVERY
async def test_a_parameter_that_nobody_has_declared(action: str):
    here, act = await begun(action)
    wrong = replace(act, parameters={**act.parameters, "no_such_parameter": "{{7*7}}"})
    assert words(await here.do(wrong)) == ["rejected bad_parameters"]
    assert here.cluster.sent == []


@UNDOABLE
@pytest.mark.parametrize("point", ["", *POINTS, "executor.mid_rollback"])
async def test_undone_once_wherever_it_is_killed(action: str, point: str):
    here, act = await begun(action)
    before = _without_marks(here)
    await here.do(act)
    undo = await undoing(here, act)
    here.die_at = point
    if point:
        with pytest.raises(Died):
            await here.do(undo)
        here.restart()
    await here.do(undo)
    assert len(here.cluster.changes) == 2
    assert ends(here, undo) == [OutcomeStatus.APPLIED]
    assert _without_marks(here) == before


@UNDOABLE
async def test_what_somebody_has_touched_since_is_not_undone(action: str):
    here, act = await begun(action)
    await here.do(act)
    undo = await undoing(here, act)
    here.cluster.change(act.target, _marks_it)
    assert words(await here.do(undo)) == ["rejected stale"]
    assert len(here.cluster.changes) == 1


def _marks_it(found: dict) -> None:
    found["metadata"]["annotations"]["mendlog.io/last-command"] = "somebody"


def _without_marks(here: Bench) -> dict:
    """Every object, apart from what a change leaves by being one."""
    plain = copy.deepcopy(here.cluster.objects)
    for found in plain.values():
        for name in ("generation", "resourceVersion"):
            found["metadata"].pop(name, None)
        for name in ("mendlog.io/last-command", "deployment.kubernetes.io/revision"):
            found["metadata"]["annotations"].pop(name, None)
        found.pop("status", None)
    return plain
