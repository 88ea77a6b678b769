"""Whose rollout it was: a change for people, or a command of ours that they know of already."""

from typing import Any

import pytest

from schemas.controls import ControlKind
from streams.ingest.kubernetes.kinds import DAEMON_SETS, DEPLOYMENTS, KINDS, STATEFUL_SETS
from streams.ingest.kubernetes.picture import Picture
from streams.ingest.kubernetes.rollouts import Release, Rollouts, release_of
from tests.streams.ingest.kubernetes.objects import as_workload, deployment


def release(*given: Any, **named: Any) -> Release:
    return release_of("Deployment", as_workload(deployment(*given, **named)))


@pytest.fixture
def rollouts() -> Rollouts:
    """Has seen one Deployment, at generation 5, that we have changed once before."""
    one = Rollouts()
    assert one.listed([release(5, "example/main:1", "c1")]) == []
    return one


def test_a_new_template_is_a_rollout(rollouts: Rollouts) -> None:
    found = rollouts.seen(release(6, "example/main:2", "c1"))
    assert found
    control = found.control("eu", 1_000)
    assert control.kind is ControlKind.CHANGE
    assert control.parameters == {
        "namespace": "shop",
        "kind": "Deployment",
        "name": "checkout",
        "revision": "example/main:2",
    }
    assert rollouts.seen(release(6, "example/main:2", "c1")) is None


def test_more_replicas_are_no_rollout(rollouts: Rollouts) -> None:
    assert rollouts.seen(release(6, "example/main:1", "c1")) is None


def test_what_our_own_command_changed_is_no_news(rollouts: Rollouts) -> None:
    assert rollouts.seen(release(6, "example/main:2", "c2,c1")) is None


def test_somebody_after_our_command_is(rollouts: Rollouts) -> None:
    assert rollouts.seen(release(6, "example/main:1", "c2,c1")) is None
    assert rollouts.seen(release(7, "example/main:2", "c2,c1"))


def test_between_two_lists_the_generation_tells_how_many_have_written(rollouts: Rollouts) -> None:
    assert rollouts.listed([release(7, "example/main:3", "c3,c2,c1")]) == []
    assert rollouts.listed([release(9, "example/main:4", "c4,c3,c2,c1")])


def test_an_undo_by_hand_brings_old_marks_back_and_is_still_somebody_elses(
    rollouts: Rollouts,
) -> None:
    assert rollouts.seen(release(6, "example/main:2", "c2,c1")) is None
    assert rollouts.seen(release(7, "example/main:1", "c1"))


def test_marks_longer_ago_than_we_remember_prove_nothing(rollouts: Rollouts) -> None:
    others = ",".join(f"x{n}" for n in range(8))
    assert rollouts.seen(release(6, "example/main:2", others))


def test_a_template_written_anew_by_the_api_itself_is_no_rollout(rollouts: Rollouts) -> None:
    assert rollouts.seen(release(5, "example/main:1-with-a-default", "c1")) is None


def test_a_deployment_that_was_not_there_is_one(rollouts: Rollouts) -> None:
    assert rollouts.seen(release(1, uid="d2"))
    rollouts.gone("d2")
    assert (
        rollouts.listed([release(5, "example/main:1", "c1"), release(1, uid="d3")])[0].uid == "d3"
    )


def test_every_watcher_gives_a_rollout_the_same_name() -> None:
    one, other = release(6), release(6)
    assert one.control("eu", 1).control_id == other.control("eu", 2).control_id
    assert one.control("eu", 1).control_id != release(7).control("eu", 1).control_id
    assert one.control("eu", 1).control_id != one.control("us", 1).control_id


@pytest.mark.parametrize(
    ("kind", "said"),
    [(DEPLOYMENTS, "Deployment"), (STATEFUL_SETS, "StatefulSet"), (DAEMON_SETS, "DaemonSet")],
)
def test_each_kind_that_rolls_out_is_told_as_what_it_is(kind: str, said: str) -> None:
    (row,) = (one for one in KINDS if one.name == kind)
    picture = Picture()
    for number in (1, 2):
        found = row.kept(as_workload(deployment(number, f"example/main:{number}")))
        picture.listed(kind, [found], 0)
    (rollout,) = picture.rollouts
    parameters = rollout.control("eu", 1).parameters
    assert (parameters["kind"], parameters["revision"]) == (said, "example/main:2")
    picture.gone(kind, "d1", 0)
    picture.changed(kind, found, 0)
    assert len(picture.rollouts) == 2, "another of that name, made anew"


def test_a_list_of_one_kind_says_nothing_of_another() -> None:
    picture = Picture()
    picture.listed(DEPLOYMENTS, [release(5)], 0)
    picture.listed(DAEMON_SETS, [], 0)
    picture.listed(STATEFUL_SETS, [release(3, uid="s1")], 0)
    picture.listed(DEPLOYMENTS, [release(5)], 0)
    assert picture.rollouts == []
