"""Drained: is the node cordoned, and has every pod left that a drain takes away?"""

from collections.abc import Mapping

from remediators.core.pods import leaving, left_on, titled
from remediators.core.query import Query
from remediators.core.reply import Answer, Reply
from remediators.probes.sight import Sight, Verdict, untold
from schemas.kinds import NODE, POD

TOLD_MAX = 3


async def probe(_: Mapping[str, str], sight: Sight) -> Verdict:
    if sight.target.kind != NODE:
        return untold(f"a {sight.target.kind} is not drained")
    node = await sight.look()
    if isinstance(node, Reply):
        gone = node.answer is Answer.NOT_FOUND
        return Verdict(True, "the node is gone") if gone else untold(node.detail)
    if not node.body["spec"].get("unschedulable"):
        return Verdict(False, "it is not cordoned")
    pods = await sight.find(Query(POD, fields=f"spec.nodeName={sight.target.name}"))
    if isinstance(pods, Reply):
        return untold(pods.detail)
    still = left_on(node.body, pods)
    left = sorted(f"{titled(p)}{' (leaving)' * leaving(p)}" for p in still)
    if not left:
        return Verdict(True, "no pod is left that a drain takes away")
    return Verdict(False, f"{len(left)} pods are left: {', '.join(left[:TOLD_MAX])}")
