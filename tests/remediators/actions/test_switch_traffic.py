"""A Service from blue to green and back, where green has ready pods."""

from typing import Any

import pytest

from deploy.sandbox.cluster.api.json_patch import PatchFailed, apply
from remediators.actions import switch_traffic
from remediators.actions.catalog import CATALOG, announce
from remediators.actions.plan import Plan, Scene
from remediators.adapters.kubernetes import views
from remediators.core.query import Query
from remediators.core.refusal import Refusal
from remediators.core.seen import ENABLED
from schemas.actions import SWITCH_TRAFFIC
from schemas.kinds import POD, SERVICE
from schemas.remediation import CommandKind, OutcomeReason, Target
from tests.remediators.builders import command, steps

WEB = Target("eu-1", "shop", SERVICE, "web")
GREEN = {"label": "release", "to": "green"}


def service(**selector: str) -> dict[str, Any]:
    notes = {ENABLED: "true"}
    return {"metadata": {"uid": "uid-1", "annotations": notes}, "spec": {"selector": selector}}


BLUE = service(app="web", release="blue")


def pod(ready: str = "True", **metadata: Any) -> dict[str, Any]:
    return {"metadata": metadata, "status": {"conditions": [{"type": "Ready", "status": ready}]}}


def scene(
    found: dict[str, Any], given: dict[str, str], *pods: dict[str, Any], **more: Any
) -> Scene:
    order = command(action=SWITCH_TRAFFIC, target=WEB, parameters=given, **more)
    seen = views.seen(WEB, found)
    queries = switch_traffic.pods_behind(order, seen)
    return Scene(order, seen, tuple(pods for _ in queries))


def undoing(found: dict[str, Any], **parameters: str) -> Scene:
    return scene(found, parameters, pod(), kind=CommandKind.ROLLBACK, undoes="c0")


def test_set_and_set_back():
    made = announce(CATALOG[SWITCH_TRAFFIC], scene(BLUE, GREEN, pod()))
    assert not isinstance(made, Refusal)
    request, plan = made
    switched = apply(BLUE, steps(request))
    assert switched["spec"]["selector"] == {"app": "web", "release": "green"}
    undo = switch_traffic.rollback(undoing(switched, **plan.undo))
    assert isinstance(undo, Plan)
    assert apply(switched, [*undo.tests, *undo.changes])["spec"] == BLUE["spec"]


def test_whose_pods_are_asked_for():
    act = command(action=SWITCH_TRAFFIC, target=WEB, parameters=GREEN)
    wanted = (Query(POD, "shop", labels="app=web,release=green"),)
    assert switch_traffic.pods_behind(act, views.seen(WEB, BLUE)) == wanted


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        *(
            ({"label": "release", "to": value}, OutcomeReason.BAD_PARAMETERS)
            for value in ("", "-1", "{{7*7}}", "$(id)", "a,app=other", "x" * 64, "green\n")
        ),
        *(({"label": label, "to": "green"}, OutcomeReason.INVALID) for label in ("track", "$(id)")),
        ({"label": "", "to": "green"}, OutcomeReason.BAD_PARAMETERS),
        ({"to": "green"}, OutcomeReason.BAD_PARAMETERS),
        *(({**GREEN, "min": least}, OutcomeReason.BAD_PARAMETERS) for least in ("0", "-1", "")),
        ({"label": "release", "to": "blue"}, OutcomeReason.NOTHING_TO_DO),
    ],
)
def test_parameters_that_are_refused_ask_nobody_for_anything_odd(
    given: dict[str, str], reason: OutcomeReason
):
    planned = switch_traffic.plan(scene(BLUE, given, pod()))
    assert isinstance(planned, Refusal)
    assert planned.reason is reason


@pytest.mark.parametrize(
    ("pods", "least"),
    [
        ((), "1"),
        ((pod("False"),), "1"),
        ((pod(deletionTimestamp="2026-01-01T00:00:00Z"),), "1"),
        (({"metadata": {}},), "1"),
        ((pod(), pod("False")), "2"),
        ((pod(),), str(10**8)),
    ],
)
def test_never_to_a_release_that_is_not_ready(pods: tuple[dict[str, Any], ...], least: str):
    planned = switch_traffic.plan(scene(BLUE, {**GREEN, "min": least}, *pods))
    assert isinstance(planned, Refusal)
    assert planned.reason is OutcomeReason.BELOW_MINIMUM


@pytest.mark.parametrize("found", [service(), service(release="blue")])
def test_a_selector_that_does_not_tell_whose_pods_they_are(found: dict[str, Any]):
    planned = switch_traffic.plan(scene(found, GREEN, pod()))
    assert isinstance(planned, Refusal)
    assert planned.reason is OutcomeReason.INVALID


def test_a_selector_that_somebody_changes_meanwhile_is_left_alone():
    plan = switch_traffic.plan(scene(BLUE, GREEN, pod()))
    assert isinstance(plan, Plan)
    for other in (service(app="web", release="red"), service(app="api", release="blue")):
        with pytest.raises(PatchFailed):
            apply(other, [*plan.tests, *plan.changes])


@pytest.mark.parametrize(
    ("undo", "reason"),
    [
        ({"label": "release", "to": "blue"}, OutcomeReason.BAD_PARAMETERS),
        ({"label": "release", "to": "green", "previous": "blue"}, OutcomeReason.STALE),
        (
            {"label": "release", "to": "blue", "previous": "a,app=other"},
            OutcomeReason.BAD_PARAMETERS,
        ),
    ],
)
def test_what_is_not_undone(undo: dict[str, str], reason: OutcomeReason):
    planned = switch_traffic.rollback(undoing(BLUE, **undo))
    assert isinstance(planned, Refusal)
    assert planned.reason is reason
