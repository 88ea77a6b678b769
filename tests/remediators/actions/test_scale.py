"""Scale: how many replicas, from which parameters, and what is refused."""

import pytest

from remediators.actions import scale
from remediators.actions.plan import Plan
from remediators.core.refusal import Refusal
from schemas.actions import SCALE
from schemas.remediation import CommandKind, OutcomeReason
from tests.remediators.builders import command, scene, workload


def planned(now: int, kind: CommandKind = CommandKind.ACT, **parameters: str):
    order = command(kind, action=SCALE, parameters=parameters)
    planner = scale.rollback if kind is CommandKind.ROLLBACK else scale.plan
    return planner(scene(order, workload(replicas_wanted=now)))


@pytest.mark.parametrize(
    ("now", "parameters", "then"),
    [
        (3, {"replicas": "5", "max": "10"}, 5),
        (3, {"replicas": "1", "max": "10"}, 1),
        (3, {"by": "2", "max": "10"}, 5),
        (3, {"by": "-2", "max": "10"}, 1),
        (3, {"by": "9", "max": "5"}, 5),
        (8, {"by": "-1", "max": "5"}, 5),
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
        (3, {"by": "-3", "max": "10"}, OutcomeReason.BELOW_MINIMUM),
        (3, {"replicas": "-5", "max": "10"}, OutcomeReason.BELOW_MINIMUM),
        (3, {"replicas": "11", "max": "10"}, OutcomeReason.BAD_PARAMETERS),
        (3, {"replicas": "5"}, OutcomeReason.BAD_PARAMETERS),
        (3, {"max": "5"}, OutcomeReason.BAD_PARAMETERS),
        (3, {"replicas": "5", "by": "1", "max": "9"}, OutcomeReason.BAD_PARAMETERS),
        (3, {"by": "0", "max": "9"}, OutcomeReason.BAD_PARAMETERS),
        (3, {"by": "1", "max": "9", "min": "1"}, OutcomeReason.BAD_PARAMETERS),
        *[
            (3, {"by": text, "max": "9"}, OutcomeReason.BAD_PARAMETERS)
            for text in ("", " 1", "1.0", "1e3", "0x1", "+1", "--1", "1_0", "٣", "9" * 10, "NaN")
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
