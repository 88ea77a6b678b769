"""How many replicas each replica set of a deployment should have next. Pure arithmetic.

The rules are those of the real deployment controller, so that a rollout takes the same steps.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from deploy.sandbox.cluster.controllers.percent import count_of
from deploy.sandbox.cluster.objects import Json


@dataclass(frozen=True, slots=True)
class Count:
    """A replica set in numbers."""

    name: str
    wanted: int
    available: int = 0
    max_replicas: int = 0
    """Wanted plus surge of the deployment when this set was last scaled."""


Plan = dict[str, int]
"""Replicas by name of replica set, only where they change."""


@dataclass(frozen=True, slots=True)
class Limits:
    replicas: int
    surge: int
    unavailable: int

    @property
    def total_max(self) -> int:
        return self.replicas + self.surge

    @property
    def available_min(self) -> int:
        return self.replicas - self.unavailable


def limits_of(spec: Json) -> Limits:
    replicas = spec["replicas"]
    if spec["strategy"]["type"] == "Recreate":
        return Limits(replicas, surge=0, unavailable=replicas)
    rolling = spec["strategy"]["rollingUpdate"]
    surge = count_of(rolling["maxSurge"], replicas, round_up=True)
    unavailable = count_of(rolling["maxUnavailable"], replicas, round_up=False)
    if surge == 0 and unavailable == 0:
        unavailable = 1  # both rounded away: without one of them nothing could ever move
    return Limits(replicas, surge, min(unavailable, replicas))


def rolling_step(limits: Limits, new: Count, old: Sequence[Count]) -> Plan:
    """Up with the new as far as the surge allows, otherwise down with the old (oldest first)."""
    grown = new_size(limits, new, old)
    if grown != new.wanted:
        return {new.name: grown}
    return _shrink(limits, new, [count for count in old if count.wanted > 0])


def recreate_step(limits: Limits, new: Count, old: Sequence[Count], *, old_pods: bool) -> Plan:
    """All of the old have to be gone, processes included, before the new begin."""
    running = {count.name: 0 for count in old if count.wanted > 0}
    if running:
        return running
    if old_pods or new.wanted == limits.replicas:
        return {}
    return {new.name: limits.replicas}


def proportional_step(limits: Limits, counts: Sequence[Count]) -> Plan:
    """Scaling in the middle of a rollout: every set gets its share of what is added or removed.

    `counts` has the newest first.
    """
    active = [count for count in counts if count.wanted > 0]
    allowed = limits.total_max if limits.replicas > 0 else 0
    missing = allowed - sum(count.wanted for count in active)
    # The largest first; among equals the newer ones grow and the older ones shrink first.
    in_turn = active if missing > 0 else active[::-1]
    active = sorted(in_turn, key=lambda count: -count.wanted)
    sizes: Plan = {}
    left = missing
    for count in active:
        share = _share(limits, count, left)
        sizes[count.name] = count.wanted + share
        left -= share
    if active and left:
        first = active[0].name
        sizes[first] = max(0, sizes[first] + left)
    return {count.name: sizes[count.name] for count in active if sizes[count.name] != count.wanted}


def new_size(limits: Limits, new: Count, old: Sequence[Count]) -> int:
    """As many of the new as there is room for beside the old."""
    if new.wanted >= limits.replicas:
        return limits.replicas
    total = new.wanted + sum(count.wanted for count in old)
    room = limits.total_max - total
    return new.wanted + max(0, min(room, limits.replicas - new.wanted))


def _shrink(limits: Limits, new: Count, old: Sequence[Count]) -> Plan:
    total = new.wanted + sum(count.wanted for count in old)
    new_unavailable = new.wanted - new.available
    removable = total - limits.available_min - new_unavailable
    if removable <= 0:
        return {}
    plan = _without_unhealthy(old, removable)
    available = new.available + sum(count.available for count in old)
    spare = available - limits.available_min
    for count in old:
        size = plan.get(count.name, count.wanted)
        down = max(0, min(size, spare))
        if down:
            plan[count.name] = size - down
            spare -= down
    return plan


def _without_unhealthy(old: Sequence[Count], removable: int) -> Plan:
    """Replicas that are not available go first: nobody misses them."""
    plan: Plan = {}
    left = removable
    for count in old:
        down = min(left, count.wanted - count.available)
        if down > 0:
            plan[count.name] = count.wanted - down
            left -= down
    return plan


def _share(limits: Limits, count: Count, left: int) -> int:
    if left == 0:
        return 0
    whole_before = count.max_replicas or limits.total_max
    exact = count.wanted * limits.total_max / whole_before if limits.replicas else 0
    share = math.floor(exact + 0.5) - count.wanted
    return min(share, left) if left > 0 else max(share, left)
