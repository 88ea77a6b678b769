"""A change of a status: what it tests, and that no reading tells whose it was."""

from typing import Any

import pytest

from remediators.core.patch import add, must_be
from remediators.core.proof import Trace, proof
from remediators.core.seen import Seen
from remediators.core.status import failing, status_patch
from schemas.kinds import ROLLOUT
from schemas.remediation import Target
from tests.remediators.builders import command, steps

WEB = Target("eu-1", "shop", ROLLOUT, "web")
ACT = command(target=WEB)


def seen(version: str = "7", uid: str = "uid-1", **status: Any) -> Seen:
    meta = {"uid": uid, "generation": 4, "resourceVersion": version}
    return Seen(
        target=WEB,
        uid=uid,
        generation=99,
        generation_kept=False,
        resource_version=version,
        annotations={},
        body={"metadata": meta, "status": status},
    )


ASKED = status_patch(
    ACT,
    seen(),
    (add(True, "status", "a/b"),),
    (must_be(None, "status", "a/b"), must_be("x", "status", "hash")),
)


def test_the_changes_come_after_all_tests():
    assert [step["op"] for step in steps(ASKED)] == ["test"] * 5 + ["add"]


@pytest.mark.parametrize(
    ("now", "trace", "words"),
    [
        (seen(hash="x"), Trace.OPEN, ""),
        (seen(hash="x", **{"a/b": True}), Trace.GONE, "status/a~1b is true, not absent"),
        (seen("8", hash="x"), Trace.GONE, "metadata/resourceVersion is 8, not 7"),
        (seen(hash="y"), Trace.GONE, "status/hash is y, not x"),
        (seen(), Trace.GONE, "status/hash is absent, not x"),
        (seen(uid="uid-2", hash="x"), Trace.GONE, "metadata/uid is uid-2, not uid-1"),
        (None, Trace.GONE, "the object that it was sent to is gone"),
    ],
)
def test_whose_doing_it_is_nobody_can_tell(now: Seen | None, trace: Trace, words: str):
    found = proof(ACT, ASKED, now)
    assert found.trace is trace
    assert found.detail.partition(";")[0] == words


def test_where_there_is_no_status_at_all():
    bare = {"metadata": {"uid": "uid-1", "generation": 4, "resourceVersion": "7"}}
    assert failing(ASKED, bare) == "status/hash is absent, not x"
