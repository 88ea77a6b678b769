"""The alert ends while its command is on its way: what is not sent by then is refused."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from remediators.core.refusal import Refusal
from remediators.core.reply import Answer, Reply
from remediators.executor import reading
from schemas.actions import SCALE
from schemas.remediation import Command, CommandKind, Outcome, OutcomeReason, Request, Withdrawal
from tests.remediators.builders import NOW_MS, TARGET, TTL_MS, command, withdrawal
from tests.remediators.executor.bench import Bench, Died, words

REFUSED = ["rejected condition_cleared"]


@pytest.fixture
def here() -> Bench:
    return Bench()


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "READ_AGAIN_S", 0.001)


def withdraw(here: Bench, order: Command, **more: Any) -> None:
    here.desk.withdrawn.note(withdrawal(order, **more), here.clock.at_ms)


def before(port: Callable[..., Any], deed: Callable[[], None]) -> Callable[..., Any]:
    async def asked(*arguments: Any) -> Any:
        deed()
        return await port(*arguments)

    return asked


async def test_before_it_is_begun(here: Bench):
    act = await here.act()
    withdraw(here, act)
    here.cluster.readings += [Reply(Answer.FORBIDDEN, "nobody asks for this")]
    told = await here.do(act)
    assert words(told) == REFUSED
    assert isinstance(told[0], Outcome)
    assert told[0].detail == "its alerts have ended since"
    assert len(here.cluster.readings) == 1, "it was looked at"


@pytest.mark.parametrize("port", ["look", "find", "rehearse"])
async def test_while_it_is_prepared_nothing_is_announced(here: Bench, port: str):
    act = await here.act()
    withdraws = before(getattr(here.cluster, port), lambda: withdraw(here, act))
    setattr(here.cluster, port, withdraws)
    assert words(await here.do(act)) == REFUSED
    assert here.cluster.sent == []


async def test_while_the_api_is_down_it_is_not_asked_until_the_command_expires(here: Bench):
    act = await here.act()
    asked = iter(range(3))

    async def look(_target: Any) -> Reply:
        if next(asked) == 1:
            withdraw(here, act)
        return Reply(Answer.NEVER_SENT, "refused")

    here.cluster.look = look  # type: ignore[method-assign]
    assert words(await here.do(act)) == REFUSED


async def test_after_its_intent_and_before_its_first_byte(here: Bench):
    """Asked for the last time by the thread that is about to send."""
    act = await here.act()
    here.cluster.send = before(here.cluster.send, lambda: withdraw(here, act))  # type: ignore[method-assign]
    assert words(await here.do(act)) == ["intent", *REFUSED]
    assert here.cluster.sent == []


async def test_turned_away_is_not_sent(here: Bench):
    act = await here.act()

    def throttles(_request: Request) -> Reply:
        withdraw(here, act)
        return Reply(Answer.THROTTLED, "429", retry_after_ms=1)

    here.cluster.replies.append(throttles)
    assert words(await here.do(act)) == ["intent", *REFUSED]
    assert here.cluster.changes == []


@pytest.mark.parametrize("arrived", [True, False])
async def test_once_it_is_sent_it_goes_its_way(here: Bench, arrived: bool):
    """Without an answer the same bytes go out again: to leave it open would help nobody."""
    act = await here.act()

    def cut(request: Request) -> Reply:
        withdraw(here, act)
        return here.cluster.lose_answer(request) if arrived else Reply(Answer.UNSURE, "cut")

    here.cluster.replies.append(cut)
    assert words(await here.do(act)) == ["intent", "applied"]
    assert len(here.cluster.changes) == 1


async def test_what_has_had_its_effect_is_applied(here: Bench):
    act = await here.act()
    here.cluster.replies.append(lambda r: (withdraw(here, act), here.cluster.take_effect(r))[1])
    assert words(await here.do(act)) == ["intent", "applied"]


async def test_a_successor_sends_nothing_that_was_withdrawn(here: Bench, monkeypatch: Any):
    """Whether the one before has sent it, he cannot know: what is there tells, or nobody."""
    monkeypatch.setattr("remediators.core.protocol.LAST_READS_MS", 0)
    act = await here.act()
    here.restart()
    here.die_at = "executor.intent_acked"
    with pytest.raises(Died):
        await here.do(act)
    here.restart()
    withdraw(here, act)
    assert words(await here.do(act)) == ["unknown no_answer"]
    assert here.cluster.sent == []


async def test_an_undo_is_never_withdrawn(here: Bench):
    act = await here.act(action=SCALE, parameters={"by": "1", "max": "9"})
    (_, applied) = await here.do(act)
    assert isinstance(applied, Outcome)
    undo = replace(
        act,
        kind=CommandKind.ROLLBACK,
        command_id="c2",
        undoes=act.command_id,
        parameters=applied.undo,
    )
    withdraw(here, undo)
    assert words(await here.do(undo)) == ["intent", "applied"]


@pytest.mark.parametrize(
    "other",
    [{"command_id": "c2"}, {"incident_id": "i2"}, {"target": replace(TARGET, name="cart")}],
    ids=lambda other: next(iter(other)),
)
async def test_only_the_very_command_is_withdrawn(here: Bench, other: dict[str, Any]):
    act = await here.act()
    withdraw(here, act, **other)
    assert words(await here.do(act)) == ["intent", "applied"]


async def test_the_kill_switch_is_said_first(here: Bench):
    act = await here.act()
    withdraw(here, act)
    here.clock.refusals["eu-1"] = Refusal(OutcomeReason.KILLED)
    assert words(await here.do(act)) == ["rejected killed"]


async def test_commands_beside_it_are_done(here: Bench):
    beside = replace(TARGET, name="cart")
    here.cluster.deploy(beside)
    acts = [await here.act(), await here.act(target=beside, command_id="c2")]
    withdraw(here, acts[0])
    count = len(here.records)
    await asyncio.gather(*(here.work.do(act) for act in acts))
    assert sorted(words(here.records[count:])) == ["applied", "intent", *REFUSED]


def test_it_expires_as_its_command_does():
    assert withdrawal(command()) == Withdrawal("c1", "eu-1", "i1", TARGET, NOW_MS, NOW_MS + TTL_MS)
