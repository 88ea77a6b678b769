"""Rules that a history reaches seldom."""

import json
from typing import Any

import pytest

from schemas.controls import ALL_CLUSTERS, ControlKind
from schemas.remediation import Command, OutcomeReason, OutcomeStatus
from schemas.tape import LogicActivated, Sightings, SnapshotTaken
from streams.core.draft import UnreadableFact
from streams.core.entries import IncidentState
from streams.core.logic import LOGIC_KNOWN, UnknownLogic
from streams.core.reasons import Reason
from tests.builders import QUICK, World, alert
from tests.policies import CATALOGUE, CORRELATED, ESCALATE, VERIFY, quick, step

HEALTHY: dict[str, Any] = {"replicas_wanted": 20, "replicas_ready": 20, "replicas_updated": 20}


def open_incidents(world: World) -> list[IncidentState]:
    return [e for _, e in world.state.items() if isinstance(e, IncidentState)]


# Facts.


def test_a_behaviour_that_this_release_lacks_stops_it_before_it_writes() -> None:
    world = World()
    world.hears(LogicActivated(max(LOGIC_KNOWN) + 1, "ann"), cluster=ALL_CLUSTERS)
    with pytest.raises(UnknownLogic, match="run the release that introduced it"):
        world.at("1s").fires()


@pytest.mark.parametrize("body", [b"", b"{}", b'[["p","f","burning",0,0,{},{}]]'])
def test_a_delivery_that_cannot_be_read_changes_nothing(body: bytes) -> None:
    world = World()
    before = dict(world.state.items())
    with pytest.raises(UnreadableFact):
        world.hears(Sightings(1, body))
    assert dict(world.state.items()) == before


def test_a_snapshot_is_none_of_the_cores_business() -> None:
    world = World()
    world.at("1s").hears(SnapshotTaken(7, "d", 1), cluster=ALL_CLUSTERS)
    assert world.reasons == ["new_policy"]


# Correlation.


def test_an_incident_of_very_many_alerts_is_told_of_and_not_moved() -> None:
    world = World(quick(CATALOGUE, CORRELATED).replace("group_wait: 0s", "group_wait: 30s"))
    world.at("0s").sees(*(alert("Slow", deployment="cart", pod=f"p{n}") for n in range(1_001)))
    world.at("1s").fires("Down", deployment="db")
    assert len(open_incidents(world)) == 2
    (root,) = [i for i in open_incidents(world) if i.service == "db"]
    assert [e.what for e in root.timeline] == ["opened", "related"]


def test_of_very_many_groups_the_timeline_tells_those_that_double_their_number() -> None:
    world = World(quick(CATALOGUE, CORRELATED))
    world.at("0s").fires("Down", deployment="db")
    for n in range(40):
        world.at("1s").fires(f"Slow{n}", deployment="cart")
    (root,) = open_incidents(world)
    assert sum(e.what == "joined" for e in root.timeline) == 15 + 1


# The ladder.


def test_what_leaves_nothing_to_do_is_passed_by() -> None:
    world = World()
    world.at("0s").fires()
    world.at("1s").obeys()
    world.at("2s").disobeys(OutcomeStatus.REJECTED, OutcomeReason.NOTHING_TO_DO)
    assert (world.incident.state, world.incident.step) == ("open", 1)


@pytest.mark.parametrize("reason", [OutcomeReason.KILLED, OutcomeReason.NO_HEARTBEAT])
def test_an_executor_that_may_not_act_is_not_asked_again_at_once(reason: OutcomeReason) -> None:
    world = World()
    world.at("0s").fires()
    world.at("1s").obeys()
    world.at("2s").disobeys(OutcomeStatus.REJECTED, reason)
    world.at("31s").ticks()
    assert world.incident.state == "open"
    world.at("32s").ticks()
    assert world.incident.state == "looking"


def test_a_target_that_it_still_holds_is_not_left_for_another() -> None:
    """What it did there may still happen; the new policy would have it act elsewhere."""
    world = World()
    world.at("0s").fires()
    world.at("1s").obeys()
    world.at("2s").disobeys(OutcomeStatus.UNKNOWN, OutcomeReason.NO_ANSWER)
    world.at("3s").clears()
    for n in range(17):
        world.publishes(QUICK.replace('name: "{deployment}"', "name: other") + f"# {n}\n")
    world.at("4s").fires()
    world.at("10s").ticks()
    assert world.reasons[-1] == Reason.TARGET_LOCKED
    assert [c.target.name for c in world.every(Command)] == ["checkout", "checkout"]


def test_a_condition_of_an_approval_that_cannot_be_told_goes_to_people() -> None:
    asks = "approval: {when: \"measured['rps'] > 1.0\"}"
    world = World(quick(steps=step("restart", asks) + ESCALATE))
    world.at("0s").fires()
    world.at("1s").obeys()
    assert (world.incident.state, world.reasons[-1]) == ("escalated", Reason.CONDITION_FAILED)


@pytest.mark.parametrize(("value", "state"), [(0.5, "commanded"), (2.0, "awaiting_approval")])
def test_an_approval_is_asked_for_where_its_condition_holds(value: float, state: str) -> None:
    asks = "approval: {when: \"measured['rps'] > 1.0\"}"
    world = World(quick(steps=step("restart", asks) + ESCALATE))
    world.at("0s").detects(value, rule="rps")
    world.at("1s").obeys()
    assert world.incident.state == state


def test_probes_with_parameters_are_put_in_full() -> None:
    probes = VERIFY.replace(
        "[rollout]", "[rollout, {name: smoke, http: {url: 'http://shop.local/', status: 200}}]"
    )
    world = World(quick(steps=step("restart", verify=probes) + ESCALATE))
    world.at("0s").fires()
    world.at("1s").obeys()
    world.at("2s").obeys()
    world.at("12s").ticks()
    asked = json.loads(world.only(Command).parameters["probes"])
    assert [(p["probe"], p["name"]) for p in asked] == [("rollout", "rollout"), ("http", "smoke")]


def test_a_check_of_a_policy_that_is_gone_meanwhile_is_no_success() -> None:
    world = World()
    world.at("0s").fires()
    world.at("1s").obeys()
    world.at("2s").obeys()
    world.at("5s").clears()
    world.at("12s").ticks()
    for n in range(17):
        world.at("13s").publishes(f"{QUICK}# {n}\n")
    world.at("17s").obeys()
    assert (world.incident.state, world.reasons[-1]) == ("escalated", Reason.POLICY_GONE)


def test_a_canary_whose_alerts_clear_lets_another_try() -> None:
    """It was refused for the moment, and its alerts cleared before it could try again."""
    limits = {"breaker_straight": "1", "breaker_open": "10m", "burst": "9"}
    world = World(quick(steps=step() + ESCALATE, **limits))
    world.at("0s").fires(deployment="a")
    world.obeys()
    world.disobeys()
    world.trusts()
    world.at("11m").fires(deployment="canary")
    world.obeys()
    world.disobeys(OutcomeStatus.REJECTED, OutcomeReason.STALE)
    world.fires(deployment="b")
    assert world.reasons[-1] == Reason.BREAKER_OPEN
    world.clears(deployment="canary")
    assert getattr(world.state.get("breaker/eu-1"), "opened_at_ms", 0), "it has proven nothing"
    world.at("11m5s").ticks()
    assert [c.target.name for c in world.given(Command)] == ["b"]


# Rails.


@pytest.mark.parametrize("where", [{"clusters": "[us-1]"}, {"namespaces": "[bank]"}, {}])
def test_a_source_may_choose_only_what_it_is_registered_for(where: dict[str, str]) -> None:
    scope = {"clusters": "[eu-1]", "namespaces": "[shop]", **where}
    given = ", ".join(f"{key}: {value}" for key, value in scope.items())
    world = World(quick(f"sources: {{prometheus: {{{given}}}}}"))
    world.at("0s").fires()
    assert world.incident.reason == ("outside_source_scope" if where else "dwell_over")


@pytest.mark.parametrize(("days", "state"), [("[tuesday]", "open"), ("[monday]", "looking")])
def test_a_freeze_of_the_policy_holds_in_its_hours(days: str, state: str) -> None:
    """The world begins on a Tuesday."""
    named = f"time_intervals: [{{name: days, time_intervals: [{{weekdays: {days}}}]}}]"
    world = World(quick(named, "freezes: [{name: sale, during: [days], all: true}]"))
    world.at("0s").fires()
    assert world.incident.state == state
    if state == "open":
        assert world.incident.timeline[-1].detail == "sale"


@pytest.mark.parametrize(
    ("seen", "state"),
    [
        ({"nodes": 100, "nodes_ready": 96}, "commanded"),
        ({"nodes": 100, "nodes_ready": 95}, "open"),
        ({"nodes": 20, "nodes_ready": 16}, "commanded"),
        ({"nodes": 20, "nodes_ready": 15}, "open"),
        ({"nodes": 9, "nodes_ready": 8}, "commanded"),
        ({"nodes": 9, "nodes_ready": 7}, "open"),
    ],
)
def test_how_many_nodes_may_fail(seen: dict[str, int], state: str) -> None:
    """From ten on a fifth of them, at most four; below that one."""
    world = World()
    world.at("0s").fires()
    world.at("1s").obeys(**seen)
    assert world.incident.state == state


@pytest.mark.parametrize(
    ("seen", "state"),
    [
        ({**HEALTHY, "unavailable_max": 2, "pdb_allowed": 1}, "open"),
        ({**HEALTHY, "unavailable_max": 2, "pdb_allowed": 2}, "commanded"),
        ({**HEALTHY, "unavailable_max": 3}, "awaiting_approval"),
        ({**HEALTHY, "unavailable_max": 2, "replicas_unavailable": 1}, "awaiting_approval"),
        ({**HEALTHY, "replicas_ready": 12, "unavailable_max": 1}, "commanded"),
        ({**HEALTHY, "replicas_ready": 11, "unavailable_max": 1}, "open"),
    ],
)
def test_how_many_pods_may_go(seen: dict[str, int], state: str) -> None:
    """A tenth of twenty without asking, never fewer than eleven left, never past the budget."""
    world = World()
    world.at("0s").fires()
    world.at("1s").obeys(**seen)
    assert world.incident.state == state


def test_a_rollback_out_of_a_broken_state_loses_nothing() -> None:
    world = World(quick(steps=step("roll_back") + ESCALATE))
    world.at("0s").fires()
    world.at("1s").obeys(replicas_ready=0, unavailable_max=1, replicas_updated=0)
    assert world.incident.state == "commanded"


def test_an_autoscaler_owns_the_number_of_replicas_and_nothing_else() -> None:
    world = World()
    world.at("0s").fires()
    world.at("1s").obeys(owner="HorizontalPodAutoscaler/checkout")
    assert world.incident.state == "commanded"
    scaling = World(quick(steps=step("scale", "parameters: {by: 1, max: 9}") + ESCALATE))
    scaling.at("0s").fires()
    scaling.at("1s").obeys(owner="HorizontalPodAutoscaler/checkout")
    assert scaling.incident.reason == "owned_elsewhere"


@pytest.mark.parametrize(
    ("owner", "state"),
    [
        ("ArgoCD/shop", "commanded"),
        ("Flux/shop", "commanded"),
        ("Operator/shop", "escalated"),
        ("ArgoCD/shop,Operator/shop", "escalated"),
    ],
)
def test_an_abort_is_in_no_repository_and_is_not_taken_back_from_there(
    owner: str, state: str
) -> None:
    of_a_rollout = '{kind: Rollout, namespace: "{namespace}", name: "{deployment}"}'
    of_a_deployment = '{kind: Deployment, namespace: "{namespace}", name: "{deployment}"}'
    steps = step("abort_canary") + ESCALATE
    world = World(quick(steps=steps).replace(of_a_deployment, of_a_rollout))
    world.at("0s").fires()
    world.at("1s").obeys(owner=owner, replicas_wanted=0, unavailable_max=0)
    assert world.incident.state == state


def test_a_service_cools_down_for_other_incidents() -> None:
    by_pod = quick(CATALOGUE).replace("by: [alertname, deployment]", "by: [alertname, pod]")
    world = World(by_pod.replace('name: "{deployment}"', 'name: "{pod}"'))
    world.at("0s").fires(pod="a")
    world.at("1s").obeys()
    world.at("2s").disobeys()
    world.at("3s").fires(pod="b")
    assert world.incident.timeline[-1].detail == "of the service checkout"
    assert world.incident.reason == "cooldown"


# Orders.


@pytest.mark.parametrize("until", ["", "40d"])
def test_a_freeze_needs_an_end_and_not_a_far_one(until: str) -> None:
    world = World()
    world.orders(ControlKind.FREEZE, until=until, id="f")
    assert world.reasons[-1] == Reason.CONTROL_UNREADABLE


@pytest.mark.parametrize("name", ["", "x" * 65])
def test_a_silence_has_a_name_of_some_length(name: str) -> None:
    world = World()
    world.silences('a="b"', until="1h", id=name)
    assert world.reasons[-1] == Reason.CONTROL_UNREADABLE


def candidate(world: World, digest: str, source: str) -> Reason:
    world.orders(ControlKind.CANDIDATE, cluster=ALL_CLUSTERS, digest=digest, source=source)
    return Reason(world.reasons[-1])


def test_a_candidate_has_a_digest_of_its_own_and_can_be_read() -> None:
    world = World()
    assert candidate(world, "", QUICK) == Reason.POLICY_DIGEST_TAKEN
    assert candidate(world, world.in_force(), "other") == Reason.POLICY_DIGEST_TAKEN
    assert candidate(world, "c1", "version: 9") == Reason.POLICY_UNREADABLE
    assert candidate(world, "c1", QUICK + "# 1\n") == Reason.CANDIDATE_BEGINS
    assert candidate(world, "c1", QUICK + "# 1\n") == Reason.CANDIDATE_BEGINS
    assert world.state.get("policy/c1") is not None


def test_a_candidate_is_kept_however_many_policies_are_published() -> None:
    world = World()
    candidate(world, "c1", QUICK + "# 1\n")
    world.orders(ControlKind.PROMOTE, cluster=ALL_CLUSTERS, digest="c1")
    candidate(world, "c1", QUICK + "# 1\n")
    for n in range(20):
        world.publishes(f"{QUICK}# more {n}\n")
    assert world.state.get("policy/c1") is not None
    world.orders(ControlKind.DROP, cluster=ALL_CLUSTERS, digest="c1")
    assert world.state.get("policy/c1") is None


def test_enrichment_decides_what_is_done_and_who_is_told() -> None:
    more = """
enrichments:
  - match: ['namespace="shop"']
    labels: {severity: info}
    links: {runbook: 'https://wiki.example/shop'}
"""
    severities = "severities: {critical: {remediate: true}, info: {remediate: false}}"
    world = World(quick(more, severities))
    world.at("0s").fires()
    assert (world.incident.reason, world.incident.severity) == ("severity_only_told", "info")
    assert world.notices() == ["escalated"]
