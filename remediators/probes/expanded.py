"""Expanded: has a claim the capacity that it asks for, with no resize under way or failed?"""

from collections.abc import Mapping

from remediators.core.claims import asked_for, bound, capacity, resizing
from remediators.core.reply import Answer, Reply
from remediators.core.seen import Json
from remediators.probes.sight import Sight, Verdict, untold
from schemas.kinds import VOLUME_CLAIM


async def probe(_: Mapping[str, str], sight: Sight) -> Verdict:
    if sight.target.kind != VOLUME_CLAIM:
        return untold(f"a {sight.target.kind} has no capacity")
    seen = await sight.look()
    if isinstance(seen, Reply):
        gone = seen.answer is Answer.NOT_FOUND
        return Verdict(False, "the target is gone") if gone else untold(seen.detail)
    return judged(seen.body)


def judged(claim: Json) -> Verdict:
    if not bound(claim):
        return Verdict(False, "it is not bound to a volume")
    wanted, there = asked_for(claim), capacity(claim)
    if wanted is None or there is None:
        return untold("its size cannot be told")
    has = f"it has {there.text} of {wanted.text}"
    if why := resizing(claim):
        return Verdict(False, f"{has}, and a resize is under way, or has failed: {why}")
    return Verdict(there.value >= wanted.value, has)
