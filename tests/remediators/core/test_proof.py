"""What a request has left behind, by its verb."""

from dataclasses import replace

import pytest

from remediators.core.patch import add, patch
from remediators.core.proof import Trace, proof
from remediators.core.request import DELETE, EVICT, creation, removal, setting
from remediators.core.seen import Seen
from schemas.kinds import JOB, POD
from schemas.remediation import CommandKind, Target
from tests.remediators.builders import command, workload

ACT = command()
PATCHED = patch(ACT, (add(5, "spec", "replicas"),))
THE_POD = Target("eu-1", "shop", POD, "checkout-7")
THE_JOB = Target("eu-1", "shop", JOB, "mendlog-c1")
CREATED = creation(ACT, THE_JOB, {"apiVersion": "batch/v1", "kind": JOB})


def seen(target: Target, uid: str = "uid-1", marker: str = "", *, leaving: bool = False) -> Seen:
    return Seen(
        target=target,
        uid=uid,
        generation=1,
        resource_version="7",
        annotations={"mendlog.io/last-command": marker} if marker else {},
        leaving=leaving,
        body={},
    )


@pytest.mark.parametrize(
    ("now", "trace"),
    [
        (workload(), Trace.OPEN),
        (workload(marker="c1", generation=5), Trace.DONE),
        (workload(marker="c2,c1", generation=9), Trace.DONE),
        (workload(generation=5), Trace.MOVED),
        (workload(generation=6), Trace.GONE),
        (workload(generation=6, marker="x"), Trace.MOVED),
        (workload(generation=3), Trace.PAST),
        (workload(generation=3, generation_kept=False), Trace.MOVED),
        (workload(marker="x"), Trace.MOVED),
        (workload(uid="uid-2"), Trace.GONE),
        (None, Trace.GONE),
    ],
)
def test_a_patch_leaves_its_marker(now, trace):
    assert proof(ACT, PATCHED, now).trace is trace


@pytest.mark.parametrize("verb", [DELETE, EVICT])
@pytest.mark.parametrize(
    ("now", "trace"),
    [
        (seen(THE_POD), Trace.OPEN),
        (seen(THE_POD, marker="x"), Trace.OPEN),
        (seen(THE_POD, leaving=True), Trace.DONE),
        (seen(THE_POD, uid="uid-2"), Trace.DONE),
        (None, Trace.DONE),
    ],
)
def test_a_removal_leaves_nothing(verb, now, trace):
    assert proof(ACT, removal(verb, THE_POD, "uid-1"), now).trace is trace


@pytest.mark.parametrize(
    ("now", "trace"),
    [
        (None, Trace.OPEN),
        (seen(THE_JOB, marker="c1"), Trace.DONE),
        (seen(THE_JOB), Trace.MOVED),
        (seen(THE_JOB, marker="c9"), Trace.MOVED),
    ],
)
def test_a_creation_leaves_an_object_with_our_marker(now, trace):
    assert proof(ACT, CREATED, now).trace is trace


def test_what_is_made_in_two_calls_is_made_when_both_are():
    half = replace(seen(THE_JOB, marker="c1"), unfinished="a branch alone")
    found = proof(ACT, CREATED, half)
    assert (found.trace, found.detail) == (Trace.OPEN, "a branch alone")
    assert proof(ACT, CREATED, replace(half, annotations={})).trace is Trace.MOVED
    found = proof(ACT, CREATED, replace(half, unfinished="", link="https://x/1"))
    assert (found.trace, found.detail) == (Trace.DONE, "https://x/1")


@pytest.mark.parametrize(
    ("now", "trace"), [("on", Trace.DONE), ("off", Trace.OPEN), (None, Trace.OPEN)]
)
def test_a_value_that_was_set_is_there(now, trace):
    flag = Target("eu-1", "", "Flag", "checkout/degraded")
    there = None if now is None else replace(seen(flag), body={"value": now})
    assert proof(ACT, setting(flag, "on"), there).trace is trace


@pytest.mark.parametrize(
    ("now", "trace"),
    [("on", Trace.DONE), ("off", Trace.OPEN), ("half", Trace.GONE), (None, Trace.OPEN)],
)
def test_of_a_third_value_nobody_can_tell(now, trace):
    flag = Target("eu-1", "", "Flag", "checkout")
    there = None if now is None else replace(seen(flag), body={"value": now})
    assert proof(ACT, setting(flag, "on", was="off", match="7"), there).trace is trace


def test_a_rollback_where_the_api_keeps_no_generation():
    undo = command(CommandKind.ROLLBACK, command_id="c2", undoes="c1")
    undone = patch(undo, (), generation_kept=False)
    left = workload(generation=77, generation_kept=False, marker="c1")
    assert proof(undo, undone, left).trace is Trace.OPEN
    assert proof(undo, undone, workload(generation=77, generation_kept=False)).trace is Trace.MOVED
