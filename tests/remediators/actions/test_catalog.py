"""The catalogue keeps to the contract that policies are checked against."""

import pytest

from remediators.actions.catalog import CATALOG, announce, row_for
from remediators.actions.releases import Revision
from remediators.core.refusal import Refusal
from remediators.core.request import BODY_BYTES_MAX
from remediators.core.workload import REVISION
from remediators.probes.catalog import PROBES
from schemas import probes
from schemas.actions import ACTIONS, ESCALATE, ROLL_BACK, SCALE
from schemas.remediation import CommandKind, OutcomeReason, Target
from streams.policy.playbooks import KINDS
from tests.remediators.builders import command, scene, template, workload


def test_a_row_for_every_action_that_a_policy_may_name():
    assert set(CATALOG) == set(ACTIONS)
    assert ESCALATE not in CATALOG


def test_undoable_by_the_contract_and_by_the_catalogue():
    assert {n for n, row in CATALOG.items() if row.rollback} == {
        n for n, action in ACTIONS.items() if action.undoable
    }


def test_every_probe_and_kind_that_a_policy_may_name():
    assert set(PROBES) == set(probes.PROBES)
    assert set(KINDS) == {kind for action in ACTIONS.values() for kind in action.kinds}


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        (command(action="drop_tables"), OutcomeReason.UNKNOWN_ACTION),
        (command(action=ESCALATE), OutcomeReason.UNKNOWN_ACTION),
        (command(target=Target("eu-1", "shop", "Node", "n1")), OutcomeReason.INVALID),
        (command(CommandKind.ROLLBACK, action="restart"), OutcomeReason.INVALID),
    ],
)
def test_what_has_no_row(order, reason):
    row = row_for(order)
    assert isinstance(row, Refusal)
    assert row.reason is reason


def test_a_request_too_large_to_record_is_refused():
    big = template("x" * BODY_BYTES_MAX)
    seen = scene(
        command(action=ROLL_BACK),
        workload(annotations={REVISION: "2"}),
        (Revision(1, big), Revision(2, template("example/checkout:2"))),
    )
    refusal = announce(CATALOG[ROLL_BACK], seen)
    assert isinstance(refusal, Refusal)
    assert refusal.reason is OutcomeReason.INVALID


def test_a_rollback_is_planned_by_the_rows_rollback():
    undo = command(CommandKind.ROLLBACK, action=SCALE, parameters={"replicas": "2"}, undoes="c0")
    made = announce(CATALOG[SCALE], scene(undo, workload(replicas_wanted=5)))
    assert not isinstance(made, Refusal)
    request, plan = made
    assert '"value":2' in request.body
    assert plan.undo == {"replicas": "5"}
