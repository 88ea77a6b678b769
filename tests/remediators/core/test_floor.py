"""The executor's own floor: which pods may not be taken away right now."""

from dataclasses import replace
from typing import Any

import pytest

from remediators.core.floor import Floor, takes_ready_pods, too_few
from remediators.core.seen import Seen
from remediators.core.workload import Pods, Surroundings, Workload
from schemas.actions import CORDON, DEGRADE, DELETE_POD, EVICT_POD, RESTART, ROLL_BACK, SCALE
from schemas.kinds import NODE, POD
from schemas.remediation import OutcomeReason, Target
from tests.remediators.builders import workload

THE_POD = Target("eu-1", "shop", POD, "checkout-7f")
ALONE = Surroundings()


def pods(ready: int, wanted: int, taken: int = 1) -> Workload:
    return workload(
        replicas_wanted=wanted, unavailable_max=taken, pods=Pods(ready=ready, total=wanted)
    )


def pod(*, ready: bool = True, kept_by: str = "ReplicaSet") -> Seen:
    owner = {"kind": kept_by, "name": "checkout-1", "controller": True}
    body: dict[str, Any] = {
        "metadata": {"name": THE_POD.name, "ownerReferences": [owner]},
        "status": {"conditions": [{"type": "Ready", "status": "True" if ready else "False"}]},
    }
    return Seen(
        target=THE_POD, uid="u", generation=1, resource_version="1", annotations={}, body=body
    )


def kept(ready: int, wanted: int, allowed: int | None = None) -> Surroundings:
    return Surroundings(allowed, keeper=pods(ready, wanted))


@pytest.mark.parametrize(
    ("seen", "why"),
    [
        (pods(3, 3), ""),
        (pods(2, 3), "1 of 3 ready pods would be left, 2 needed"),
        (pods(4, 4, taken=3), "1 of 4 ready pods would be left, 2 needed"),
        (pods(4, 4, taken=2), ""),
        (pods(1, 1), "0 of 1 ready pods would be left, 1 needed"),
        (pods(0, 3), "0 of 3 ready pods would be left, 2 needed"),
        (pods(0, 3, taken=0), ""),
        (pods(0, 0, taken=0), ""),
    ],
)
def test_of_a_workload_half_is_left_and_one_in_any_case(seen: Workload, why: str):
    refusal = too_few(RESTART, seen, ALONE, Floor())
    assert (refusal.detail if refusal else "") == why
    assert refusal is None or refusal.reason is OutcomeReason.TOO_FEW_HEALTHY


@pytest.mark.parametrize(("percent", "refused"), [(0, False), (50, True), (100, True)])
def test_how_many_is_set(percent: int, refused: bool):
    assert (too_few(RESTART, pods(2, 4), ALONE, Floor(percent)) is not None) is refused


def test_not_even_with_no_floor_is_the_last_one_taken():
    assert too_few(RESTART, pods(1, 4), ALONE, Floor(0)) is not None


def test_the_way_out_of_a_broken_release_is_open():
    assert too_few(ROLL_BACK, pods(0, 3), Surroundings(0), Floor()) is None
    assert too_few(ROLL_BACK, pods(3, 3, taken=2), ALONE, Floor()) is not None
    assert too_few(DEGRADE, pods(0, 3), ALONE, Floor()) is not None


@pytest.mark.parametrize(("allowed", "refused"), [(None, False), (2, False), (1, True), (0, True)])
def test_a_budget_lets_as_many_go_as_the_rollout_takes(allowed: int | None, refused: bool):
    refusal = too_few(RESTART, pods(9, 9, taken=2), Surroundings(allowed), Floor())
    assert (refusal is not None) is refused


@pytest.mark.parametrize(
    ("action", "seen", "around", "refused"),
    [
        (DELETE_POD, pod(), kept(3, 3), False),
        (DELETE_POD, pod(), kept(1, 1), True),
        (DELETE_POD, pod(), kept(3, 3, allowed=0), True),
        (EVICT_POD, pod(), kept(3, 3, allowed=0), False),
        (EVICT_POD, pod(), kept(1, 1), True),
        (DELETE_POD, pod(ready=False), kept(0, 1, allowed=0), False),
        (DELETE_POD, pod(), ALONE, True),
        (DELETE_POD, pod(kept_by="Job"), ALONE, False),
    ],
)
def test_of_a_pod_what_keeps_it_counts(
    action: str, seen: Seen, around: Surroundings, refused: bool
):
    assert (too_few(action, seen, around, Floor()) is not None) is refused


@pytest.mark.parametrize(
    ("action", "seen", "asked"),
    [
        (RESTART, pods(3, 3), True),
        (RESTART, pods(3, 3, taken=0), False),
        (ROLL_BACK, pods(2, 3), False),
        (DELETE_POD, pod(), True),
        (DELETE_POD, pod(ready=False), False),
        (SCALE, pods(3, 3), False),
        (CORDON, replace(pod(), target=Target("eu-1", "", NODE, "n1")), False),
    ],
)
def test_asked_where_ready_pods_are_taken_away(action: str, seen: Seen, asked: bool):
    assert takes_ready_pods(action, seen) is asked
