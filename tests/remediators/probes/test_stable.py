"""Stable: all traffic is with the stable release of a Rollout, and that has its pods."""

from typing import Any

import pytest

from remediators.adapters.kubernetes import views
from remediators.core.query import Query
from remediators.core.reply import Answer, Reply
from remediators.core.rollouts import POD_HASH
from remediators.ports import Outlook
from remediators.probes import stable
from remediators.probes.sight import Sight, Verdict
from schemas.kinds import REPLICA_SET, ROLLOUT
from schemas.remediation import Target
from tests.fakes import FakePages
from tests.remediators.builders import TARGET

WEB = Target("eu-1", "shop", ROLLOUT, "web")
ABORTED = {
    "abort": True,
    "abortedAt": "2026-01-01T00:00:00Z",
    "observedGeneration": "4",
    "currentPodHash": "new",
    "stableRS": "old",
    "phase": "Degraded",
}
"""As Argo Rollouts 1.9 leaves it, without a proxy that shares out the traffic."""


def weights(canary: int) -> dict[str, Any]:
    return {"canary": {"weights": {"canary": {"weight": canary}, "stable": {"weight": 0}}}}


async def asked(
    status: dict[str, Any],
    available: int = 3,
    *,
    owner: str = "uid-1",
    target: Target = WEB,
    look: Reply | None = None,
    find: Reply | None = None,
) -> Verdict:
    meta = {"uid": "uid-1", "generation": 4}
    found = {"metadata": meta, "spec": {"replicas": 3}, "status": status}
    owned = {"ownerReferences": [{"uid": owner}]}
    kept = ({"metadata": owned, "status": {"availableReplicas": available}},)

    async def looked() -> Any:
        return look or views.seen(target, found)

    async def sets(query: Query) -> Any:
        assert query == Query(REPLICA_SET, "shop", labels=f"{POD_HASH}=old")
        return find or kept

    return await stable.probe({}, Sight(target, looked, Outlook(FakePages(), {}), sets))


@pytest.mark.parametrize(
    ("status", "passed"),
    [
        (ABORTED, True),
        (ABORTED | {"updatedReplicas": 1}, False),
        (ABORTED | {"updatedReplicas": 1} | weights(0), True),
        (ABORTED | weights(20), False),
        (ABORTED | {"abortedAt": None}, None),
        (ABORTED | {"abort": False}, False),
        (ABORTED | {"observedGeneration": "3"}, None),
        (ABORTED | {"stableRS": ""}, False),
        ({"observedGeneration": "4", "currentPodHash": "old", "stableRS": "old"}, True),
        ({"observedGeneration": "4"}, False),
        ({}, None),
    ],
)
async def test_by_what_its_controller_says(status: dict[str, Any], passed: bool | None):
    assert (await asked(status)).passed is passed


@pytest.mark.parametrize(("available", "passed"), [(3, True), (4, True), (2, False), (0, False)])
async def test_the_stable_release_needs_all_its_pods(available: int, passed: bool):
    verdict = await asked(ABORTED, available)
    assert (verdict.passed, verdict.detail) == (passed, f"{available} of 3 stable pods available")


async def test_pods_of_another_rollout_do_not_count():
    assert (await asked(ABORTED, owner="uid-2")).passed is False


@pytest.mark.parametrize(
    ("given", "passed"),
    [
        ({"look": Reply(Answer.NOT_FOUND, "404")}, False),
        ({"look": Reply(Answer.UNSURE, "cut")}, None),
        ({"find": Reply(Answer.FORBIDDEN, "403")}, None),
        ({"target": TARGET}, None),
    ],
)
async def test_what_cannot_be_told(given: dict[str, Any], passed: bool | None):
    assert (await asked(ABORTED, **given)).passed is passed
