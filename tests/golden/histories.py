"""The histories that the goldens' tapes were recorded from."""

from schemas.remediation import Command, OutcomeReason, OutcomeStatus
from tests.builders import World, alert
from tests.golden.capacity import CAPACITY_HISTORIES
from tests.golden.correlation import CORRELATION
from tests.golden.history import History
from tests.golden.ladder import LADDER
from tests.golden.leases import LEASES
from tests.golden.library import LIBRARY_HISTORIES
from tests.golden.muting import MUTING
from tests.golden.people import PEOPLE
from tests.golden.rails import RAILS
from tests.golden.withdrawals import WITHDRAWN


def restart_cures(world: World) -> None:
    """Look, act, verify, resolved; ten minutes later closed."""
    world.at("0s").fires()
    world.at("300ms").observed(world.only(Command))
    act = world.only(Command)
    world.at("350ms").answered(act, OutcomeStatus.INTENT)
    world.at("400ms").answered(act, OutcomeStatus.APPLIED)
    world.at("7s").clears()
    world.at("10s400ms").ticks()
    world.at("10s500ms").checked(world.only(Command), passed=True)
    world.at("17s").ticks()
    world.checked(world.only(Command), passed=True)
    world.at("10m17s").ticks()


def rollback_cures(world: World) -> None:
    """The restart does not help; the rollback does."""
    world.at("0s").fires()
    world.at("1s").observed(world.only(Command))
    world.at("2s").answered(world.only(Command), OutcomeStatus.APPLIED)
    world.at("12s").ticks()
    world.at("13s").checked(world.only(Command), passed=True)
    world.at("1m2s").ticks()
    world.at("1m7s").ticks()
    world.at("1m8s").observed(world.given(Command)[-1], generation=5, observed_generation=5)
    world.at("1m9s").answered(world.only(Command), OutcomeStatus.APPLIED)
    world.at("1m12s").clears()
    world.at("1m19s").ticks()
    world.at("1m20s").checked(world.only(Command), passed=True)
    world.at("1m24s").ticks()
    world.checked(world.only(Command), passed=True)


def nothing_helps(world: World) -> None:
    """Both rungs fail: a human, told once, then reminded."""
    world.at("0s").fires()
    world.at("1s").observed(world.only(Command))
    world.at("2s").answered(world.only(Command), OutcomeStatus.APPLIED)
    world.at("1m2s").ticks()
    world.at("1m7s").ticks()
    world.at("1m8s").observed(world.given(Command)[-1])
    world.at("1m9s").answered(world.only(Command), OutcomeStatus.FAILED, OutcomeReason.INVALID)
    world.at("1h1m9s").ticks()


def not_opted_in(world: World) -> None:
    """Nobody allowed this target: no action, a reason, a human."""
    world.at("0s").fires()
    world.at("1s").observed(world.only(Command), opted_in=False)
    world.at("5m").clears()


def outcome_unknown(world: World) -> None:
    """It may or may not have happened: the target stays locked and a human looks."""
    world.at("0s").fires()
    world.at("1s").observed(world.only(Command))
    act = world.only(Command)
    world.at("2s").answered(act, OutcomeStatus.INTENT)
    world.at("3s").answered(act, OutcomeStatus.UNKNOWN, OutcomeReason.NO_ANSWER)


def storm_of_repeats(world: World) -> None:
    """Two hundred alerts of three deployments, each delivered three times."""
    for round_ in range(3):
        for deployment in ("cart", "checkout", "search"):
            seen = [alert(deployment=deployment, pod=f"pod-{n}") for n in range(67)]
            world.at(f"{round_}s").sees(*seen)


HISTORIES: dict[str, History] = {
    h.__name__: h
    for h in (
        restart_cures,
        rollback_cures,
        nothing_helps,
        not_opted_in,
        outcome_unknown,
        storm_of_repeats,
        *LADDER,
        *LEASES,
        *PEOPLE,
        *CORRELATION,
        *MUTING,
        *RAILS,
        *LIBRARY_HISTORIES,
        *CAPACITY_HISTORIES,
        *WITHDRAWN,
    )
}
