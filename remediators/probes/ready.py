"""Ready: does the node, or the pod, say that it is ready?"""

from collections.abc import Mapping

from remediators.core.pods import ready
from remediators.core.reply import Answer, Reply
from remediators.probes.sight import Sight, Verdict, untold
from schemas.kinds import NODE, POD


async def probe(_: Mapping[str, str], sight: Sight) -> Verdict:
    if sight.target.kind not in (NODE, POD):
        return untold(f"a {sight.target.kind} does not say whether it is ready")
    seen = await sight.look()
    if isinstance(seen, Reply):
        gone = seen.answer is Answer.NOT_FOUND
        return Verdict(False, "the target is gone") if gone else untold(seen.detail)
    return Verdict(True, "it is ready") if ready(seen.body) else Verdict(False, "it is not ready")
