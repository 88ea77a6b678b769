"""Which pod of a node goes next: the same one, whoever asks, as long as nothing has changed.

First those that their budget lets go, and of these what is not of a StatefulSet. Of StatefulSets
one pod at a time goes, and only while all that its set lacks is on this very node.
"""

from collections.abc import Sequence

from remediators.core.pods import budgets_over, keeper_name, leaving, ready, stateful, titled
from remediators.core.seen import Json


def next_of(
    left: Sequence[Json], budgets: Sequence[Json], sets: Sequence[Json], *, node_ready: bool
) -> Json | None:
    """None where all are leaving, or have to wait. On a node that is not ready none is waited for:
    nobody there can tell that it has ended."""
    one_leaves = node_ready and any(stateful(pod) and leaving(pod) for pod in left)
    fit = [
        pod
        for pod in left
        if not leaving(pod)
        and (not stateful(pod) or (not one_leaves and _whole_elsewhere(pod, left, sets)))
    ]
    return min(
        fit,
        key=lambda pod: (_held_back(pod, budgets), stateful(pod), titled(pod)),
        default=None,
    )


def _held_back(pod: Json, budgets: Sequence[Json]) -> bool:
    """As its budget has counted last; the API has the last word."""
    over = budgets_over(pod, budgets)
    return any((budget.get("status") or {}).get("disruptionsAllowed", 0) < 1 for budget in over)


def _whole_elsewhere(pod: Json, left: Sequence[Json], sets: Sequence[Json]) -> bool:
    """What its set lacks are pods of this node; so a set with a pod on a node that is gone is not
    kept waiting for that very pod."""
    its_set = next((found for found in sets if _keeps(found, pod)), None)
    if its_set is None:
        return False
    wanted = its_set["spec"].get("replicas", 1)
    has = (its_set.get("status") or {}).get("readyReplicas", 0)
    lost_here = sum(_keeps(its_set, other) and not ready(other) for other in left)
    return bool(wanted - has <= lost_here)


def _keeps(found: Json, pod: Json) -> bool:
    meta = found["metadata"]
    same = meta.get("namespace") == pod["metadata"].get("namespace")
    return same and stateful(pod) and keeper_name(pod) == meta["name"]
