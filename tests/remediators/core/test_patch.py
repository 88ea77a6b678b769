"""The request: what it tests, what it writes, and that nothing else is in it."""

import json
from dataclasses import replace

import pytest

from deploy.sandbox.cluster.api.json_patch import PatchFailed, apply
from remediators.core.marker import LAST_COMMAND
from remediators.core.patch import add, must_be, patch, pointer
from schemas.remediation import CommandKind
from tests.remediators.builders import command

CHANGE = (add(5, "spec", "replicas"),)


def document(marker: str = "", generation: int = 4, uid: str = "uid-1"):
    annotations = {"mendlog.io/enabled": "true", **({LAST_COMMAND: marker} if marker else {})}
    meta = {"uid": uid, "generation": generation, "annotations": annotations}
    return {"metadata": meta, "spec": {"replicas": 3}}


def steps(of) -> list[dict]:
    return json.loads(patch(of, CHANGE).body)


def test_names_with_slashes_and_tildes():
    assert pointer("a/b", "c~d") == "/a~1b/c~0d"


def test_the_marker_is_written_with_the_change():
    changed = apply(document(), steps(command()))
    assert changed["metadata"]["annotations"][LAST_COMMAND] == "c1"
    assert changed["spec"]["replicas"] == 5


def test_a_marker_that_was_there_is_tested_and_kept():
    changed = apply(document("b,a"), steps(command(marker="b,a")))
    assert changed["metadata"]["annotations"][LAST_COMMAND] == "c1,b,a"


@pytest.mark.parametrize(
    "moved",
    [
        pytest.param(document(generation=5), id="generation"),
        pytest.param(document(uid="uid-2"), id="uid"),
    ],
)
def test_a_target_that_moved_is_left_alone(moved):
    with pytest.raises(PatchFailed):
        apply(moved, steps(command()))


def test_another_marker_fails_although_the_generation_is_right():
    with pytest.raises(PatchFailed):
        apply(document("x"), steps(command(marker="b")))


def test_a_marker_where_none_was_seen_is_somebody_before_us():
    with pytest.raises(PatchFailed):
        apply(document("x"), steps(command()))


def test_without_a_generation_the_marker_and_the_plans_own_tests_are_the_proof():
    own = (must_be(3, "spec", "replicas"),)
    body = json.loads(patch(command(), CHANGE, own, generation_kept=False).body)
    anything = document(generation=9)
    assert apply(anything, body)["spec"]["replicas"] == 5
    with pytest.raises(PatchFailed):
        apply(document("x"), body)
    anything["spec"]["replicas"] = 4
    with pytest.raises(PatchFailed):
        apply(anything, body)


def test_applied_it_cannot_be_applied_again():
    once = apply(document(), steps(command()))
    once["metadata"]["generation"] += 1
    with pytest.raises(PatchFailed):
        apply(once, steps(command()))


def test_the_same_command_gives_the_same_bytes():
    assert patch(command(), CHANGE) == patch(replace(command()), CHANGE)


def test_a_rollback_follows_its_act():
    act = command(marker="a")
    acted = apply(document("a"), steps(act))
    acted["metadata"]["generation"] += 1
    undo = command(CommandKind.ROLLBACK, command_id="c2", marker="a", undoes="c1")
    undone = apply(acted, json.loads(patch(undo, (add(3, "spec", "replicas"),)).body))
    assert undone["spec"]["replicas"] == 3
    assert undone["metadata"]["annotations"][LAST_COMMAND] == "c2,c1,a"
