"""Every rail: what it refuses, with which reason, and whether time may lift it."""

from typing import Any

import pytest

from schemas.actions import ACTIONS
from schemas.controls import ALL_CLUSTERS, Control, ControlKind
from schemas.remediation import Command, CommandKind, OutcomeReason, OutcomeStatus
from streams.core.reasons import PASSING, Reason
from tests.builders import QUICK, START_MS, World, ms
from tests.policies import ESCALATE, quick, step


def looked(world: World) -> Command:
    world.at("0s").fires()
    return world.only(Command)


@pytest.mark.parametrize(
    ("seen", "reason"),
    [
        ({"found": False, "uid": ""}, Reason.TARGET_MISSING),
        ({"uid": ""}, Reason.TARGET_MISSING),
        ({"opted_in": False}, Reason.NOT_OPTED_IN),
        ({"paused_until": "2099-01-01T00:00:00+00:00"}, Reason.PAUSED),
        ({"paused_until": "soon"}, Reason.PAUSED),
        ({"paused_until": "2099-01-01T00:00:00"}, Reason.PAUSED),
        ({"generation": 5}, Reason.ROLLING_OUT),
        ({"replicas_updated": 1}, Reason.ROLLING_OUT),
        ({"at_ms": START_MS - ms("1m")}, Reason.OBSERVATION_STALE),
    ],
    ids=lambda value: str(value),
)
def test_what_the_observation_forbids(seen: dict[str, Any], reason: Reason) -> None:
    world = World()
    look = looked(world)
    seen = dict(seen)
    at_ms = seen.pop("at_ms", None)
    if at_ms is None:
        world.at("1s").observed(look, **seen)
    else:
        from tests.builders import observation

        world.at("1s").hears(observation(look, at_ms, **seen))
    assert not world.given(Command)
    assert world.reasons[-1] == reason
    assert world.incident.state == ("open" if reason in PASSING else "escalated")


@pytest.mark.parametrize("action", sorted(n for n, row in ACTIONS.items() if row.cuts_in))
def test_what_is_made_to_cut_into_a_rollout_may(action: str) -> None:
    given = {"revert_commit": ("parameters: {repository: shop}",)}.get(action, ())
    kind = f"kind: {min(ACTIONS[action].kinds)}"
    policy = quick(steps=step(action, *given) + ESCALATE)
    look = looked(world := World(policy.replace("kind: Deployment", kind)))
    world.at("1s").observed(look, generation=5, replicas_updated=1)
    assert world.only(Command).kind is CommandKind.ACT


def test_what_an_owner_keeps_is_changed_through_it() -> None:
    given = "parameters: {repository: shop}"
    world = World(quick(steps=step("revert_commit", given) + ESCALATE))
    look = looked(world)
    world.at("1s").observed(look, owner="ArgoCD/shop")
    assert world.only(Command).kind is CommandKind.ACT


def test_a_pause_that_is_over_does_not_pause() -> None:
    world = World()
    look = looked(world)
    world.at("1s").observed(look, paused_until="2020-01-01T00:00:00+00:00")
    assert world.only(Command).kind is CommandKind.ACT


@pytest.mark.parametrize(
    ("labels", "reason"),
    [
        ({"namespace": "kube-system"}, Reason.NAMESPACE_NOT_ALLOWED),
        ({"namespace": ""}, Reason.NO_TARGET),
        ({"deployment": ""}, Reason.NO_TARGET),
        ({"name": "Unmatched"}, Reason.NO_PLAYBOOK),
    ],
    ids=lambda value: str(value),
)
def test_what_is_refused_before_anyone_looks(labels: dict[str, str], reason: Reason) -> None:
    world = World()
    world.at("0s").fires(**labels)
    assert not world.given(Command)
    assert (world.incident.state, world.reasons[-1]) == ("escalated", reason)
    assert world.notices() == ["escalated"]


NODES = quick(steps=step("cordon") + ESCALATE).replace(
    '{kind: Deployment, namespace: "{namespace}", name: "{deployment}"}',
    '{kind: Node, name: "{node}"}',
)


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ("", Reason.NAMESPACE_NOT_ALLOWED),
        ("cluster_kinds: []", Reason.NAMESPACE_NOT_ALLOWED),
        ("cluster_kinds: [Node]", None),
        (
            "cluster_kinds: [Node]\nsources: {prometheus: {clusters: [eu-1], namespaces: [shop]}}",
            Reason.OUTSIDE_SOURCE_SCOPE,
        ),
        (
            "cluster_kinds: [Node]\n"
            "sources: {prometheus: {clusters: [eu-1], namespaces: [], cluster_kinds: [Node]}}",
            None,
        ),
    ],
)
def test_what_is_in_no_namespace_is_allowed_by_its_kind(more: str, reason: Reason | None) -> None:
    world = World(policy=NODES + more)
    world.at("0s").fires(node="n1")
    if reason is None:
        target = world.only(Command).target
        assert (target.kind, target.namespace, target.name) == ("Node", "", "n1")
    else:
        assert world.reasons[-1] == reason


def test_without_a_policy_nothing_is_done_and_in_the_end_a_human_is_told() -> None:
    world = World(policy=None)
    world.at("0s").fires()
    assert (world.incident.state, world.reasons[-1]) == ("open", Reason.NO_POLICY)
    for minute in range(1, 11):
        world.at(f"{minute}m").ticks()
    assert (world.incident.state, world.reasons[-1]) == ("escalated", Reason.NO_POLICY)


def test_a_policy_that_arrives_later_is_applied_to_what_waited_for_it() -> None:
    world = World(policy=None)
    world.at("0s").fires()
    world.at("3s").publishes(QUICK)
    world.at("5s").ticks()
    assert world.only(Command).kind is CommandKind.LOOK


def test_what_waited_for_the_first_policy_has_its_service_and_its_receivers_from_it() -> None:
    world = World(policy=None)
    world.at("0s").fires()
    assert (world.incident.service, world.incident.receivers) == ("", ())
    services = "services: [{name: shop, match: ['namespace=\"shop\"']}]"
    world.at("3s").publishes(f"{QUICK}\n{services}")
    world.at("5s").ticks()
    assert (world.incident.service, world.incident.receivers) == ("shop", ("ops",))


def test_what_waited_and_fires_again_under_the_first_policy_is_introduced_to_it_too() -> None:
    """Its receivers come with the alert, and say nothing of its service."""
    world = World(policy=None)
    world.at("0s").fires(service="shop")
    world.at("1s").clears(service="shop")
    before = world.incident.incident_id
    services = "services: [{name: shop, match: ['namespace=\"shop\"']}]"
    each_alone = QUICK.replace("group_by: [alertname, deployment]", "group_by: [...]")
    world.at("3s").publishes(f"{each_alone}\n{services}")
    world.at("4s").fires(service="shop")
    assert world.incident.incident_id == before
    assert (world.incident.service, world.incident.receivers) == ("shop", ("ops",))


@pytest.mark.parametrize("cluster", [ALL_CLUSTERS, "eu-1"])
def test_the_kill_switch_holds_and_its_end_lets_go(cluster: str) -> None:
    world = World()

    def switch(kind: ControlKind) -> None:
        world.hears(Control("c", cluster, kind, "ann", "drill", START_MS), cluster=cluster)

    switch(ControlKind.KILL)
    world.at("0s").fires()
    assert (world.incident.state, world.reasons[-1]) == ("open", Reason.KILLED)
    world.at("5s")
    switch(ControlKind.UNKILL)
    assert world.only(Command).kind is CommandKind.LOOK


def act_on(world: World, deployment: str) -> None:
    """Fire for a deployment, look, act, and let the act fail at once."""
    world.fires(deployment=deployment)
    world.observed(world.only(Command), uid=deployment)
    world.answered(world.only(Command), OutcomeStatus.FAILED, OutcomeReason.INVALID)


def test_actions_per_minute_are_counted_whatever_came_of_them() -> None:
    world = World(QUICK.replace("actions_per_minute: 6", "actions_per_minute: 2"))
    world.at("0s")
    act_on(world, "a")
    act_on(world, "b")
    world.fires(deployment="c")
    assert world.reasons[-1] == Reason.RATE_PER_MINUTE
    world.at("1m1s").ticks()
    looks = [c for c in world.given(Command) if c.target.name == "c"]
    assert [c.kind for c in looks] == [CommandKind.LOOK]


def test_only_so_many_at_once() -> None:
    world = World(QUICK.replace("concurrent: 3", "concurrent: 1"))
    world.at("0s").fires(deployment="a")
    world.observed(world.only(Command))
    world.fires(deployment="b")
    assert world.reasons[-1] == Reason.TOO_MANY_AT_ONCE


def test_a_target_cools_down_for_other_incidents_but_not_for_its_own_ladder() -> None:
    world = World(QUICK.replace("by: [alertname, deployment]", "by: [alertname, deployment, team]"))
    world.at("0s").fires(team="x")
    world.observed(world.only(Command))
    world.answered(world.only(Command), OutcomeStatus.FAILED, OutcomeReason.INVALID)
    assert world.incident.step == 1
    world.at("1s").fires(team="y")
    assert world.reasons[-1] == Reason.COOLDOWN
    world.at("5s").ticks()
    assert [c.action for c in world.given(Command)] == ["roll_back"]


def test_a_locked_target_is_left_alone() -> None:
    world = World(QUICK.replace("by: [alertname, deployment]", "by: [alertname, deployment, team]"))
    world.at("0s").fires(team="x")
    world.observed(world.only(Command))
    world.at("1s").fires(team="y")
    assert world.reasons[-1] == Reason.TARGET_LOCKED


def test_what_is_held_for_too_long_goes_to_a_human() -> None:
    world = World()
    world.hears(Control("c", "eu-1", ControlKind.KILL, "ann", "drill", START_MS))
    world.at("0s").fires()
    for second in range(5, 305, 5):
        world.at(f"{second}s").ticks()
    assert (world.incident.state, world.reasons[-1]) == ("escalated", Reason.KILLED)


def test_a_clock_that_jumps_stops_actions_until_ticks_agree() -> None:
    world = World()
    world.at("0s").ticks()
    world.at("2m").ticks(host_at_ms=START_MS + ms("1s"))
    world.fires()
    assert world.reasons[-1] == Reason.CLOCK_JUMP
    for second in range(1, 31):
        world.at("2m").later(f"{second}s").ticks(host_at_ms=START_MS + ms("1s") + second * 1000)
    world.later("5s").ticks(host_at_ms=START_MS + ms("36s"))
    assert any(c.kind is CommandKind.LOOK for c in world.every(Command))
