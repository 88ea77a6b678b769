"""Roll back: to which revision, and to which never."""

from dataclasses import replace

import pytest

from remediators.actions import roll_back
from remediators.actions.plan import Plan
from remediators.actions.releases import Revision
from remediators.actions.roll_back import LEFT
from remediators.core.refusal import Refusal
from remediators.core.workload import REVISION
from schemas.actions import ROLL_BACK
from schemas.remediation import OutcomeReason
from tests.remediators.builders import command, scene, template, workload

RESTARTED = {"kubectl.kubernetes.io__restartedAt": "2026-01-01T00:00:00Z"}


def revision(number: int, image: str, **annotations: str) -> Revision:
    made = template(image, **annotations)
    made["metadata"]["labels"]["pod-template-hash"] = f"hash-{number}"
    return Revision(number, made)


def planned(current: Revision, *before: Revision, left: str = "", **seen):
    notes = {REVISION: str(current.number), **({LEFT: left} if left else {})}
    live = workload(template=roll_back.without_hash(current.template), annotations=notes, **seen)
    order = command(action=ROLL_BACK)
    return roll_back.plan(scene(order, live, (*before, current)))


def image_of(plan) -> str:
    assert isinstance(plan, Plan), plan
    return plan.changes[0]["value"]["spec"]["containers"][0]["image"]


def reason_of(refusal) -> OutcomeReason:
    assert isinstance(refusal, Refusal), refusal
    return refusal.reason


def test_to_the_one_before():
    plan = planned(revision(3, "c"), revision(1, "a"), revision(2, "b"))
    assert image_of(plan) == "b"


def test_the_controllers_label_is_left_out():
    plan = planned(revision(2, "b"), revision(1, "a"))
    assert isinstance(plan, Plan)
    assert plan.changes[0]["value"]["metadata"] == {"labels": {"app": "checkout"}}


def test_a_restart_is_not_a_release():
    """The rung before may have restarted: the revision before that restart is the same release."""
    plan = planned(revision(3, "b", **RESTARTED), revision(1, "a"), revision(2, "b"))
    assert image_of(plan) == "a"


def degraded(number: int, image: str) -> Revision:
    made = revision(number, image)
    made.template["spec"]["containers"][0]["env"] = [{"name": "DEGRADED_MODE", "value": "true"}]
    return made


def test_a_degrade_is_not_a_release():
    """The rung before may have degraded it: without that it is the same release."""
    plan = planned(degraded(3, "b"), revision(1, "a"), revision(2, "b"))
    assert image_of(plan) == "a"
    assert isinstance(plan, Plan)
    assert plan.changes[1]["value"] == "3,2"


def limited(number: int, image: str, memory: str) -> Revision:
    made = revision(number, image)
    (main,) = made.template["spec"]["containers"]
    main["resources"] = {"limits": {"memory": memory}, "requests": {"cpu": "1"}}
    return made


def test_more_memory_is_not_a_release():
    """The rung before may have raised it: with less it is the same release, and as broken."""
    current, before = limited(4, "b", "640Mi"), (limited(1, "a", "1Gi"), limited(3, "b", "512Mi"))
    plan = planned(current, *before)
    assert image_of(plan) == "a"
    assert isinstance(plan, Plan)
    assert plan.changes[1]["value"] == "4,3"


def test_less_memory_is_a_release():
    plan = planned(limited(2, "a", "512Mi"), limited(1, "a", "1Gi"))
    assert isinstance(plan, Plan)
    (main,) = plan.changes[0]["value"]["spec"]["containers"]
    assert main["resources"]["limits"] == {"memory": "1Gi"}


def test_no_limit_at_all_is_a_release():
    assert image_of(planned(limited(2, "a", "512Mi"), revision(1, "a"))) == "a"


def test_one_that_has_available_pods_goes_before_one_that_has_none():
    """`a` runs; `b` was meant to repair it, and never came up; nor does `c`."""
    running = replace(revision(1, "a"), available=3)
    assert image_of(planned(revision(3, "c"), running, revision(2, "b"))) == "a"
    started = replace(revision(2, "b"), available=1)
    assert image_of(planned(revision(3, "c"), running, started)) == "b"


def test_available_pods_do_not_lead_back_to_what_was_left():
    running = replace(revision(2, "b"), available=3)
    assert image_of(planned(revision(3, "c"), revision(1, "a"), running, left="2")) == "a"


def test_another_variable_makes_a_release():
    order = command(action=ROLL_BACK)
    live, before = degraded(2, "a"), revision(1, "a")
    seen = workload(template=roll_back.without_hash(live.template))
    plan = roll_back.plan(scene(order, seen, (before, live), degraded_param="READ_ONLY"))
    assert isinstance(plan, Plan)
    assert "env" not in plan.changes[0]["value"]["spec"]["containers"][0]


def test_only_restarts_so_far():
    refusal = planned(revision(2, "b", **RESTARTED), revision(1, "b"))
    assert reason_of(refusal) is OutcomeReason.NOTHING_TO_DO


def test_what_a_roll_back_has_left_is_never_returned_to():
    """`a` was good, `b` bad; rolled back to `a`, which is revision 3 now."""
    refusal = planned(revision(3, "a"), revision(2, "b"), left="2")
    assert reason_of(refusal) is OutcomeReason.NOTHING_TO_DO


def test_it_remembers_every_revision_of_the_release_that_it_leaves():
    plan = planned(revision(4, "b", **RESTARTED), revision(1, "a"), revision(3, "b"), left="2")
    assert isinstance(plan, Plan)
    assert plan.changes[1]["value"] == "4,3,2"


def test_the_same_release_delivered_again_gets_a_new_number_and_a_new_chance():
    plan = planned(revision(5, "c"), revision(3, "a"), revision(4, "b"), left="2")
    assert image_of(plan) == "b"


@pytest.mark.parametrize("left", ["x", "2,,y", "-1"])
def test_a_note_that_somebody_has_spoilt_is_read_as_far_as_it_can_be(left):
    assert isinstance(planned(revision(4, "c"), revision(3, "b"), left=left), Plan)


@pytest.mark.parametrize(
    ("refusal", "reason"),
    [
        (planned(revision(1, "a")), OutcomeReason.NOTHING_TO_DO),
        (planned(revision(2, "a"), revision(1, "a")), OutcomeReason.NOTHING_TO_DO),
        (planned(revision(2, "b"), revision(1, "a"), rollout_paused=True), OutcomeReason.PAUSED),
        (
            planned(revision(2, "b"), revision(1, "a"), observed_generation=3),
            OutcomeReason.STALE,
        ),
    ],
)
def test_refusals(refusal, reason):
    assert reason_of(refusal) is reason


def test_a_target_without_a_revision():
    refusal = roll_back.plan(scene(command(action=ROLL_BACK), workload(annotations={REVISION: ""})))
    assert reason_of(refusal) is OutcomeReason.NOTHING_TO_DO
