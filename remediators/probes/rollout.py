"""Rollout: has the last change reached every pod, and are they all available?

The same questions that `kubectl rollout status` asks.
"""

from collections.abc import Mapping

from remediators.core.reply import Answer, Reply
from remediators.core.workload import Workload
from remediators.probes.sight import Sight, Verdict, untold

STALLED = "ProgressDeadlineExceeded"


async def probe(_: Mapping[str, str], sight: Sight) -> Verdict:
    seen = await sight.look()
    if isinstance(seen, Workload):
        return judged(seen)
    if isinstance(seen, Reply):
        return _not_seen(seen)
    return untold(f"a {seen.target.kind} is not rolled out")


def _not_seen(reply: Reply) -> Verdict:
    if reply.answer is Answer.NOT_FOUND:
        return Verdict(False, "the target is gone")
    return untold(reply.detail)


def judged(seen: Workload) -> Verdict:
    """Only what the controller has looked at counts: before that, nobody can tell."""
    if seen.observed_generation < seen.generation:
        return untold(f"the controller has not seen generation {seen.generation} yet")
    if stalled(seen):
        return Verdict(False, "the rollout does not progress any more")
    if unfinished := _unfinished(seen):
        return Verdict(False, unfinished)
    return Verdict(True, f"{seen.pods.available} of {seen.replicas_wanted} pods available")


def stalled(seen: Workload) -> bool:
    return any(c.type == "Progressing" and c.reason == STALLED for c in seen.conditions)


def _unfinished(seen: Workload) -> str:
    pods, wanted = seen.pods, seen.replicas_wanted
    if pods.updated < wanted:
        return f"{pods.updated} of {wanted} pods updated"
    if pods.total > pods.updated:
        return f"{pods.total - pods.updated} old pods are still there"
    if pods.available < wanted or pods.unavailable:
        return f"{pods.available} of {wanted} pods available"
    return ""
