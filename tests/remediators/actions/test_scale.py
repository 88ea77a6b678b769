"""Scale: how many replicas, from which parameters, and what is refused."""

import pytest

from remediators.actions import scale
from remediators.actions.plan import Plan, Scene
from remediators.core.query import Query
from remediators.core.refusal import Refusal
from remediators.core.seen import Json
from schemas.actions import SCALE
from schemas.kinds import AUTOSCALER
from schemas.remediation import CommandKind, OutcomeReason
from tests.remediators.builders import command, workload


def planned(now: int, kind: CommandKind = CommandKind.ACT, autoscalers=(), **parameters: str):
    order = command(kind, action=SCALE, parameters=parameters)
    planner = scale.rollback if kind is CommandKind.ROLLBACK else scale.plan
    return planner(Scene(order, workload(replicas_wanted=now), (autoscalers,)))


def autoscaler(name: str) -> Json:
    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}
    return {"metadata": {"name": "a"}, "spec": {"scaleTargetRef": reference}}


@pytest.mark.parametrize(
    ("now", "parameters", "then"),
    [
        (3, {"replicas": "5", "max": "10"}, 5),
        (3, {"replicas": "1", "max": "10"}, 1),
        (3, {"by": "2", "max": "10"}, 5),
        (3, {"by": "-2", "max": "10"}, 1),
        (3, {"by": "9", "max": "5"}, 5),
        (8, {"by": "-1", "max": "5"}, 7),
        (3, {"by": "-3", "max": "10"}, 1),
        (5, {"by": "-4", "max": "10", "min": "3"}, 3),
        (4, {"percent": "25", "max": "10"}, 5),
        (5, {"percent": "25", "max": "10"}, 7),
        (1, {"percent": "1", "max": "10"}, 2),
        (5, {"percent": "-25", "max": "10"}, 3),
        (2, {"percent": "-100", "max": "10"}, 1),
        (8, {"percent": "-50", "max": "10", "min": "6"}, 6),
        (8, {"percent": "999999999", "max": "10"}, 10),
        (0, {"by": "2", "max": "10"}, 2),
    ],
)
def test_the_number_wanted(now, parameters, then):
    plan = planned(now, **parameters)
    assert isinstance(plan, Plan)
    assert plan.changes == ({"op": "add", "path": "/spec/replicas", "value": then},)
    assert plan.undo == {"replicas": str(now)}


@pytest.mark.parametrize(
    ("now", "parameters", "reason"),
    [
        (3, {"replicas": "3", "max": "10"}, OutcomeReason.NOTHING_TO_DO),
        (5, {"by": "1", "max": "5"}, OutcomeReason.NOTHING_TO_DO),
        (8, {"by": "1", "max": "5"}, OutcomeReason.NOTHING_TO_DO),
        (3, {"replicas": "0", "max": "10"}, OutcomeReason.BELOW_MINIMUM),
        (3, {"replicas": "2", "max": "10", "min": "3"}, OutcomeReason.BELOW_MINIMUM),
        (3, {"replicas": "-5", "max": "10"}, OutcomeReason.BELOW_MINIMUM),
        (3, {"replicas": "11", "max": "10"}, OutcomeReason.BAD_PARAMETERS),
        (3, {"replicas": "5"}, OutcomeReason.BAD_PARAMETERS),
        (3, {"max": "5"}, OutcomeReason.BAD_PARAMETERS),
        (3, {"replicas": "5", "by": "1", "max": "9"}, OutcomeReason.BAD_PARAMETERS),
        (3, {"by": "0", "max": "9"}, OutcomeReason.BAD_PARAMETERS),
        (3, {"by": "1", "percent": "1", "max": "9"}, OutcomeReason.BAD_PARAMETERS),
        (3, {"percent": "0", "max": "9"}, OutcomeReason.BAD_PARAMETERS),
        (3, {"by": "1", "max": "9", "min": "0"}, OutcomeReason.BAD_PARAMETERS),
        (3, {"by": "1", "max": "9", "min": "10"}, OutcomeReason.BAD_PARAMETERS),
        (3, {"by": "1", "max": "-1"}, OutcomeReason.BAD_PARAMETERS),
        (0, {"percent": "50", "max": "9"}, OutcomeReason.NOTHING_TO_DO),
        (0, {"by": "-1", "max": "9"}, OutcomeReason.NOTHING_TO_DO),
        (1, {"percent": "-50", "max": "9"}, OutcomeReason.NOTHING_TO_DO),
        (2, {"by": "-1", "max": "9", "min": "2"}, OutcomeReason.NOTHING_TO_DO),
        (1, {"by": "-1", "max": "9", "min": "2"}, OutcomeReason.NOTHING_TO_DO),
        *[
            (3, {"by": text, "max": "9"}, OutcomeReason.BAD_PARAMETERS)
            for text in (
                "",
                " 1",
                "1.0",
                "1e3",
                "0x1",
                "+1",
                "--1",
                "1_0",
                "٣",
                "9" * 10,
                "NaN",
                "{{7*7}}",
                "$(id)",
            )
        ],
    ],
)
def test_refusals(now, parameters, reason):
    refusal = planned(now, **parameters)
    assert isinstance(refusal, Refusal), refusal
    assert refusal.reason is reason


def test_undoing_restores_the_number_there_was():
    done = planned(3, by="2", max="10")
    assert isinstance(done, Plan)
    undone = planned(5, CommandKind.ROLLBACK, **done.undo)
    assert isinstance(undone, Plan)
    assert undone.changes[0]["value"] == 3


@pytest.mark.parametrize("parameters", [{}, {"replicas": "x"}, {"replicas": "3", "max": "5"}])
def test_undoing_needs_its_own_parameters(parameters):
    refusal = planned(5, CommandKind.ROLLBACK, **parameters)
    assert isinstance(refusal, Refusal)
    assert refusal.reason is OutcomeReason.BAD_PARAMETERS


@pytest.mark.parametrize("kind", [CommandKind.ACT, CommandKind.ROLLBACK])
def test_what_an_autoscaler_scales_is_left_to_it(kind):
    given = {"replicas": "5"} if kind is CommandKind.ROLLBACK else {"by": "1", "max": "9"}
    refusal = planned(3, kind, (autoscaler("checkout"),), **given)
    assert isinstance(refusal, Refusal)
    assert refusal.reason is OutcomeReason.OWNED_ELSEWHERE
    assert isinstance(planned(3, kind, (autoscaler("cart"),), **given), Plan)


def test_it_asks_for_the_autoscalers_beside_its_target():
    assert scale.ROW.reads(command(), workload()) == (Query(AUTOSCALER, "shop"),)
