"""Every end of an action is told; that nobody listens changes nothing."""

import pytest

from remediators.core.refusal import Refusal
from schemas.remediation import CommandKind, OutcomeReason
from tests.remediators.builders import command
from tests.remediators.executor.bench import Bench, words


@pytest.fixture
def here() -> Bench:
    return Bench()


def told(here: Bench) -> list[str]:
    return words([record for _, record in here.told])


async def test_what_is_recorded_of_an_action_is_told(here: Bench):
    act = await here.act()
    here.told.clear()
    await here.do(act)
    assert told(here) == ["intent", "applied"]
    assert {order.command_id for order, _ in here.told} == {act.command_id}


async def test_a_refusal_is_told_wherever_it_comes_from(here: Bench):
    act = await here.act()
    here.told.clear()
    here.clock.refusals["eu-1"] = Refusal(OutcomeReason.KILLED)
    await here.do(act)
    await here.do(command(command_id="c2", expires_at_ms=here.clock.at_ms))
    assert told(here) == ["rejected killed", "rejected expired"]


async def test_what_came_again_is_not_told_again(here: Bench):
    act = await here.act()
    await here.do(act)
    here.told.clear()
    await here.do(act)
    assert here.told == []


async def test_it_is_on_record_before_it_is_told(here: Bench):
    await here.do(command(CommandKind.LOOK))
    (_, record) = here.told[-1]
    assert record in here.records
