"""Stable: does an Argo Rollout send all traffic to its stable release, and has that all its pods?

So it is when a canary is aborted, and when none is in progress. That the flag is set is not enough:
its controller must have acted on it.
"""

from collections.abc import Mapping

from remediators.core.query import Query
from remediators.core.reply import Answer, Reply
from remediators.core.rollouts import POD_HASH, Release
from remediators.core.seen import Json, Seen
from remediators.probes.sight import Sight, Verdict, untold
from schemas.kinds import REPLICA_SET, ROLLOUT


async def probe(_: Mapping[str, str], sight: Sight) -> Verdict:
    if sight.target.kind != ROLLOUT:
        return untold(f"a {sight.target.kind} has no stable release")
    seen = await sight.look()
    if isinstance(seen, Reply):
        gone = seen.answer is Answer.NOT_FOUND
        return Verdict(False, "the target is gone") if gone else untold(seen.detail)
    release = Release(seen.body)
    if verdict := _not_back(release):
        return verdict
    labelled = f"{POD_HASH}={release.stable}"
    sets = await sight.find(Query(REPLICA_SET, sight.target.namespace, labels=labelled))
    return untold(sets.detail) if isinstance(sets, Reply) else _whole(seen, release, sets)


def _not_back(release: Release) -> Verdict | None:
    if not release.observed:
        return untold(f"its controller has not seen generation {release.generation} yet")
    if not release.stable:
        return Verdict(False, "no release of it has been stable yet")
    if not release.under_way:
        return None
    if not release.aborted:
        return Verdict(False, "a canary is in progress")
    if not release.status.get("abortedAt"):
        return untold("its controller has not acted on the abort yet")
    return _still_served(release)


def _still_served(release: Release) -> Verdict | None:
    """Where no proxy shares out the traffic, pods do."""
    weights = (release.status.get("canary") or {}).get("weights")
    if weights is not None:
        weight = (weights.get("canary") or {}).get("weight", 0)
        return Verdict(False, f"the canary's weight is still {weight}") if weight else None
    pods = release.status.get("updatedReplicas", 0)
    return Verdict(False, f"{pods} pods of the canary are still there") if pods else None


def _whole(seen: Seen, release: Release, sets: tuple[Json, ...]) -> Verdict:
    wanted = release.spec.get("replicas", 1)
    own = [each for each in sets if _owned_by(seen.uid, each)]
    available = sum((each.get("status") or {}).get("availableReplicas", 0) for each in own)
    return Verdict(available >= wanted, f"{available} of {wanted} stable pods available")


def _owned_by(uid: str, found: Json) -> bool:
    return any(o["uid"] == uid for o in found["metadata"].get("ownerReferences") or ())
