"""What is done for a time alone, and how that ends."""

from schemas.remediation import OutcomeReason, OutcomeStatus
from tests.builders import World
from tests.golden.history import History, under
from tests.policies import ESCALATE, quick, step

SCALES = "parameters: {by: 1, max: 9}"
FOR_AN_HOUR = quick(steps=step("scale", SCALES, "lasts: 1h", "undo: true") + ESCALATE)


def done_and_verified(world: World) -> None:
    world.at("0s").fires()
    world.at("1s").obeys()
    world.at("2s").obeys(undo={"replicas": "3"})
    world.at("5s").clears()
    world.at("12s").ticks()
    world.at("13s").obeys()
    world.at("17s").ticks()
    world.at("18s").obeys()


@under(FOR_AN_HOUR)
def given_back(world: World) -> None:
    """Its incident is long closed when its time is over."""
    done_and_verified(world)
    world.at("11m").ticks()
    world.at("1h2s").ticks()
    world.at("1h3s").announces()
    world.at("1h4s").obeys()


@under(FOR_AN_HOUR)
def given_back_early(world: World) -> None:
    """It does not help: the incident undoes it itself, and nothing is undone an hour later."""
    world.at("0s").fires()
    world.at("1s").obeys()
    world.at("2s").obeys(undo={"replicas": "3"})
    world.at("1m2s").ticks()
    world.at("1m3s").obeys()
    world.at("2m").clears()
    world.at("1h2s").ticks()


@under(FOR_AN_HOUR)
def still_needed(world: World) -> None:
    """The alerts are back when its time is over: it stands until they clear, and people hear of
    it."""
    done_and_verified(world)
    world.at("59m").fires()
    world.at("1h2s").ticks()
    world.at("1h5m32s").ticks()
    world.at("1h20m").clears()
    world.at("1h20m30s").ticks()
    world.at("1h20m31s").obeys()


@under(FOR_AN_HOUR)
def somebody_has_changed_it(world: World) -> None:
    """Then it is theirs."""
    done_and_verified(world)
    world.at("11m").ticks()
    world.at("1h2s").ticks()
    world.at("1h3s").disobeys(OutcomeStatus.REJECTED, OutcomeReason.STALE)


@under(FOR_AN_HOUR)
def in_use_when_its_time_is_over(world: World) -> None:
    """The executor finds that its pods are needed: again ten minutes later, by another command."""
    done_and_verified(world)
    world.at("1h2s").ticks()
    world.at("1h3s").disobeys(OutcomeStatus.REJECTED, OutcomeReason.TOO_FEW_HEALTHY)
    world.at("1h10m3s").ticks()
    world.at("1h10m4s").obeys()


@under(FOR_AN_HOUR)
def frozen_when_its_time_is_over(world: World) -> None:
    """Nothing is undone in a freeze. People hear of it once, and it is done when that ends."""
    done_and_verified(world)
    world.at("59m").freezes(until="2h")
    world.at("1h2s").ticks()
    world.at("1h10m").ticks()
    world.at("2h1m").ticks()
    world.at("2h1m1s").obeys()


@under(FOR_AN_HOUR)
def perhaps_given_back(world: World) -> None:
    """Nobody knows: a human looks, and for an hour nothing else is done to it."""
    done_and_verified(world)
    world.at("1h2s").ticks()
    world.at("1h3s").disobeys(OutcomeStatus.UNKNOWN, OutcomeReason.NO_ANSWER)
    world.at("1h30m").fires()
    world.at("1h31m").clears()
    world.at("2h2m").ticks()
    world.at("2h3m").fires()


@under(FOR_AN_HOUR)
def no_word_of_its_return(world: World) -> None:
    """The executor is never heard of again."""
    done_and_verified(world)
    world.at("1h2s").ticks()
    world.at("1h3m").ticks()


LEASES: tuple[History, ...] = (
    given_back,
    given_back_early,
    still_needed,
    somebody_has_changed_it,
    in_use_when_its_time_is_over,
    frozen_when_its_time_is_over,
    perhaps_given_back,
    no_word_of_its_return,
)
