"""What would keep a new pod template from reaching the pods. Nothing is changed then: it would come
into force some day, when nobody looks."""

from remediators.core.refusal import Refusal
from remediators.core.seen import Json
from remediators.core.workload import Workload
from schemas.kinds import STATEFUL_SET
from schemas.remediation import OutcomeReason

ON_DELETE = "OnDelete"
PARALLEL = "Parallel"


def held(workload: Workload) -> Refusal | None:
    spec = workload.body.get("spec") or {}
    strategy = spec.get("updateStrategy") or {}
    if workload.rollout_paused:
        return Refusal(OutcomeReason.PAUSED, "its rollouts are paused (spec.paused)")
    if strategy.get("type") == ON_DELETE:
        words = "its pods are replaced only when somebody removes them (OnDelete): evict them"
        return Refusal(OutcomeReason.NOTHING_TO_DO, words)
    if partition := (strategy.get("rollingUpdate") or {}).get("partition"):
        words = f"its pods below number {partition} are held back (partition)"
        return Refusal(OutcomeReason.PAUSED, words)
    return _waiting(workload, spec)


def _waiting(workload: Workload, spec: Json) -> Refusal | None:
    """A StatefulSet that minds the order replaces no pod while one is not ready, not even that one
    (kubernetes#67250)."""
    ready, wanted = workload.pods.ready, workload.replicas_wanted
    in_order = spec.get("podManagementPolicy") != PARALLEL
    if workload.target.kind != STATEFUL_SET or not in_order or ready >= wanted:
        return None
    words = f"it waits for its pods ({ready} of {wanted} are ready): remove those that are not"
    return Refusal(OutcomeReason.NOTHING_TO_DO, words)
