"""A flag: only those that are registered, only their values, set and set back."""

from typing import Any

import pytest

from deploy.sandbox.cluster.api.json_patch import PatchFailed, apply
from remediators.actions import set_flag
from remediators.actions.catalog import CATALOG, announce
from remediators.actions.plan import Kit, Plan, Scene, Setting
from remediators.adapters.kubernetes import views
from remediators.core.flag import ConfigMapKey, Flag
from remediators.core.refusal import Refusal
from remediators.core.request import SET, set_match, set_value, was_value
from remediators.core.seen import ENABLED, Seen
from schemas.actions import SET_FLAG
from schemas.kinds import CONFIG_MAP, FLAG
from schemas.remediation import CommandKind, OutcomeReason, Target
from tests.remediators.builders import command, steps

MAP = Target("eu-1", "shop", CONFIG_MAP, "checkout")
OUTSIDE = Target("eu-1", "", FLAG, "search")
VALUES = frozenset({"on", "off"})
KIT = Kit(
    flags={
        "payments": Flag("payments", VALUES, "", ConfigMapKey("shop", "checkout", "payments")),
        "search": Flag("search", VALUES, "eu-1"),
        "elsewhere": Flag("elsewhere", VALUES, "", ConfigMapKey("shop", "other", "x")),
        "abroad": Flag("abroad", VALUES, "us-1", ConfigMapKey("shop", "checkout", "payments")),
    }
)


def config_map(**data: str) -> dict[str, Any]:
    return {"metadata": {"uid": "uid-1", "annotations": {ENABLED: "true"}}, "data": data}


def scene(found: dict[str, Any], parameters: dict[str, str], **more: Any) -> Scene:
    order = command(action=SET_FLAG, target=MAP, parameters=parameters, **more)
    return Scene(order, views.seen(MAP, found), kit=KIT)


def undoing(found: dict[str, Any], **parameters: str) -> Scene:
    return scene(found, parameters, kind=CommandKind.ROLLBACK, undoes="c0")


def outside(value: str, parameters: dict[str, str], **more: Any) -> Scene:
    seen = Seen(
        target=OUTSIDE,
        uid="http:x",
        generation=4,
        resource_version="",
        annotations={ENABLED: "true"},
        body={"value": value, "match": '"7"'},
    )
    return Scene(
        command(action=SET_FLAG, target=OUTSIDE, parameters=parameters, **more), seen, (), KIT
    )


def test_set_and_set_back():
    before = config_map(payments="on", other="x")
    made = announce(CATALOG[SET_FLAG], scene(before, {"flag": "payments", "value": "off"}))
    assert not isinstance(made, Refusal)
    request, plan = made
    after = apply(before, steps(request))
    assert after["data"] == {"payments": "off", "other": "x"}
    undo = set_flag.rollback(undoing(after, **plan.undo))
    assert isinstance(undo, Plan)
    assert apply(after, [*undo.tests, *undo.changes])["data"] == before["data"]


def test_what_somebody_sets_meanwhile_is_left_alone():
    made = announce(
        CATALOG[SET_FLAG], scene(config_map(payments="on"), {"flag": "payments", "value": "off"})
    )
    assert not isinstance(made, Refusal)
    with pytest.raises(PatchFailed):
        apply(config_map(payments="half"), steps(made[0]))


def test_a_flag_that_is_kept_elsewhere_is_its_own_target():
    made = announce(CATALOG[SET_FLAG], outside("on", {"flag": "search", "value": "off"}))
    assert not isinstance(made, Refusal)
    request, plan = made
    assert (request.verb, request.target) == (SET, OUTSIDE)
    assert (set_value(request), was_value(request), set_match(request)) == ("off", "on", '"7"')
    undo = {"kind": CommandKind.ROLLBACK, "undoes": "c0"}
    back = set_flag.rollback(outside("off", dict(plan.undo), **undo))
    assert isinstance(back, Setting)
    assert (back.value, back.was) == ("on", "off")
    touched = set_flag.rollback(outside("on", dict(plan.undo), **undo))
    assert isinstance(touched, Refusal)
    assert touched.reason is OutcomeReason.STALE


@pytest.mark.parametrize("value", ["", "-1", str(10**9), "{{7*7}}", "$(id)", "ON", " on", "on\n"])
def test_no_value_that_nobody_has_registered(value: str):
    planned = set_flag.plan(scene(config_map(payments="on"), {"flag": "payments", "value": value}))
    assert isinstance(planned, Refusal)
    assert planned.reason is OutcomeReason.BAD_PARAMETERS


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"flag": "payments"},
        {"value": "off"},
        {"flag": "nobody", "value": "off"},
        {"flag": "search", "value": "off"},
        {"flag": "elsewhere", "value": "off"},
        {"flag": "abroad", "value": "off"},
        {"flag": "payments", "value": "off", "key": "other"},
    ],
)
def test_no_flag_but_one_that_is_registered_there(parameters: dict[str, str]):
    planned = set_flag.plan(scene(config_map(payments="on"), parameters))
    assert isinstance(planned, Refusal)
    assert planned.reason is OutcomeReason.BAD_PARAMETERS


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (config_map(payments="off"), OutcomeReason.NOTHING_TO_DO),
        (config_map(payments="half"), OutcomeReason.INVALID),
        (config_map(), OutcomeReason.INVALID),
        ({**config_map(payments="on"), "immutable": True}, OutcomeReason.INVALID),
    ],
)
def test_what_it_finds_there_may_forbid_it(found: dict[str, Any], reason: OutcomeReason):
    planned = set_flag.plan(scene(found, {"flag": "payments", "value": "off"}))
    assert isinstance(planned, Refusal)
    assert planned.reason is reason


@pytest.mark.parametrize(
    ("undo", "reason"),
    [
        ({"flag": "payments", "value": "off"}, OutcomeReason.BAD_PARAMETERS),
        ({"flag": "payments", "value": "off", "previous": "$(id)"}, OutcomeReason.BAD_PARAMETERS),
        ({"flag": "payments", "value": "on", "previous": "off"}, OutcomeReason.STALE),
    ],
)
def test_undoing_writes_no_other_value(undo: dict[str, str], reason: OutcomeReason):
    planned = set_flag.rollback(undoing(config_map(payments="off"), **undo))
    assert isinstance(planned, Refusal)
    assert planned.reason is reason
