"""An executor that reverts is killed anywhere: one commit, and one end, in a real repository."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from remediators.actions.plan import Kit
from remediators.adapters.git.place import Commits
from remediators.adapters.places import Places
from remediators.core.reply import Answer, Reply
from schemas.actions import RESTART, REVERT_COMMIT
from schemas.kinds import COMMIT
from schemas.remediation import Command, Request
from tests.fakes import FakeCluster
from tests.remediators.adapters.git_remote import PATH, Remote, registered
from tests.remediators.builders import TARGET
from tests.remediators.executor.bench import Bench, Died, words

pytestmark = pytest.mark.needs("git")


class Forgetful(Commits):
    """The push is made, and its answer never comes."""

    async def send(self, request: Request, in_time: object) -> Reply:
        await super().send(request, lambda: True)
        return Reply(Answer.UNSURE, "cut")


class Place:
    def __init__(self, folder: Path) -> None:
        self.remote = Remote(folder)
        self.of = registered(self.remote)
        self.here = Bench()
        self.here.kit = Kit(repositories={"shop": self.of.plain("shop")})
        self.home = FakeCluster()
        deployed = self.home.deploy(TARGET)
        tracked = {"argocd.argoproj.io/tracking-id": "shop:apps/Deployment:shop/checkout"}
        deployed["metadata"]["annotations"] |= tracked
        self.opened: list[Commits] = []
        self.opens(Commits)

    def opens(self, kind: type[Commits]) -> None:
        """Another process, whose folder is empty."""
        self.opened.append(kind({"shop": self.of}, 20.0))
        self.here.cluster = Places(self.home, {COMMIT: self.opened[-1]})
        self.here.restart()

    async def act(self, action: str = REVERT_COMMIT) -> Command:
        given = {"repository": "shop"} if action == REVERT_COMMIT else {}
        return await self.here.act(action=action, parameters=given)

    @property
    def ours(self) -> int:
        """Commits on the branch that are ours."""
        log = self.remote.git("log", "--format=%an", "main")
        return log.splitlines().count("Mendlog")


@pytest_asyncio.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    made = Place(tmp_path)
    yield made
    for each in made.opened:
        await each.close()


async def test_done_and_done_no_second_time(place: Place):
    act = await place.act()
    assert words(await place.here.do(act)) == ["intent", "applied"]
    assert await place.here.do(act) == []
    assert place.ours == 1
    assert place.remote.file("main", f"{PATH}/web.yaml") == "image: 1"


async def test_what_the_owner_keeps_is_changed_in_no_other_way(place: Place):
    assert words(await place.here.do(await place.act(RESTART))) == ["rejected owned_elsewhere"]


@pytest.mark.parametrize(
    "point",
    [
        "executor.claimed",
        "executor.intent_acked",
        "executor.response_read",
        "executor.result_acked",
    ],
)
async def test_killed_anywhere_there_is_one_commit(place: Place, point: str):
    act = await place.act()
    place.here.die_at = point
    with pytest.raises(Died):
        await place.here.do(act)
    place.opens(Commits)
    await place.here.do(act)
    assert words(place.here.records)[-1] == "applied"
    assert place.ours == 1


async def test_an_answer_that_is_lost_is_found_in_the_repository(place: Place):
    act = await place.act()
    place.opens(Forgetful)
    assert words(await place.here.do(act)) == ["intent", "applied"]
    assert place.ours == 1


async def test_a_second_command_does_not_take_back_the_revert(place: Place):
    await place.here.do(await place.act())
    again = await place.here.act(
        action=REVERT_COMMIT, parameters={"repository": "shop"}, command_id="c2"
    )
    assert words(await place.here.do(again)) == ["rejected nothing_to_do"]
    assert place.ours == 1
