"""Expanded: the claim has what it asks for, and nothing of a resize is left."""

from typing import Any

import pytest

from remediators.core.reply import Answer, Reply
from remediators.ports import Outlook
from remediators.probes import expanded
from remediators.probes.sight import Sight, Verdict
from schemas.kinds import VOLUME_CLAIM
from schemas.remediation import Target
from tests.fakes import FakeCluster, FakePages
from tests.remediators.builders import TARGET

DATA = Target("eu-1", "shop", VOLUME_CLAIM, "data-0")


def claim(asked: str = "12800Mi", there: str = "12800Mi", **status: Any) -> dict[str, Any]:
    return {
        "spec": {"resources": {"requests": {"storage": asked}}},
        "status": {"phase": "Bound", "capacity": {"storage": there}, **status},
    }


async def asked(cluster: FakeCluster, target: Target = DATA) -> Verdict:
    sight = Sight(target, lambda: cluster.look(target), Outlook(FakePages(), {}), cluster.find)
    return await expanded.probe({}, sight)


async def judged(body: dict[str, Any]) -> Verdict:
    cluster = FakeCluster()
    cluster.put(DATA, body)
    return await asked(cluster)


@pytest.mark.parametrize(
    ("wanted", "there", "passed"),
    [
        ("12800Mi", "12800Mi", True),
        ("12800Mi", "12.5Gi", True),
        ("12800Mi", "13Gi", True),
        ("12800Mi", "10Gi", False),
        ("12800Mi", "12800M", False),
    ],
)
async def test_it_has_what_it_asks_for(wanted: str, there: str, passed: bool):
    found = await judged(claim(wanted, there))
    assert found.passed is passed
    assert found.detail == f"it has {there} of {wanted}"


def condition(kind: str, status: str) -> dict[str, Any]:
    return {"conditions": [{"type": kind, "status": status}]}


@pytest.mark.parametrize("status", ["True", "Unknown"])
@pytest.mark.parametrize(
    "kind", ["Resizing", "FileSystemResizePending", "ControllerResizeError", "NodeResizeError"]
)
async def test_a_resize_is_under_way_or_has_failed(kind: str, status: str):
    """Some drivers tell the new capacity before the file system has grown."""
    found = await judged(claim(**condition(kind, status)))
    assert found.passed is False
    assert kind in found.detail


@pytest.mark.parametrize("kind", ["FileSystemResizePending", "NodeResizeError"])
async def test_a_condition_that_is_over(kind: str):
    assert (await judged(claim(**condition(kind, "False")))).passed is True


@pytest.mark.parametrize(
    "state",
    [
        {"allocatedResourceStatuses": {"storage": "NodeResizePending"}},
        {"allocatedResourceStatuses": {"storage": "ControllerResizeInfeasible"}},
        {"resizeStatus": "NodeExpansionFailed"},
    ],
)
async def test_a_resize_by_its_state(state: dict[str, Any]):
    assert (await judged(claim(**state))).passed is False


@pytest.mark.parametrize("phase", ["Pending", "Lost", ""])
async def test_it_is_not_bound(phase: str):
    assert (await judged(claim(phase=phase))).passed is False


@pytest.mark.parametrize("there", ["", "0", "much"])
async def test_a_capacity_that_nobody_can_read(there: str):
    assert (await judged(claim(there=there))).passed is None


async def test_it_says_nothing_of_itself():
    assert (await judged({**claim(), "status": {}})).passed is False


async def test_what_is_gone_has_failed_and_what_does_not_answer_cannot_be_told():
    cluster = FakeCluster()
    assert (await asked(cluster)).passed is False
    cluster.readings.append(Reply(Answer.UNSURE, "cut"))
    assert (await asked(cluster)).passed is None


async def test_what_is_no_claim():
    cluster = FakeCluster()
    cluster.deploy(TARGET)
    assert (await asked(cluster, TARGET)).passed is None
