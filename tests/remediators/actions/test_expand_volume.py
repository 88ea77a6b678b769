"""Expand volume: what a claim asks for, where its volume can grow and is not growing already."""

from typing import Any

import pytest

from deploy.sandbox.cluster.api.json_patch import PatchFailed, apply
from remediators.actions import expand_volume
from remediators.actions.catalog import CATALOG, announce
from remediators.actions.plan import Plan, Scene
from remediators.adapters.kubernetes import views
from remediators.core.query import Query
from remediators.core.refusal import Refusal
from remediators.core.seen import ENABLED
from schemas.actions import ACTIONS, EXPAND_VOLUME
from schemas.kinds import STORAGE_CLASS, VOLUME_CLAIM
from schemas.remediation import OutcomeReason, Target
from tests.remediators.builders import command, steps

DATA = Target("eu-1", "shop", VOLUME_CLAIM, "data-0")
ROOMY: tuple[Any, ...] = ({"allowVolumeExpansion": True},)
TIGHT: tuple[Any, ...] = ({"metadata": {"name": "tight"}},)


def claim(
    asked: str = "10Gi", there: str = "10Gi", phase: str = "Bound", **status: Any
) -> dict[str, Any]:
    return {
        "metadata": {"uid": "uid-1", "annotations": {ENABLED: "true"}},
        "spec": {"storageClassName": "roomy", "resources": {"requests": {"storage": asked}}},
        "status": {"phase": phase, "capacity": {"storage": there}, **status},
    }


def scene(found: dict[str, Any], *classes: tuple[Any, ...], **parameters: str) -> Scene:
    order = command(action=EXPAND_VOLUME, target=DATA, parameters=parameters)
    return Scene(order, views.seen(DATA, found), classes)


@pytest.mark.parametrize(
    ("found", "parameters", "then"),
    [
        (claim(), {"max": "1Ti"}, "12800Mi"),
        (claim(), {"max": "1Ti", "percent": "100"}, "20Gi"),
        (claim(), {"max": "11Gi"}, "11Gi"),
        (claim("10Gi", "16Gi"), {"max": "1Ti"}, "20Gi"),
        (claim("100G", "100G"), {"max": "1Ti"}, "125G"),
    ],
)
def test_it_asks_for_more(found, parameters, then):
    made = announce(CATALOG[EXPAND_VOLUME], scene(found, ROOMY, **parameters))
    assert not isinstance(made, Refusal), made
    request, plan = made
    assert plan.undo == {}
    asked = apply(found, steps(request))["spec"]["resources"]["requests"]["storage"]
    assert asked == then


def test_what_somebody_asks_for_meanwhile_is_left_alone():
    made = announce(CATALOG[EXPAND_VOLUME], scene(claim(), ROOMY, max="1Ti"))
    assert not isinstance(made, Refusal)
    with pytest.raises(PatchFailed):
        apply(claim("11Gi"), steps(made[0]))


def test_two_people_must_want_what_cannot_be_undone():
    assert ACTIONS[EXPAND_VOLUME].destructive
    assert CATALOG[EXPAND_VOLUME].rollback is None


def test_it_asks_for_its_class():
    reads = expand_volume.ROW.reads
    assert reads(command(), views.seen(DATA, claim())) == (Query(STORAGE_CLASS, name="roomy"),)
    classless = claim()
    classless["spec"]["storageClassName"] = ""
    assert reads(command(), views.seen(DATA, classless)) == ()


def condition(kind: str, status: str = "True") -> dict[str, Any]:
    return {"conditions": [{"type": kind, "status": status}]}


def test_a_condition_that_is_over_is_no_hindrance():
    found = claim(**condition("FileSystemResizePending", "False"))
    assert isinstance(expand_volume.plan(scene(found, ROOMY, max="1Ti")), Plan)


@pytest.mark.parametrize(
    ("found", "classes", "reason"),
    [
        (claim(), (TIGHT,), OutcomeReason.INVALID),
        (claim(), ((),), OutcomeReason.INVALID),
        (claim(), (), OutcomeReason.INVALID),
        (claim(there="x"), (ROOMY,), OutcomeReason.INVALID),
        (claim(there=""), (ROOMY,), OutcomeReason.INVALID),
        (claim(phase="Pending"), (ROOMY,), OutcomeReason.NOTHING_TO_DO),
        (claim(phase="Lost"), (ROOMY,), OutcomeReason.NOTHING_TO_DO),
        (claim("12Gi"), (ROOMY,), OutcomeReason.NOTHING_TO_DO),
        (claim(**condition("Resizing")), (ROOMY,), OutcomeReason.NOTHING_TO_DO),
        (claim(**condition("Resizing", "Unknown")), (ROOMY,), OutcomeReason.NOTHING_TO_DO),
        (claim(**condition("FileSystemResizePending")), (ROOMY,), OutcomeReason.NOTHING_TO_DO),
        (claim(**condition("ControllerResizeError")), (ROOMY,), OutcomeReason.NOTHING_TO_DO),
        (
            claim(allocatedResourceStatuses={"storage": "NodeResizePending"}),
            (ROOMY,),
            OutcomeReason.NOTHING_TO_DO,
        ),
        (claim(resizeStatus="NodeExpansionFailed"), (ROOMY,), OutcomeReason.NOTHING_TO_DO),
        (claim("2Ti", "2Ti"), (ROOMY,), OutcomeReason.NOTHING_TO_DO),
        (claim("1Ti", "1Ti"), (ROOMY,), OutcomeReason.NOTHING_TO_DO),
    ],
)
def test_refusals(found, classes, reason):
    refusal = expand_volume.plan(scene(found, *classes, max="1Ti"))
    assert isinstance(refusal, Refusal), refusal
    assert refusal.reason is reason


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"max": "1Ti", "by": "1Gi"},
        *({"max": text} for text in ("", "-1", "0", "1TB", "{{7*7}}", "$(id)", "9" * 99)),
        *({"max": "1Ti", "percent": t} for t in ("", "0", "-1", "101", str(10**9), "{{7*7}}")),
    ],
)
def test_bad_parameters(parameters):
    refusal = expand_volume.plan(scene(claim(), ROOMY, **parameters))
    assert isinstance(refusal, Refusal)
    assert refusal.reason is OutcomeReason.BAD_PARAMETERS
