"""Evict a pod: as `delete_pod`, but only where its disruption budget lets it go."""

from remediators.actions.parameters import undeclared
from remediators.actions.plan import Removal, Right, Row, Scene
from remediators.core.pods import not_ours_to_take, over_budgeted
from remediators.core.query import Query
from remediators.core.refusal import Refusal
from remediators.core.request import EVICT
from remediators.core.seen import Seen
from schemas.actions import EVICT_POD
from schemas.kinds import BUDGET, POD
from schemas.remediation import Command, OutcomeReason


def plan(scene: Scene) -> Removal | Refusal:
    if refusal := undeclared(EVICT_POD, scene.command.parameters):
        return refusal
    if scene.seen.leaving:
        return Refusal(OutcomeReason.NOTHING_TO_DO, "it is leaving already")
    (budgets,) = scene.found
    pod = scene.seen.body
    if refusal := not_ours_to_take(pod) or over_budgeted(pod, budgets):
        return refusal
    return Removal(scene.seen.target, scene.seen.uid, EVICT)


def _budgets(command: Command, _seen: Seen) -> tuple[Query, ...]:
    return (Query(BUDGET, command.target.namespace),)


RIGHTS = (Right("create", POD, "eviction"), Right("list", BUDGET))
ROW = Row(EVICT_POD, plan, reads=_budgets, rights=RIGHTS, marks=False)
