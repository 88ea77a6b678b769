"""Gone: is the very object no longer there that the action was bound to? Another of its name may
be."""

from collections.abc import Mapping

from remediators.core.reply import Answer, Reply
from remediators.probes.sight import Sight, Verdict, untold


async def probe(_: Mapping[str, str], sight: Sight) -> Verdict:
    if not sight.uid:
        return untold("which one it was is not known")
    seen = await sight.look()
    if isinstance(seen, Reply):
        gone = seen.answer is Answer.NOT_FOUND
        return Verdict(True, "it is gone") if gone else untold(seen.detail)
    if seen.uid != sight.uid:
        return Verdict(True, "another of its name has taken its place")
    return Verdict(False, "it is on its way out" if seen.leaving else "it is still there")
