"""Which channel of an ordered list a notice goes to now: the second while the first is down."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

from remediators.notify.health import Health

PROBE_MS = 1_000
"""How soon we look again at a channel that somebody else is trying."""


@dataclass(frozen=True, slots=True)
class Use:
    channel: str


@dataclass(frozen=True, slots=True)
class Wait:
    until_ms: int


@dataclass(frozen=True, slots=True)
class Nobody:
    """Each of them has refused this notice for good."""


def choose(
    channels: Sequence[str], refused: Set[str], health: Mapping[str, Health], now_ms: int
) -> Use | Wait | Nobody:
    left = [name for name in channels if name not in refused]
    if not left:
        return Nobody()
    for name in left:
        if health[name].usable(now_ms):
            return Use(name)
        if health[name].worth_waiting_for(now_ms):
            return Wait(health[name].shut_until_ms)
    return Wait(min(max(health[name].shut_until_ms, now_ms + PROBE_MS) for name in left))
