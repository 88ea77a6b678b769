"""A canary that is aborted: that very one, in that very state, and no other."""

import copy
from dataclasses import replace
from typing import Any

import pytest

from deploy.sandbox.cluster.api.json_patch import PatchFailed, apply
from remediators.actions.catalog import CATALOG, announce, row_for
from remediators.actions.plan import Scene
from remediators.adapters.kubernetes import views
from remediators.core.floor import takes_ready_pods
from remediators.core.refusal import Refusal
from remediators.core.request import ONCE, SET_STATUS
from remediators.core.seen import ENABLED
from schemas.actions import ABORT_CANARY
from schemas.remediation import CommandKind, OutcomeReason, Request
from tests.remediators.actions.samples import A_ROLLOUT, THE_ROLLOUT
from tests.remediators.builders import command, steps

NOTHING, STALE = OutcomeReason.NOTHING_TO_DO, OutcomeReason.STALE
INVALID, PAUSED = OutcomeReason.INVALID, OutcomeReason.PAUSED
OWNED = OutcomeReason.OWNED_ELSEWHERE


def rollout(
    spec: dict[str, Any] | None = None, status: dict[str, Any] | None = None, **meta: Any
) -> dict[str, Any]:
    found = copy.deepcopy(A_ROLLOUT)
    first = {"uid": "uid-1", "generation": 1, "resourceVersion": "7"}
    found["metadata"] = {**first, "annotations": {ENABLED: "true"}, **meta}
    found["spec"] |= spec or {}
    found["status"] |= status or {}
    return found


def scene(found: dict[str, Any], **parameters: str) -> Scene:
    order = command(action=ABORT_CANARY, target=THE_ROLLOUT, parameters=parameters)
    return Scene(order, views.seen(THE_ROLLOUT, found))


def requested(found: dict[str, Any]) -> Request:
    made = announce(CATALOG[ABORT_CANARY], scene(found))
    assert not isinstance(made, Refusal), made
    request, plan = made
    assert plan.undo == {}
    return request


@pytest.mark.parametrize("before", [{}, {"abort": False}])
def test_the_flag_is_set_and_nothing_else(before: dict[str, Any]):
    found = rollout(status=before)
    request = requested(found)
    assert (request.verb, request.target) == (SET_STATUS, THE_ROLLOUT)
    wanted = copy.deepcopy(found)
    wanted["status"]["abort"] = True
    assert apply(copy.deepcopy(found), steps(request)) == wanted


def test_it_is_sent_once():
    assert requested(rollout()).verb in ONCE


@pytest.mark.parametrize(
    "moved",
    [
        pytest.param(rollout(uid="uid-2"), id="another of its name"),
        pytest.param(rollout(generation=2), id="another spec"),
        pytest.param(rollout(status={"currentPodHash": "next"}), id="the next canary"),
        pytest.param(rollout(status={"stableRS": "6b9c8d7f5"}), id="promoted"),
        pytest.param(rollout(status={"abort": True}), id="aborted by somebody else"),
        pytest.param(rollout(status={"abort": False}), id="retried"),
        pytest.param(rollout(resourceVersion="8"), id="anything at all"),
    ],
)
def test_bound_to_that_very_canary(moved: dict[str, Any]):
    with pytest.raises(PatchFailed):
        apply(moved, steps(requested(rollout())))


def test_the_evidence_is_about_a_canary_and_not_about_its_status():
    """The template may be a Deployment's (`workloadRef`): another release moves no generation."""

    def number(**status: Any) -> int:
        return views.seen(THE_ROLLOUT, rollout(status=status)).generation

    assert number() == number(replicas=9, abort=True, phase="Degraded")
    assert len({number(), number(currentPodHash="next"), number(stableRS="next")}) == 3
    assert number() != views.seen(THE_ROLLOUT, rollout({"paused": True})).generation


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (rollout(status={"abort": True}), NOTHING),
        (rollout(status={"currentPodHash": "5d4c6f8b9"}), NOTHING),
        (rollout(status={"currentPodHash": ""}), NOTHING),
        (rollout(status={"stableRS": ""}), NOTHING),
        (rollout(deletionTimestamp="2026-01-01T00:00:00Z"), NOTHING),
        (rollout({"strategy": {"blueGreen": {"activeService": "web"}}}), INVALID),
        (rollout({"strategy": {}}), INVALID),
        (rollout({"strategy": None}), INVALID),
        (rollout(generation=2), STALE),
        (rollout(status={"observedGeneration": "b5f9d"}), STALE),
        (rollout(status={"observedGeneration": None}), STALE),
        (rollout({"paused": True}), PAUSED),
        (rollout(status={"promoteFull": True}), OWNED),
    ],
)
def test_what_is_refused(found: dict[str, Any], reason: OutcomeReason):
    refusal = announce(CATALOG[ABORT_CANARY], scene(found))
    assert isinstance(refusal, Refusal)
    assert refusal.reason is reason


def test_one_of_which_its_controller_has_said_nothing_yet():
    found = {**rollout(), "status": {}}
    refusal = announce(CATALOG[ABORT_CANARY], scene(found))
    assert isinstance(refusal, Refusal)
    assert refusal.reason is STALE


def test_a_pause_of_its_own_steps_is_no_hindrance():
    waiting = {"pauseConditions": [{"reason": "CanaryPauseStep"}], "controllerPause": True}
    assert requested(rollout(status=waiting))


def test_a_canary_without_steps():
    assert requested(rollout({"strategy": {"canary": {}}}))


@pytest.mark.parametrize("value", ["", "-1", str(10**9), "{{7*7}}", "$(id)"])
def test_it_takes_no_parameters(value: str):
    refusal = announce(CATALOG[ABORT_CANARY], scene(rollout(), weight=value))
    assert isinstance(refusal, Refusal)
    assert refusal.reason is OutcomeReason.BAD_PARAMETERS


def test_to_go_on_with_it_is_for_people():
    order = command(CommandKind.ROLLBACK, action=ABORT_CANARY, target=THE_ROLLOUT, undoes="c0")
    refusal = row_for(order)
    assert isinstance(refusal, Refusal)
    assert refusal.reason is OutcomeReason.INVALID


def test_nothing_but_a_rollout():
    order = command(action=ABORT_CANARY, target=replace(THE_ROLLOUT, kind="Deployment"))
    assert isinstance(row_for(order), Refusal)


def test_its_pods_are_its_controllers_to_count():
    assert not takes_ready_pods(ABORT_CANARY, views.seen(THE_ROLLOUT, rollout()))
