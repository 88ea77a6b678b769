"""A step that is taken by portions: one yes for all of it, and what may void that."""

import pytest

from schemas.remediation import Command, CommandKind, OutcomeReason, OutcomeStatus
from tests.builders import World
from tests.golden.ladder import DRAINING, DRAINING_APPROVED


def kinds(world: World) -> list[CommandKind]:
    return [command.kind for command in world.every(Command)]


def first_portion(world: World) -> World:
    world.at("0s").fires(node="n1")
    world.at("1s").obeys()
    world.at("2s").approves()
    world.at("3s").obeys()
    world.at("4s").obeys(undo={"unschedulable": "true"})
    world.at("6s").ticks()
    return world


@pytest.mark.parametrize(("uid", "asks"), [("", False), ("another", True)])
def test_a_yes_is_for_all_of_it_and_for_that_very_node(uid: str, asks: bool) -> None:
    world = first_portion(World(DRAINING_APPROVED))
    world.at("7s").obeys(**({"uid": uid} if uid else {}))
    assert (kinds(world)[-1] is CommandKind.ACT) is not asks
    assert world.notices().count("approval") == 1 + asks


def test_a_no_to_the_first_portion_is_a_no_to_the_rest() -> None:
    world = World(DRAINING_APPROVED)
    world.at("0s").fires(node="n1")
    world.at("1s").obeys()
    world.at("2s").rejects()
    assert CommandKind.ACT not in kinds(world)


def test_a_node_that_is_drained_already_leaves_nothing_to_check() -> None:
    """Nothing of ours has emptied it: the next step."""
    world = World(DRAINING)
    world.at("0s").fires(node="n1")
    world.at("1s").obeys()
    world.at("2s").disobeys(OutcomeStatus.REJECTED, OutcomeReason.NOTHING_TO_DO)
    assert CommandKind.VERIFY not in kinds(world)
    assert world.reasons[-1] == "ladder_spent"


def test_a_drain_that_ends_without_being_done_undoes_its_cordon() -> None:
    """Its times are used up, and pods are left."""
    world = World(DRAINING.replace("times: 4", "times: 2"))
    world.at("0s").fires(node="n1")
    world.at("1s").obeys()
    world.at("2s").obeys(undo={"unschedulable": "true"})
    world.at("4s").ticks()
    world.at("5s").obeys(marker="a1")
    world.at("6s").obeys()
    world.at("16s").ticks()
    world.at("17s").checked(world.every(Command)[-1], passed=False)
    world.at("1m6s").ticks()
    (undo,) = [c for c in world.every(Command) if c.kind is CommandKind.ROLLBACK]
    first = next(c for c in world.every(Command) if c.kind is CommandKind.ACT)
    assert undo.undoes == first.command_id
    assert (undo.uid, undo.generation, undo.marker) == (first.uid, first.generation, first.marker)
