"""Every action that the executor can carry out. A new one is a file of its own and a row here."""

from collections.abc import Mapping

from remediators.actions import (
    abort_canary,
    cordon,
    degrade,
    delete_pod,
    drain,
    evict_pod,
    expand_volume,
    pause_rollout,
    raise_max,
    raise_memory,
    replace_node,
    rerun_job,
    restart,
    revert_commit,
    roll_back,
    run_job,
    scale,
    set_flag,
    shift_traffic,
    switch_traffic,
)
from remediators.actions.plan import (
    AnyPlan,
    Creation,
    Plan,
    Removal,
    Row,
    Scene,
    Setting,
    StatusPlan,
)
from remediators.core.patch import patch, still_allowed
from remediators.core.refusal import Refusal
from remediators.core.request import BODY_BYTES_MAX, creation, removal, setting
from remediators.core.status import status_patch
from schemas.actions import ACTIONS
from schemas.remediation import Command, CommandKind, OutcomeReason, Request

ROWS = (
    restart.ROW,
    scale.ROW,
    degrade.ROW,
    roll_back.ROW,
    raise_max.ROW,
    raise_memory.ROW,
    expand_volume.ROW,
    pause_rollout.ROW,
    pause_rollout.RESUME_ROW,
    cordon.ROW,
    cordon.UNCORDON_ROW,
    set_flag.ROW,
    revert_commit.ROW,
    shift_traffic.ROW,
    abort_canary.ROW,
    switch_traffic.ROW,
    delete_pod.ROW,
    evict_pod.ROW,
    drain.ROW,
    replace_node.ROW,
    rerun_job.ROW,
    run_job.ROW,
)
CATALOG: Mapping[str, Row] = {row.name: row for row in ROWS}


def row_for(command: Command) -> Row | Refusal:
    row = CATALOG.get(command.action)
    if row is None:
        return Refusal(OutcomeReason.UNKNOWN_ACTION, f"no action is called {command.action[:50]}")
    if command.target.kind not in ACTIONS[row.name].kinds:
        return Refusal(OutcomeReason.INVALID, f"{row.name} cannot change a {command.target.kind}")
    if command.kind is CommandKind.ROLLBACK and row.rollback is None:
        return Refusal(OutcomeReason.INVALID, f"{row.name} cannot be undone")
    return row


def announce(row: Row, scene: Scene) -> tuple[Request, AnyPlan] | Refusal:
    """The exact request that an INTENT will hold, and the plan that it was made of."""
    undoing = scene.command.kind is CommandKind.ROLLBACK
    planner = row.rollback if undoing else row.plan
    assert planner is not None
    plan = planner(scene)
    if isinstance(plan, Refusal):
        return plan
    made = _request(scene, plan)
    if len(made.body) > BODY_BYTES_MAX:
        return Refusal(OutcomeReason.INVALID, f"its request has {len(made.body)} bytes: too many")
    return made, plan


def _request(scene: Scene, plan: AnyPlan) -> Request:
    match plan:
        case Plan(changes, _, tests):
            kept = scene.seen.generation_kept
            allowed = still_allowed(scene.seen)
            return patch(scene.command, changes, (*allowed, *tests), generation_kept=kept)
        case Removal(target, uid, verb, options):
            return removal(verb, target, uid, options)
        case Creation(target, body):
            return creation(scene.command, target, body)
        case Setting(target, value, was, match):
            return setting(target, value, was, match)
        case StatusPlan(changes, tests):
            return status_patch(scene.command, scene.seen, changes, tests)
