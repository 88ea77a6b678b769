"""Degrade: one variable of the first container, set and set back, and what is refused."""

from typing import Any

import pytest

from deploy.sandbox.cluster.api.json_patch import apply
from remediators.actions import degrade
from remediators.actions.degrade import PREVIOUS_CHARS_MAX
from remediators.actions.plan import Plan
from remediators.core.refusal import Refusal
from remediators.core.workload import Workload
from schemas.actions import DEGRADE
from schemas.remediation import CommandKind, OutcomeReason
from tests.remediators.builders import command, scene, template, workload

NAME = "DEGRADED_MODE"
OTHER = {"name": "LOG_LEVEL", "value": "info"}
OURS = {"variable": NAME, "value": "true"}


def entry(value: str, name: str = NAME) -> dict[str, Any]:
    return {"name": name, "value": value}


def of(env: Any, **more: Any) -> Workload:
    """With these variables in its first container, and a second one beside it."""
    pods = template("example/checkout:2")
    if env is not None:
        pods["spec"]["containers"][0]["env"] = env
    pods["spec"]["containers"].append({"name": "proxy", "env": [entry("false")]})
    return workload(template=pods, **more)


def planned(env: Any, **parameters: str) -> Plan | Refusal:
    return degrade.plan(scene(command(action=DEGRADE, parameters=parameters), of(env)))


def undone(env: Any, parameters: dict[str, str], **more: Any) -> Plan | Refusal:
    order = command(CommandKind.ROLLBACK, action=DEGRADE, parameters=parameters, undoes="c0")
    return degrade.rollback(scene(order, of(env), **more))


def env_after(plan: Plan | Refusal, env: Any) -> Any:
    assert isinstance(plan, Plan), plan
    document = {"spec": {"template": of(env).template}}
    containers = apply(document, list(plan.changes))["spec"]["template"]["spec"]["containers"]
    assert containers[1]["env"] == [entry("false")]
    return containers[0].get("env")


@pytest.mark.parametrize(
    ("before", "after", "undo"),
    [
        pytest.param(None, [entry("true")], OURS, id="no variables"),
        pytest.param([OTHER], [OTHER, entry("true")], OURS, id="not there"),
        pytest.param(
            [entry("false"), OTHER],
            [entry("true"), OTHER],
            OURS | {"previous": "false"},
            id="another value",
        ),
        pytest.param(
            [OTHER, entry("", NAME)],
            [OTHER, entry("true")],
            OURS | {"previous": ""},
            id="an empty value",
        ),
        pytest.param(
            [entry("$(A)\n", NAME)],
            [entry("true")],
            OURS | {"previous": "$(A)\n"},
            id="a value that no policy could write",
        ),
    ],
)
def test_set_and_set_back(before, after, undo):
    plan = planned(before)
    assert env_after(plan, before) == after
    assert isinstance(plan, Plan)
    assert plan.undo == undo
    assert env_after(undone(after, dict(plan.undo)), after) == before


def test_an_empty_value_may_be_left_out():
    plan = planned([{"name": NAME}])
    assert isinstance(plan, Plan)
    assert plan.undo["previous"] == ""
    assert env_after(plan, [{"name": NAME}]) == [entry("true")]


@pytest.mark.parametrize("env", [[], None])
def test_no_variables_and_none_at_all_are_the_same(env):
    assert env_after(planned(env), env) == [entry("true")]


def test_the_value_is_the_commands():
    plan = planned([entry("off")], value="cache only")
    assert env_after(plan, [entry("off")]) == [entry("cache only")]
    assert isinstance(plan, Plan)
    assert plan.undo == {"variable": NAME, "value": "cache only", "previous": "off"}


def test_the_variable_is_the_executors():
    order = command(action=DEGRADE)
    plan = degrade.plan(scene(order, of([entry("false")]), degraded_param="READ_ONLY"))
    assert env_after(plan, [entry("false")]) == [entry("false"), entry("true", "READ_ONLY")]


@pytest.mark.parametrize(
    ("env", "parameters", "reason"),
    [
        ([entry("true")], {}, OutcomeReason.NOTHING_TO_DO),
        ([entry("on")], {"value": "on"}, OutcomeReason.NOTHING_TO_DO),
        ([{"name": NAME, "valueFrom": {"fieldRef": {}}}], {}, OutcomeReason.INVALID),
        ([entry("false"), entry("false")], {}, OutcomeReason.INVALID),
        ([entry("x" * (PREVIOUS_CHARS_MAX + 1))], {}, OutcomeReason.INVALID),
        ([], {"variable": "PATH"}, OutcomeReason.BAD_PARAMETERS),
        ([], {"value": "x", "name": "PATH"}, OutcomeReason.BAD_PARAMETERS),
        *[
            ([], {"value": text}, OutcomeReason.BAD_PARAMETERS)
            for text in ("", " ", " x", "x ", "a\nb", "x\n", "\0", "é", "x" * 129)
        ],
    ],
)
def test_refusals(env, parameters, reason):
    refusal = planned(env, **parameters)
    assert isinstance(refusal, Refusal), refusal
    assert refusal.reason is reason


@pytest.mark.parametrize("length", [1, 2, 128])
def test_as_long_as_it_may_be(length):
    assert isinstance(planned([], value="x" * length), Plan)


def test_what_is_replaced_is_as_long_as_it_may_be():
    before = [entry("x" * PREVIOUS_CHARS_MAX)]
    plan = planned(before)
    assert isinstance(plan, Plan)
    assert env_after(undone([entry("true")], dict(plan.undo)), [entry("true")]) == before


def test_paused_rollouts():
    order = command(action=DEGRADE)
    refusal = degrade.plan(scene(order, of([], rollout_paused=True)))
    assert isinstance(refusal, Refusal)
    assert refusal.reason is OutcomeReason.PAUSED


@pytest.mark.parametrize(
    "env",
    [
        pytest.param([entry("false")], id="another value"),
        pytest.param([OTHER], id="gone"),
        pytest.param(None, id="all gone"),
    ],
)
def test_what_is_no_longer_ours_is_left_alone(env):
    refusal = undone(env, OURS | {"previous": "off"})
    assert isinstance(refusal, Refusal)
    assert refusal.reason is OutcomeReason.STALE


def test_what_has_become_a_reference_is_left_alone():
    refusal = undone([{"name": NAME, "valueFrom": {"fieldRef": {}}}], OURS)
    assert isinstance(refusal, Refusal)
    assert refusal.reason is OutcomeReason.INVALID


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"value": "true"},
        {"variable": NAME},
        {"variable": NAME, "previous": "false"},
        {"variable": "PATH", "value": "true"},
        OURS | {"previous": "true"},
        OURS | {"previous": "x" * (PREVIOUS_CHARS_MAX + 1)},
        OURS | {"more": "x"},
    ],
)
def test_undoing_needs_its_own_parameters(parameters):
    refusal = undone([entry("true")], parameters)
    assert isinstance(refusal, Refusal)
    assert refusal.reason is OutcomeReason.BAD_PARAMETERS


def test_an_executor_that_was_set_to_another_variable_undoes_nothing():
    refusal = undone([entry("true")], OURS, degraded_param="READ_ONLY")
    assert isinstance(refusal, Refusal)
    assert refusal.reason is OutcomeReason.BAD_PARAMETERS


@pytest.mark.parametrize(
    ("env", "kept"),
    [(None, None), ([entry("true")], None), ([OTHER, entry("true")], [OTHER])],
)
def test_a_template_without_the_variable(env, kept):
    pods = of(env).template
    assert degrade.without(pods, NAME) == of(kept).template
    assert pods == of(env).template
