"""How a rule stands for one group: since when it holds, and since when that has been told."""

import msgspec


class Standing(msgspec.Struct, frozen=True, omit_defaults=True):
    holds_since_ms: int | None = None
    firing_since_ms: int | None = None
    told_since_ms: int = 0
    """When it last began to fire. Two beginnings of one time would be one alert to the core."""


CLEAR = Standing()


def stand(before: Standing, holds: bool | None, at_ms: int, for_ms: int) -> Standing:
    """`for`: what holds fires once it has held for so long. What is inconclusive changes nothing,
    and does not count as time in which it held."""
    if holds is None:
        return before if before.firing_since_ms is not None else _waiting(before)
    if not holds:
        return Standing(told_since_ms=before.told_since_ms)
    since_ms = at_ms if before.holds_since_ms is None else min(before.holds_since_ms, at_ms)
    if before.firing_since_ms is not None or at_ms - since_ms < for_ms:
        return Standing(since_ms, before.firing_since_ms, before.told_since_ms)
    begins_ms = max(at_ms, before.told_since_ms + 1)
    return Standing(since_ms, begins_ms, begins_ms)


def _waiting(before: Standing) -> Standing:
    return Standing(told_since_ms=before.told_since_ms)
