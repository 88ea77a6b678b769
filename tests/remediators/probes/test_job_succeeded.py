"""The Job that was made last tells; what was made for others does not."""

from typing import Any

import pytest

from remediators.core.jobs import MADE_FOR, made_for
from remediators.core.query import Query
from remediators.core.reply import Answer, Reply
from remediators.ports import Outlook
from remediators.probes import job_succeeded
from remediators.probes.sight import Sight, Verdict
from schemas.kinds import JOB
from schemas.remediation import Target
from tests.fakes import FakeCluster, FakePages
from tests.remediators.builders import TARGET


async def asked(cluster: FakeCluster) -> Verdict:
    outlook = Outlook(FakePages(), {})
    sight = Sight(TARGET, lambda: cluster.look(TARGET), outlook, cluster.find)
    return await job_succeeded.probe({}, sight)


def job(at: str, condition: str = "", made: Target = TARGET) -> dict[str, Any]:
    told = [{"type": condition, "status": "True"}] if condition else []
    meta = {"creationTimestamp": at, "labels": {MADE_FOR: made_for(made)}}
    return {"metadata": meta, "status": {"conditions": told}}


OTHER = Target("eu-1", "shop", JOB, "other")


@pytest.mark.parametrize(
    ("jobs", "passed"),
    [
        ([], None),
        ([job("2", "Complete", OTHER)], None),
        ([job("2", "Complete")], True),
        ([job("2", "Failed")], False),
        ([job("2")], False),
        ([job("3", "Complete"), job("2", "Failed")], True),
        ([job("3"), job("2", "Complete")], False),
    ],
)
async def test_the_newest_one_tells(jobs: list[dict[str, Any]], passed: bool | None):
    cluster = FakeCluster()
    for n, body in enumerate(jobs):
        cluster.put(Target("eu-1", TARGET.namespace, JOB, f"mendlog-{n}"), body)
    assert (await asked(cluster)).passed is passed


async def test_an_api_that_does_not_answer():
    cluster = FakeCluster()

    async def cut(_: Query) -> Reply:
        return Reply(Answer.UNSURE, "cut")

    cluster.find = cut
    assert (await asked(cluster)).passed is None
