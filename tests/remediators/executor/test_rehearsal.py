"""The API has its say before anything is announced."""

import pytest

from remediators.core.reply import Answer, Reply
from schemas.actions import SCALE
from schemas.remediation import Outcome
from tests.remediators.executor.bench import Bench, words


@pytest.fixture
def here() -> Bench:
    return Bench()


async def test_what_the_api_would_turn_down_is_never_announced(here: Bench):
    act = await here.act(action=SCALE, parameters={"replicas": "5", "max": "9"})
    here.cluster.rehearsals.append(Reply(Answer.UNPROCESSABLE, "422: a webhook says no"))
    (refused,) = await here.do(act)
    assert words([refused]) == ["rejected invalid"]
    assert isinstance(refused, Outcome)
    assert "a webhook says no" in refused.detail
    assert here.cluster.sent == []


async def test_what_moved_between_the_look_and_the_rehearsal_is_stale(here: Bench):
    act = await here.act()
    here.cluster.rehearsals.append(here.somebody_releases)
    assert words(await here.do(act)) == ["rejected stale"]
    assert here.cluster.sent == []


@pytest.mark.parametrize(
    ("reply", "end"),
    [
        (Reply(Answer.FORBIDDEN, "403"), "rejected forbidden"),
        (Reply(Answer.NOT_FOUND, "404"), "rejected not_found"),
        (Reply(Answer.INVALID, "400"), "rejected invalid"),
    ],
)
async def test_the_rehearsal_refuses(here: Bench, reply: Reply, end: str):
    act = await here.act()
    here.cluster.rehearsals.append(reply)
    assert words(await here.do(act)) == [end]


async def test_a_rehearsal_that_is_lost_is_repeated(here: Bench):
    act = await here.act()
    here.cluster.rehearsals.append(Reply(Answer.UNSURE, "cut"))
    assert words(await here.do(act)) == ["intent", "applied"]
    assert len(here.cluster.rehearsed) == 2
