"""Gone: that very object, whatever has its name now."""

import pytest

from remediators.core.reply import Answer, Reply
from remediators.ports import Outlook
from remediators.probes import gone
from remediators.probes.sight import Sight
from schemas.kinds import POD
from schemas.remediation import Target
from tests.fakes import FakeCluster, FakePages

P1 = Target("eu-1", "shop", POD, "p1")


async def passed(cluster: FakeCluster, uid: str) -> bool | None:
    sight = Sight(P1, lambda: cluster.look(P1), Outlook(FakePages(), {}), cluster.find, uid)
    return (await gone.probe({}, sight)).passed


@pytest.mark.parametrize(("uid", "expected"), [("uid-1", False), ("uid-0", True), ("", None)])
async def test_one_of_its_name_is_there(uid: str, expected: bool | None):
    cluster = FakeCluster()
    cluster.put(P1, {})
    assert await passed(cluster, uid) is expected


async def test_nothing_of_its_name_is_there():
    assert await passed(FakeCluster(), "uid-1") is True


async def test_an_api_that_does_not_answer():
    cluster = FakeCluster()
    cluster.readings.append(Reply(Answer.UNSURE, "cut"))
    assert await passed(cluster, "uid-1") is None
