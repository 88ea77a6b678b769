"""Delete a pod: that very one, so that whoever keeps it makes another.

No disruption budget is asked by the API; `evict_pod` is for that.
"""

from remediators.actions.parameters import bad, undeclared
from remediators.actions.plan import Removal, Right, Row, Scene
from remediators.core.parameters import whole
from remediators.core.pods import not_ours_to_take, stateful
from remediators.core.refusal import Refusal
from schemas.actions import DELETE_POD
from schemas.kinds import POD
from schemas.remediation import OutcomeReason

GRACE_S_MAX = 3_600


def plan(scene: Scene) -> Removal | Refusal:
    given = scene.command.parameters
    if refusal := undeclared(DELETE_POD, given):
        return refusal
    grace_s = whole(given["grace"]) if "grace" in given else None
    if grace_s is not None and not 0 <= grace_s <= GRACE_S_MAX:
        return bad(f"grace is not a number of seconds from 0 to {GRACE_S_MAX}")
    if scene.seen.leaving:
        return Refusal(OutcomeReason.NOTHING_TO_DO, "it is leaving already")
    pod = scene.seen.body
    if refusal := not_ours_to_take(pod):
        return refusal
    if grace_s == 0 and stateful(pod):
        return bad("a StatefulSet's pod is never deleted with grace 0: there could be two of it")
    options = {} if grace_s is None else {"gracePeriodSeconds": grace_s}
    return Removal(scene.seen.target, scene.seen.uid, options=options)


ROW = Row(DELETE_POD, plan, rights=(Right("delete", POD),), marks=False)
