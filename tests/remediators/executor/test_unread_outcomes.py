"""Of the ledger a part was not read, or cannot be: a later release has written it, or anybody."""

import asyncio

import pytest

from schemas.actions import SCALE
from schemas.remediation import CommandKind, Outcome
from tests.remediators.builders import command
from tests.remediators.executor.bench import PARTITION, Bench, words

STEP = {"action": SCALE, "parameters": {"by": "1", "max": "9"}}


@pytest.fixture
def here() -> Bench:
    return Bench()


def written_by_a_later_release(here: Bench) -> None:
    here.ledger.records[PARTITION].append((here.clock.at_ms, None))


async def test_what_may_have_ended_is_not_begun(here: Bench):
    """The first has refused it, say, in words that the second cannot read."""
    act = await here.act(**STEP)
    here.clock.at_ms += 1_000
    written_by_a_later_release(here)
    here.restart()
    (ended,) = await here.do(act)
    assert words([ended]) == ["unknown no_answer"]
    assert isinstance(ended, Outcome)
    assert "cannot read" in ended.detail
    assert here.cluster.sent == []


async def test_what_is_ordered_later_is_begun(here: Bench):
    written_by_a_later_release(here)
    here.clock.at_ms += 1_000
    here.restart()
    act = await here.act(**STEP, issued_at_ms=here.clock.at_ms)
    assert words(await here.do(act)) == ["intent", "applied"]


async def test_looks_go_on(here: Bench):
    written_by_a_later_release(here)
    here.restart()
    assert words(await here.do(command(CommandKind.LOOK))) == ["observed"]


async def test_each_of_them_may_be_an_action_of_this_hour(here: Bench):
    here.actions_per_hour_max = 2
    for _ in range(2):
        written_by_a_later_release(here)
        here.clock.at_ms += 1_000
    here.restart()
    act = await here.act(**STEP, issued_at_ms=here.clock.at_ms)
    assert words(await here.do(act)) == ["rejected over_budget"]


async def test_many_commands_from_before_make_it_read_on_once(here: Bench):
    """Such as when offsets are set back: else each of them reads all of the topic."""
    here.clock.at_ms += 10**8
    here.restart()
    await here.desk.open()
    before = here.ledger.reads
    old = [command(command_id=f"c{number}") for number in range(20)]
    await asyncio.gather(*(here.work.do(order) for order in old))
    assert here.ledger.reads == before + 1
