"""An alert that ends between the order and the act."""

from schemas.remediation import Command, OutcomeReason, OutcomeStatus
from tests.builders import World
from tests.golden.history import History, under
from tests.golden.ladder import DRAINING, GRADUAL

CLEARED = (OutcomeStatus.REJECTED, OutcomeReason.CONDITION_CLEARED)


def withdrawn(world: World) -> None:
    """The alert ends while the ACT is on its way, and the executor hears of it in time. It comes
    back: the same step, as nothing was done, and another command."""
    world.at("0s").fires()
    world.at("1s").obeys()
    world.at("2s").clears()
    world.at("3s").disobeys(*CLEARED)
    world.at("4s").disobeys(*CLEARED)
    world.at("1m").fires()
    world.at("1m1s").ticks()
    world.at("1m2s").obeys()
    world.at("1m3s").obeys()


def withdrawn_after_its_intent(world: World) -> None:
    """It had announced it, and not sent it yet."""
    world.at("0s").fires()
    world.at("1s").obeys()
    world.at("2s").clears()
    world.at("3s").announces()
    world.at("4s").disobeys(*CLEARED)
    world.at("11m").ticks()


def withdrawn_too_late(world: World) -> None:
    """It was sent by then: verified as ever."""
    world.at("0s").fires()
    world.at("1s").obeys()
    world.at("2s").clears()
    world.at("3s").obeys()
    world.at("13s").ticks()
    world.at("14s").obeys()
    world.at("21s").ticks()


def withdrawn_and_fires_again(world: World) -> None:
    """Before the answer: a fresh look, and all is decided anew."""
    world.at("0s").fires()
    world.at("1s").obeys()
    world.at("2s").clears()
    world.at("3s").fires(starts_at_ms=world.now_ms)
    world.at("4s").disobeys(*CLEARED)
    world.at("5s").ticks()
    world.at("6s").obeys()


@under(GRADUAL)
def withdrawn_once_more(world: World) -> None:
    """What was done once is not done again."""
    world.at("0s").fires()
    world.at("1s").obeys()
    world.at("2s").obeys()
    world.at("12s").ticks()
    world.at("13s").obeys()
    world.at("15s").ticks()
    world.at("16s").obeys()
    world.at("17s").clears()
    world.at("18s").disobeys(*CLEARED)


@under(DRAINING)
def withdrawn_between_two_pods(world: World) -> None:
    """No other pod goes, and what was done by then is checked and, as it fails, undone."""
    world.at("0s").fires(node="n1")
    world.at("1s").obeys()
    world.at("2s").obeys(undo={"unschedulable": "true"})
    world.at("4s").ticks()
    world.at("5s").obeys(marker="a1")
    world.at("6s").clears(node="n1")
    world.at("7s").disobeys(*CLEARED)
    world.at("17s").ticks()
    world.at("18s").answered(world.every(Command)[-1], OutcomeStatus.FAILED)
    world.at("1m7s").ticks()
    world.at("1m8s").obeys()


WITHDRAWN: tuple[History, ...] = (
    withdrawn,
    withdrawn_after_its_intent,
    withdrawn_too_late,
    withdrawn_and_fires_again,
    withdrawn_once_more,
    withdrawn_between_two_pods,
)
