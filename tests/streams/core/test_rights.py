"""A playbook whose right is missing is off on that cluster, and on no other."""

import pytest

from schemas.remediation import Command, CommandKind, OutcomeReason, OutcomeStatus
from streams.core.reasons import Reason
from streams.core.standing import AutonomyState
from tests.builders import World
from tests.policies import ESCALATE, quick, step

FORBIDDEN = OutcomeReason.FORBIDDEN
DENIED = '403: deployments.apps is forbidden: User "hands" cannot patch resource "deployments"'
ONE_STEP = quick(steps=step() + ESCALATE)
UNDOING = quick(steps=step("scale", "parameters: {by: 1, max: 9}", "undo: true") + ESCALATE)


def denied(world: World, status: OutcomeStatus = OutcomeStatus.REJECTED) -> None:
    world.answered(world.every(Command)[-1], status, FORBIDDEN, detail=DENIED)


def acted_and_denied(policy: str = ONE_STEP) -> World:
    world = World(policy)
    world.at("0s").fires()
    world.at("1s").obeys()
    denied(world.at("2s"))
    return world


def orders(world: World, kind: CommandKind) -> int:
    return sum(c.kind is kind for c in world.every(Command))


@pytest.mark.parametrize("status", [OutcomeStatus.REJECTED, OutcomeStatus.FAILED])
def test_the_notice_carries_the_apis_words_and_what_mends_it(status: OutcomeStatus) -> None:
    world = World(ONE_STEP)
    world.at("0s").fires()
    world.at("1s").obeys()
    denied(world.at("2s"), status)
    assert world.incident.reason == Reason.RIGHT_MISSING
    told = world.incident.timeline[-1].detail
    assert DENIED in told
    assert "errors is off on this cluster" in told
    assert "mendlog executor rights" in told


def test_it_is_off_on_that_cluster_alone() -> None:
    world = acted_and_denied()
    world.at("1m").fires(deployment="cart")
    assert world.reasons[-1] == Reason.RIGHT_MISSING
    assert orders(world, CommandKind.LOOK) == 1
    world.cluster = "us-1"
    world.at("2m").fires(deployment="cart")
    assert orders(world, CommandKind.LOOK) == 2


def test_what_is_not_known_to_have_been_refused_turns_nothing_off() -> None:
    world = World(ONE_STEP)
    world.at("0s").fires()
    world.at("1s").obeys()
    denied(world.at("2s"), OutcomeStatus.UNKNOWN)
    assert world.incident.reason == Reason.OUTCOME_UNKNOWN
    world.at("1m").fires(deployment="cart")
    assert orders(world, CommandKind.LOOK) == 2


def test_an_undo_that_is_forbidden_turns_it_off_too() -> None:
    world = World(UNDOING)
    world.at("0s").fires()
    world.obeys()
    world.obeys(undo={"replicas": "3"})
    world.at("1m2s").ticks()
    assert world.every(Command)[-1].kind is CommandKind.ROLLBACK
    denied(world)
    assert world.incident.reason == Reason.ROLLBACK_FAILED
    assert DENIED in world.incident.timeline[-1].detail
    world.at("2m").fires(deployment="cart")
    assert world.reasons[-1] == Reason.RIGHT_MISSING


def test_whoever_trusts_it_again_is_told_the_next_time_it_is_refused() -> None:
    world = acted_and_denied()
    world.at("1m").trusts()
    assert world.reasons[-1] == Reason.TRUSTED_AGAIN
    world.at("2m").fires(deployment="cart")
    world.obeys()
    denied(world)
    assert world.reasons[-1] == Reason.RIGHT_MISSING


def test_what_is_kept_of_the_apis_words_is_bounded() -> None:
    world = World(ONE_STEP)
    world.at("0s").fires()
    world.at("1s").obeys()
    world.answered(world.every(Command)[-1], OutcomeStatus.REJECTED, FORBIDDEN, detail="x" * 9_999)
    state = world.state.get("autonomy/eu-1/errors")
    assert isinstance(state, AutonomyState)
    assert len(state.denied_why) == 300
    assert state.denied == world.in_force()
