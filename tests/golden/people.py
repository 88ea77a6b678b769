"""What people are asked, what they say, and what they order."""

from schemas.controls import ALL_CLUSTERS, ControlKind
from tests.builders import QUICK, World
from tests.golden.history import History, under
from tests.policies import ESCALATE, quick, step

ASKING = QUICK.replace("mode: auto", "mode: approve")
UNPROVEN = quick(shadow_cases="2", shadow_for="1m").replace("    trusted: the tests' own\n", "")
SHADOWED = UNPROVEN.replace("mode: auto", "mode: shadow")
SIX = {"replicas_wanted": 6, "replicas_ready": 6, "replicas_updated": 6, "unavailable_max": 2}


def _asked(world: World, **seen: int) -> None:
    world.at("0s").fires()
    world.at("1s").obeys(**seen)


@under(ASKING)
def approved(world: World) -> None:
    """Asked, answered, looked at again, and done."""
    _asked(world)
    world.at("2m").approves()
    world.at("2m1s").obeys()


@under(ASKING)
def approved_by_two(world: World) -> None:
    """A third of the pods at once takes two that the broker knows, and not the author."""
    _asked(world, **SIX)
    world.at("2s").approves("ann")
    world.at("3s").approves("test", verified=True)
    world.at("4s").approves("ann", verified=True)
    world.at("5s").approves("ann", verified=True)
    world.at("6s").approves("bob", verified=True)
    world.at("7s").obeys(**SIX)


@under(ASKING)
def rejected(world: World) -> None:
    """A no is a no: a yes that comes after it is unknown."""
    _asked(world)
    world.at("2s").rejects("bob")
    world.at("3s").approves("ann")


@under(quick(steps=step("restart", "approval: {always: true, who: [bob]}") + ESCALATE))
def not_hers_to_approve(world: World) -> None:
    _asked(world)
    world.at("2s").approves("ann")
    world.at("3s").approves("bob")


@under(ASKING)
def nobody_answers(world: World) -> None:
    """No answer is a no, and so is one that comes late."""
    _asked(world)
    world.at("15m1s").ticks()
    world.at("16m").approves()


@under(ASKING)
def approved_something_else(world: World) -> None:
    """Somebody deployed between question and answer: asked again."""
    _asked(world)
    world.at("1m").approves()
    world.at("1m1s").obeys(generation=5, observed_generation=5)


@under(ASKING)
def clears_before_the_answer(world: World) -> None:
    _asked(world)
    world.at("2s").clears()


@under(ASKING)
def snoozed(world: World) -> None:
    """Left alone for ten minutes, then asked again."""
    _asked(world)
    world.at("2s").snoozes(until="10m")
    world.at("9m").ticks()
    world.at("10m").ticks()
    world.at("10m1s").snoozes(until="20m")
    world.at("10m2s").obeys()


@under(None)
def snoozed_without_a_policy(world: World) -> None:
    """Nothing is decided for it; after the snooze it waits for a policy as before."""
    world.at("0s").fires()
    world.at("1s").snoozes(until="20s")
    for second in (20, 25, 31):
        world.at(f"{second}s").ticks()
    world.at("40s").publishes(QUICK)


@under(SHADOWED)
def shadow_to_auto(world: World) -> None:
    """People agree twice, and that is on the record; then the policy says auto, and it acts."""
    for minute, deployment in enumerate(("cart", "search")):
        world.at(f"{minute}m").fires(deployment=deployment)
        world.at(f"{minute}m1s").obeys()
        world.at(f"{minute}m30s").approves()
    world.at("1m31s").approves()
    world.at("3m").publishes(UNPROVEN)
    world.at("4m").fires()
    world.at("4m1s").obeys()


@under(SHADOWED)
def shadow_disagreed(world: World) -> None:
    _asked(world)
    world.at("1m").rejects("ann")


@under(UNPROVEN)
def not_yet_proven(world: World) -> None:
    """The policy says auto, and nothing is on record that bears it out."""
    _asked(world)


@under(QUICK.replace("mode: auto", "mode: dry-run"))
def dry_run(world: World) -> None:
    _asked(world)


@under(QUICK.replace("mode: auto", "mode: off"))
def playbook_off(world: World) -> None:
    world.at("0s").fires()


@under(quick(steps=step() + ESCALATE))
def demoted(world: World) -> None:
    """It did not help: it asks before it acts again, until somebody trusts it."""
    _asked(world)
    world.at("2s").disobeys()
    world.at("1m").fires(deployment="cart")
    world.at("1m1s").obeys()
    world.at("2m").trusts()
    world.trusts()
    world.at("3m").fires(deployment="search")
    world.at("3m1s").obeys()


def killed(world: World) -> None:
    """Nothing is done while the switch is on, nor undone; off again, it goes on."""
    world.at("0s").kills()
    world.at("1s").fires()
    world.at("1m").revives()
    world.at("1m1s").ticks()
    world.at("1m2s").kills("eu-1")
    world.at("1m3s").obeys()


def frozen(world: World) -> None:
    world.at("0s").freezes(until="1h")
    world.at("1s").fires()
    world.at("1m").orders(ControlKind.UNFREEZE)
    world.orders(ControlKind.UNFREEZE, id="f1")
    world.at("1m1s").ticks()


def orders_that_change_nothing(world: World) -> None:
    """Each says why."""
    world.at("0s").orders(ControlKind.FREEZE, id="f1")
    world.silences('alertname=~"("', until="1h")
    world.orders(ControlKind.EXPIRE, id="s9")
    world.fires()
    world.at("1s").snoozes(until="1h")


def beside(world: World) -> None:
    """A candidate runs beside the policy in force, and is put in force."""
    newer = QUICK + "# newer\n"
    world.at("0s").orders(
        ControlKind.CANDIDATE, cluster=ALL_CLUSTERS, digest="candidate-1", source=newer
    )
    world.at("1s").fires()
    world.at("1m").orders(ControlKind.PROMOTE, cluster=ALL_CLUSTERS, digest="candidate-1")
    world.at("1m1s").obeys()


PEOPLE: tuple[History, ...] = (
    approved,
    approved_by_two,
    rejected,
    not_hers_to_approve,
    nobody_answers,
    approved_something_else,
    clears_before_the_answer,
    snoozed,
    snoozed_without_a_policy,
    shadow_to_auto,
    shadow_disagreed,
    not_yet_proven,
    dry_run,
    playbook_off,
    demoted,
    killed,
    frozen,
    orders_that_change_nothing,
    beside,
)
