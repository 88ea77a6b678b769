"""What comes of the library's playbooks, in one word each; the goldens hold all of it."""

import pytest

from schemas.tape import PolicyPublished
from tests.builders import World
from tests.golden.capacity import CAPACITY_HISTORIES
from tests.golden.files import read_tape
from tests.golden.library import LIBRARY_HISTORIES, RAISED, SHIPPED

HISTORIES = (*LIBRARY_HISTORIES, *CAPACITY_HISTORIES)
ENDS = {
    "library_stuck_rollout": "verified",
    "library_stuck_again": "attempts_spent",
    "library_missing_replicas": "verified",
    "library_crash_loop": "verified",
    "library_one_pod_crashes": "approval_expired",
    "library_container_waiting": "verified",
    "library_in_shadow": "agreed",
    "library_no_release": "ladder_spent",
    "library_no_deployment_label": "no_target",
    "library_api_burns": "braked",
    "library_own_targets_down": "applied",
    "library_watchdog_gone": "watchdog_missing",
    "library_node_gone": "mode_of_policy",
    "library_autoscaler_maxed_out": "lease_returned",
    "library_autoscaler_still_full": "still_needed",
    "library_no_room": "braked",
    "library_two_autoscalers": "dwell_over",
    "library_volume_full": "verified",
    "library_volume_wanted_by_one": "approval_expired",
    "library_signs_of_life": "inhibited",
}


@pytest.mark.parametrize("history", HISTORIES, ids=lambda history: history.__name__)
def test_it_ends_as_it_should(history) -> None:  # type: ignore[no-untyped-def]
    world = World()
    history(world)
    told = [reason for reason in world.reasons if reason != "checkpoint"]
    assert told[-1] == ENDS[history.__name__]


@pytest.mark.parametrize("history", HISTORIES, ids=lambda history: history.__name__)
def test_it_was_recorded_with_the_library_of_today(history) -> None:  # type: ignore[no-untyped-def]
    facts = [record.fact for _, record in read_tape(history.__name__)]
    published = [fact.source for fact in facts if isinstance(fact, PolicyPublished)]
    assert published[-1] in (SHIPPED, RAISED), "python -m tests.golden --record"


def test_only_what_acts_by_itself_was_raised() -> None:
    assert SHIPPED.count("mode: shadow\n") == RAISED.count("mode: auto\n") == 10
