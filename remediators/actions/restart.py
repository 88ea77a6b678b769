"""Restart: replace every pod, as fast as the rollout strategy allows.

It changes one annotation of the pod template, as `kubectl rollout restart` does; the value comes
from the command, so the same command always asks for the same template.
"""

from datetime import UTC, datetime

from remediators.actions.held import held
from remediators.actions.parameters import undeclared
from remediators.actions.plan import Plan, Row, Scene
from remediators.core.patch import Operation, add
from remediators.core.refusal import Refusal
from schemas.actions import RESTART
from schemas.remediation import OutcomeReason

RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"
_ANNOTATIONS = ("spec", "template", "metadata", "annotations")


def plan(scene: Scene) -> Plan | Refusal:
    if refusal := undeclared(RESTART, scene.command.parameters):
        return refusal
    if scene.workload.replicas_wanted == 0:
        return Refusal(OutcomeReason.NOTHING_TO_DO, "it wants no pods")
    if refusal := held(scene.workload):
        return refusal
    return Plan((_touch(scene),))


def _touch(scene: Scene) -> Operation:
    restarted_at = _text(scene.command.issued_at_ms)
    if scene.workload.template.get("metadata", {}).get("annotations"):
        return add(restarted_at, *_ANNOTATIONS, RESTARTED_AT)
    return add({RESTARTED_AT: restarted_at}, *_ANNOTATIONS)


def _text(at_ms: int) -> str:
    when = datetime.fromtimestamp(at_ms / 1000, UTC)
    return when.isoformat(timespec="milliseconds").replace("+00:00", "Z")


ROW = Row(RESTART, plan)
