"""Rollout: has the last change reached every pod, and are they all available?

The same questions that `kubectl rollout status` asks.
"""

from remediators.core.workload import Workload
from schemas.remediation import Check

NAME = "rollout"
STALLED = "ProgressDeadlineExceeded"


def check(seen: Workload) -> Check:
    """Only what the controller has looked at counts: before that, nobody can tell."""
    if seen.observed_generation < seen.generation:
        return Check(NAME, None, f"the controller has not seen generation {seen.generation} yet")
    if stalled(seen):
        return Check(NAME, False, "the rollout does not progress any more")
    if unfinished := _unfinished(seen):
        return Check(NAME, False, unfinished)
    return Check(NAME, True, f"{seen.pods.available} of {seen.replicas_wanted} pods available")


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
