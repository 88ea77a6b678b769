"""May pods of this workload be taken away right now? A floor of the executor's own, asked on what
it has just read: a policy's limits are the core's, and were asked some time ago."""

from dataclasses import dataclass

from remediators.core.pods import keeper, ready
from remediators.core.refusal import Refusal
from remediators.core.seen import Seen
from remediators.core.workload import Surroundings, Workload
from schemas.actions import ACTIONS, EVICT_POD, REVERT_COMMIT, ROLL_BACK
from schemas.kinds import POD, REPLICA_SET, WORKLOADS
from schemas.remediation import OutcomeReason

COUNTED = WORKLOADS | {REPLICA_SET}


@dataclass(frozen=True, slots=True)
class Floor:
    min_healthy_percent: int = 50
    """Of the pods that a workload wants; of those that it has, one is left in any case."""

    def least(self, wanted: int) -> int:
        return max(1, -(-wanted * self.min_healthy_percent // 100))


DEFAULT = Floor()


def takes_ready_pods(action: str, seen: Seen) -> bool:
    """Whether any may go by it that is not gone already, so that more must be known than the target
    itself tells."""
    if not ACTIONS[action].disruptive:
        return False
    if isinstance(seen, Workload):
        # A way out of a broken release takes the broken pods first.
        broken = seen.pods.ready < seen.replicas_wanted
        way_out = action in (ROLL_BACK, REVERT_COMMIT) and broken
        return seen.replicas_wanted > 0 and seen.unavailable_max > 0 and not way_out
    return seen.target.kind == POD and ready(seen.body)


def too_few(
    action: str, seen: Seen, around: Surroundings, floor: Floor, others: int = 0
) -> Refusal | None:
    """`others` of its pods are being taken at this moment, and may be counted as ready yet."""
    if not takes_ready_pods(action, seen):
        return None
    if isinstance(seen, Workload):
        taken = seen.unavailable_max
        few = _left(seen.pods.ready, taken, seen.replicas_wanted, floor)
        return few or _within_budget(around, taken)
    return _of_a_pod(action, seen, around, floor, others)


def _of_a_pod(
    action: str, seen: Seen, around: Surroundings, floor: Floor, others: int
) -> Refusal | None:
    kept_by = around.keeper
    if kept_by is None:
        unread = keeper(seen.body) in COUNTED
        return _refused("what keeps it cannot be read") if unread else None
    # Of an eviction the API itself asks its budget, and has us wait.
    asked = None if action == EVICT_POD else _within_budget(around, 1 + others)
    return _left(kept_by.pods.ready, 1 + others, kept_by.replicas_wanted, floor) or asked


def _left(healthy: int, taken: int, wanted: int, floor: Floor) -> Refusal | None:
    left, least = healthy - taken, floor.least(wanted)
    if left >= least:
        return None
    return _refused(f"{max(0, left)} of {wanted} ready pods would be left, {least} needed")


def _within_budget(around: Surroundings, taken: int) -> Refusal | None:
    allowed = around.pdb_allowed
    if allowed is None or allowed >= taken:
        return None
    return _refused(f"its disruption budget lets {allowed} go now, and it would take {taken}")


def _refused(why: str) -> Refusal:
    return Refusal(OutcomeReason.TOO_FEW_HEALTHY, why)
