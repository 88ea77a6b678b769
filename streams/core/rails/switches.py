"""What people and clocks have stopped."""

from streams.core import intervals
from streams.core.keys import key_part
from streams.core.rails.asked import Effect, Refusal
from streams.core.reasons import Reason
from streams.core.standing import FreezeState

ALL = key_part("*")


def killed(asked: Effect) -> Refusal | None:
    on = asked.draft.partition.killed or asked.draft.scope(asked.target.cluster).killed
    return Refusal(Reason.KILLED) if on else None


def clock(asked: Effect) -> Refusal | None:
    return Refusal(Reason.CLOCK_JUMP) if asked.draft.partition.ticks_to_agree else None


def frozen(asked: Effect) -> Refusal | None:
    now_ms, mine = asked.draft.now_ms, (key_part(asked.target.cluster), ALL)
    for key, freeze in asked.draft.of_kind("freeze"):
        assert isinstance(freeze, FreezeState)
        if key.split("/")[1] in mine and now_ms < freeze.ends_at_ms:
            return Refusal(Reason.FROZEN, f"{freeze.comment} ({freeze.author})")
    for window in asked.policy.freezes:
        if window.matches(asked.labels) and any(
            intervals.contains(during, now_ms) for during in window.during
        ):
            return Refusal(Reason.FROZEN, window.name)
    return None
