"""The weight of a canary: a number from 0 to 100, set and set back."""

from typing import Any

import pytest

from deploy.sandbox.cluster.api.json_patch import PatchFailed, apply
from remediators.actions import shift_traffic
from remediators.actions.catalog import CATALOG, announce
from remediators.actions.plan import Plan, Scene
from remediators.actions.shift_traffic import CANARY, TOTAL, WEIGHT
from remediators.adapters.kubernetes import views
from remediators.core.refusal import Refusal
from remediators.core.seen import ENABLED
from schemas.actions import SHIFT_TRAFFIC
from schemas.kinds import INGRESS
from schemas.remediation import CommandKind, OutcomeReason, Target
from tests.remediators.builders import command, steps

WEB = Target("eu-1", "shop", INGRESS, "web-canary")


def ingress(weight: str | None = "10", **more: str) -> dict[str, Any]:
    notes = {
        ENABLED: "true",
        CANARY: "true",
        **({} if weight is None else {WEIGHT: weight}),
        **more,
    }
    return {"metadata": {"uid": "uid-1", "generation": 3, "annotations": notes}, "spec": {}}


def scene(found: dict[str, Any], parameters: dict[str, str], **more: Any) -> Scene:
    order = command(action=SHIFT_TRAFFIC, target=WEB, parameters=parameters, **more)
    return Scene(order, views.seen(WEB, found))


def undoing(found: dict[str, Any], **parameters: str) -> Scene:
    return scene(found, parameters, kind=CommandKind.ROLLBACK, undoes="c0")


def weight_of(found: dict[str, Any]) -> str | None:
    return found["metadata"]["annotations"].get(WEIGHT)


@pytest.mark.parametrize("before", ["10", "0", None])
def test_set_and_set_back(before: str | None):
    made = announce(CATALOG[SHIFT_TRAFFIC], scene(ingress(before), {"to": "50", "max": "60"}))
    assert not isinstance(made, Refusal)
    request, plan = made
    shifted = apply(ingress(before), steps(request))
    assert weight_of(shifted) == "50"
    undo = shift_traffic.rollback(undoing(shifted, **plan.undo))
    assert isinstance(undo, Plan)
    assert weight_of(apply(shifted, [*undo.tests, *undo.changes])) == before


@pytest.mark.parametrize(
    ("now", "given", "wanted"),
    [
        ("10", {"by": "20", "max": "100"}, "30"),
        ("10", {"by": "20", "max": "25"}, "25"),
        ("10", {"by": "-20", "max": "100"}, "0"),
        (None, {"by": "5", "max": "100"}, "5"),
        ("60", {"by": "-10", "max": "50"}, "50"),
        ("90", {"to": "0", "max": "100"}, "0"),
        ("95", {"by": "100", "max": "100"}, "100"),
    ],
)
def test_how_far(now: str | None, given: dict[str, str], wanted: str):
    plan = shift_traffic.plan(scene(ingress(now), given))
    assert isinstance(plan, Plan)
    assert weight_of(apply(ingress(now), [*plan.tests, *plan.changes])) == wanted


def test_a_weight_that_somebody_sets_meanwhile_is_left_alone():
    plan = shift_traffic.plan(scene(ingress("10"), {"to": "20", "max": "100"}))
    assert isinstance(plan, Plan)
    with pytest.raises(PatchFailed):
        apply(ingress("11"), [*plan.tests, *plan.changes])


def test_its_generation_does_not_count_for_annotations_do_not_move_it():
    seen, moved = (views.seen(WEB, ingress(weight)) for weight in ("10", "20"))
    assert not seen.generation_kept
    assert seen.generation != moved.generation
    elsewhere = views.seen(WEB, ingress("10", other="note"))
    assert elsewhere.generation == seen.generation


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"to": "50"},
        {"max": "50"},
        {"to": "5", "by": "5", "max": "50"},
        {"to": "51", "max": "50"},
        *(
            {"to": text, "max": "100"}
            for text in ("-1", "101", str(10**9), "{{7*7}}", "$(id)", "", "1.5", "5%")
        ),
        *({"by": text, "max": "100"} for text in ("0", "101", "-101", str(10**9), "")),
        *({"to": "5", "max": text} for text in ("0", "-1", "101", "")),
    ],
)
def test_bad_parameters(given: dict[str, str]):
    planned = shift_traffic.plan(scene(ingress(), given))
    assert isinstance(planned, Refusal)
    assert planned.reason is OutcomeReason.BAD_PARAMETERS


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (ingress("50"), OutcomeReason.NOTHING_TO_DO),
        (ingress(**{CANARY: "false"}), OutcomeReason.INVALID),
        (ingress(**{TOTAL: "1000"}), OutcomeReason.INVALID),
        (ingress("many"), OutcomeReason.INVALID),
        (ingress("101"), OutcomeReason.INVALID),
    ],
)
def test_what_it_finds_there_may_forbid_it(found: dict[str, Any], reason: OutcomeReason):
    planned = shift_traffic.plan(scene(found, {"to": "50", "max": "100"}))
    assert isinstance(planned, Refusal)
    assert planned.reason is reason


@pytest.mark.parametrize(
    ("undo", "reason"),
    [
        ({}, OutcomeReason.BAD_PARAMETERS),
        ({"to": "10", "previous": "101"}, OutcomeReason.BAD_PARAMETERS),
        ({"to": "10", "previous": "5", "max": "9"}, OutcomeReason.BAD_PARAMETERS),
        ({"to": "11", "previous": "5"}, OutcomeReason.STALE),
    ],
)
def test_what_is_not_undone(undo: dict[str, str], reason: OutcomeReason):
    planned = shift_traffic.rollback(undoing(ingress("10"), **undo))
    assert isinstance(planned, Refusal)
    assert planned.reason is reason
