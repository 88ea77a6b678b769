"""Has room: does an autoscaler want fewer replicas than its maximum, by its own account?

One that cannot scale, or cannot tell what it wants, keeps an old account. It says nothing.
"""

from collections.abc import Mapping

from remediators.core.maximum import (
    ABLE,
    ACTIVE,
    AT_ITS_MAXIMUM,
    LIMITED,
    conditions,
    in_use,
    maximum,
)
from remediators.core.reply import Answer, Reply
from remediators.core.seen import Json
from remediators.probes.sight import Sight, Verdict, untold
from schemas.kinds import AUTOSCALER

KNOWN: Mapping[str, tuple[str, ...]] = {
    ABLE: ("True",),
    ACTIVE: ("True",),
    LIMITED: ("True", "False"),
}
"""What its conditions must be for its account to be one."""


async def probe(_: Mapping[str, str], sight: Sight) -> Verdict:
    if sight.target.kind != AUTOSCALER:
        return untold(f"a {sight.target.kind} has no maximum to reach")
    seen = await sight.look()
    if isinstance(seen, Reply):
        gone = seen.answer is Answer.NOT_FOUND
        return Verdict(False, "the target is gone") if gone else untold(seen.detail)
    return judged(seen.body)


def judged(autoscaler: Json) -> Verdict:
    told = conditions(autoscaler)
    for name, wanted in KNOWN.items():
        status = told.get(name, {}).get("status", "not told")
        if status not in wanted:
            return untold(f"it does not know what it wants: {name} is {status}")
    if "desiredReplicas" not in autoscaler["status"]:
        return untold("it does not say how many replicas it wants")
    most, used = maximum(autoscaler), in_use(autoscaler)
    if told[LIMITED]["status"] == "True" and told[LIMITED].get("reason") == AT_ITS_MAXIMUM:
        return Verdict(False, f"it wants more than it may have: {used} of at most {most}")
    return Verdict(used < most, f"{used} of at most {most} replicas")
