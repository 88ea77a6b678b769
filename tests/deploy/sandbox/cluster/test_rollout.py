"""The arithmetic of rollouts: what every step must keep, and that every rollout ends."""

from hypothesis import given
from hypothesis import strategies as st

from deploy.sandbox.cluster.controllers.rollout import (
    Count,
    Limits,
    limits_of,
    proportional_step,
    recreate_step,
    rolling_step,
)


def spec(replicas: int, surge, unavailable) -> dict:
    rolling = {"maxSurge": surge, "maxUnavailable": unavailable}
    return {"replicas": replicas, "strategy": {"type": "RollingUpdate", "rollingUpdate": rolling}}


def test_shares_round_up_for_surge_and_down_for_unavailable():
    assert limits_of(spec(10, "25%", "25%")) == Limits(10, 3, 2)


def test_when_both_round_to_nothing_one_pod_may_be_missing():
    assert limits_of(spec(3, 0, "25%")) == Limits(3, 0, 1)


def test_all_new_pods_at_once_when_the_surge_allows():
    limits = Limits(3, surge=3, unavailable=0)
    assert rolling_step(limits, Count("new", 0), [Count("old", 3, 3)]) == {"new": 3}
    assert rolling_step(limits, Count("new", 3, 0), [Count("old", 3, 3)]) == {}
    assert rolling_step(limits, Count("new", 3, 2), [Count("old", 3, 3)]) == {"old": 1}
    assert rolling_step(limits, Count("new", 3, 3), [Count("old", 3, 3)]) == {"old": 0}


def test_broken_old_pods_go_first():
    limits = Limits(4, surge=1, unavailable=1)
    old = [Count("older", 1, 0), Count("old", 3, 3)]
    assert rolling_step(limits, Count("new", 1, 0), old) == {"older": 0}


def test_recreate_waits_until_the_last_old_process_is_gone():
    limits = Limits(2, surge=0, unavailable=2)
    assert recreate_step(limits, Count("new", 0), [Count("old", 2, 2)], old_pods=True) == {"old": 0}
    assert recreate_step(limits, Count("new", 0), [Count("old", 0)], old_pods=True) == {}
    assert recreate_step(limits, Count("new", 0), [Count("old", 0)], old_pods=False) == {"new": 2}


def test_scaling_in_the_middle_of_a_rollout_is_shared():
    limits = Limits(20, surge=4, unavailable=2)
    before = [Count("new", 4, 0, max_replicas=12), Count("old", 8, 8, max_replicas=12)]
    assert proportional_step(limits, before) == {"old": 16, "new": 8}


strategies = st.tuples(st.integers(1, 12), st.integers(0, 5), st.integers(0, 5)).map(
    lambda parts: limits_of(spec(*parts))
)


@given(strategies, st.lists(st.integers(0, 4), max_size=3), st.data())
def test_every_rollout_ends_and_keeps_to_its_limits(limits: Limits, extra: list[int], data):
    """Whichever pods become available when, as long as some do now and then."""
    old = [Count(f"old-{i}", size, size) for i, size in enumerate([limits.replicas, *extra])]
    new = Count("new", 0)
    start = sum(count.wanted for count in old)
    for _ in range(300):
        plan = rolling_step(limits, new, old)
        new = Count("new", plan.get("new", new.wanted), min(new.available, plan.get("new", 99)))
        old = [
            Count(one.name, size, min(one.available, size))
            for one in old
            if (size := plan.get(one.name, one.wanted)) > 0
        ]
        available = new.available + sum(one.available for one in old)
        assert available >= min(limits.available_min, start)
        assert new.wanted + sum(one.wanted for one in old) <= max(limits.total_max, start)
        if new.wanted == new.available == limits.replicas and not old:
            return
        ready = (
            data.draw(st.integers(1, new.wanted - new.available))
            if new.wanted > new.available
            else 0
        )
        new = Count("new", new.wanted, new.available + ready)
    raise AssertionError(f"stuck at {new} and {old}")
