"""Ready: as the node or pod says itself; of anything else nobody can tell."""

import pytest

from remediators.core.reply import Answer, Reply
from remediators.ports import Outlook
from remediators.probes import ready
from remediators.probes.sight import Sight
from schemas.kinds import NODE, POD
from schemas.remediation import Target
from tests.fakes import FakeCluster, FakePages
from tests.remediators.builders import TARGET

TARGETS = (Target("eu-1", "", NODE, "n1"), Target("eu-1", "shop", POD, "p1"))


async def passed(cluster: FakeCluster, target: Target) -> bool | None:
    sight = Sight(target, lambda: cluster.look(target), Outlook(FakePages(), {}), cluster.find)
    return (await ready.probe({}, sight)).passed


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.kind)
@pytest.mark.parametrize(
    ("status", "expected"), [("True", True), ("False", False), ("Unknown", False)]
)
async def test_as_it_says(target: Target, status: str, expected: bool):
    cluster = FakeCluster()
    cluster.put(target, {"status": {"conditions": [{"type": "Ready", "status": status}]}})
    assert await passed(cluster, target) is expected


async def test_what_says_nothing_or_is_gone():
    cluster = FakeCluster()
    assert await passed(cluster, TARGETS[0]) is False
    cluster.put(TARGETS[0], {})
    assert await passed(cluster, TARGETS[0]) is False


async def test_what_cannot_be_told():
    cluster = FakeCluster()
    cluster.deploy(TARGET)
    assert await passed(cluster, TARGET) is None
    cluster.readings.append(Reply(Answer.UNSURE, "cut"))
    assert await passed(cluster, TARGETS[0]) is None
