"""Has room: by the autoscaler's own account, and only while it gives one."""

from typing import Any

import pytest

from remediators.core.reply import Answer, Reply
from remediators.ports import Outlook
from remediators.probes import has_room
from remediators.probes.sight import Sight, Verdict
from schemas.kinds import AUTOSCALER
from schemas.remediation import Target
from tests.fakes import FakeCluster, FakePages
from tests.remediators.builders import TARGET

PEAK = Target("eu-1", "shop", AUTOSCALER, "peak")
WELL = {"AbleToScale": "True", "ScalingActive": "True", "ScalingLimited": "False"}


def conditions(reason: str = "DesiredWithinRange", **statuses: str | None) -> list[dict[str, str]]:
    """As in a healthy autoscaler; with None, without that one."""
    told = {**WELL, **statuses}
    return [
        {"type": kind, "status": status, "reason": reason if kind == "ScalingLimited" else "Any"}
        for kind, status in told.items()
        if status is not None
    ]


def autoscaler(current: int, desired: int, *, told: Any = None) -> dict[str, Any]:
    """Of at most five."""
    said = conditions() if told is None else told
    status = {"currentReplicas": current, "desiredReplicas": desired, "conditions": said}
    return {"spec": {"minReplicas": 1, "maxReplicas": 5}, "status": status}


async def asked(cluster: FakeCluster, target: Target = PEAK) -> Verdict:
    sight = Sight(target, lambda: cluster.look(target), Outlook(FakePages(), {}), cluster.find)
    return await has_room.probe({}, sight)


async def judged(body: dict[str, Any]) -> Verdict:
    cluster = FakeCluster()
    cluster.put(PEAK, body)
    return await asked(cluster)


@pytest.mark.parametrize(
    ("current", "desired", "passed"),
    [(3, 4, True), (4, 4, True), (4, 5, False), (5, 4, False), (5, 5, False), (7, 5, False)],
)
async def test_it_wants_fewer_than_it_may_have(current: int, desired: int, passed: bool):
    found = await judged(autoscaler(current, desired))
    assert found.passed is passed
    assert found.detail == f"{max(current, desired)} of at most 5 replicas"


async def test_its_word_is_older_than_its_maximum():
    """Just raised: what it wants was counted under the maximum before."""
    told = conditions("TooManyReplicas", ScalingLimited="True")
    assert (await judged(autoscaler(3, 3, told=told))).passed is False


@pytest.mark.parametrize("reason", ["ScaleUpLimit", "TooFewReplicas"])
async def test_something_else_limits_it(reason: str):
    told = conditions(reason, ScalingLimited="True")
    assert (await judged(autoscaler(3, 4, told=told))).passed is True


@pytest.mark.parametrize("status", ["False", "Unknown", None])
@pytest.mark.parametrize("kind", ["AbleToScale", "ScalingActive"])
async def test_it_cannot_scale_or_cannot_tell_what_it_wants(kind: str, status: str | None):
    assert (await judged(autoscaler(3, 4, told=conditions(**{kind: status})))).passed is None


@pytest.mark.parametrize("status", ["Unknown", None])
async def test_whether_it_is_limited_is_not_known(status: str | None):
    assert (await judged(autoscaler(3, 4, told=conditions(ScalingLimited=status)))).passed is None


@pytest.mark.parametrize("status", [{}, {"desiredReplicas": 0}, {"conditions": conditions()}])
async def test_it_has_given_no_account_yet(status: dict[str, Any]):
    assert (await judged({**autoscaler(3, 4), "status": status})).passed is None


async def test_no_replicas_at_all_are_left_out_of_its_status():
    found = autoscaler(0, 1)
    del found["status"]["currentReplicas"]
    assert (await judged(found)).passed is True


async def test_what_is_gone_has_failed_and_what_does_not_answer_cannot_be_told():
    cluster = FakeCluster()
    assert (await asked(cluster)).passed is False
    cluster.readings.append(Reply(Answer.UNSURE, "cut"))
    assert (await asked(cluster)).passed is None


async def test_what_is_no_autoscaler():
    cluster = FakeCluster()
    cluster.deploy(TARGET)
    assert (await asked(cluster, TARGET)).passed is None
