"""Look, act, verify, climb: how a ladder goes on, and how it ends."""

from schemas.controls import ALL_CLUSTERS
from schemas.remediation import Command, OutcomeReason, OutcomeStatus
from schemas.tape import LogicActivated, PolicyPublished
from tests.builders import QUICK, World
from tests.golden.history import History, under
from tests.policies import ESCALATE, VERIFY, quick, step

OF_A_DEPLOYMENT = '{kind: Deployment, namespace: "{namespace}", name: "{deployment}"}'
NODES = quick(
    "cluster_kinds: [Node]",
    steps=step("drain", "MORE", verify=VERIFY.replace("rollout", "drained")) + ESCALATE,
).replace(OF_A_DEPLOYMENT, '{kind: Node, name: "{node}"}')
SCALES = step("scale", "parameters: {by: 1, max: 9}", "undo: true")
UNDOING = quick(steps=SCALES + step("roll_back", dwell="5s") + ESCALATE)
GRADUAL = quick(steps=step("restart", "repeat: {times: 3, pause: 2s}") + ESCALATE)
DRAINING = NODES.replace("MORE", "repeat: {times: 4, pause: 2s}\n        undo: true")
DRAINING_APPROVED = NODES.replace("MORE", "repeat: {times: 4, pause: 2s}\n        approval: always")
TELLING = quick(
    steps="""\
      - action: notify
        dwell: 0s
        parameters: {text: The checkout is slow. It is restarted in a minute.}
      - action: notify
        when: count > 5
        dwell: 0s
"""
    + step("restart", dwell="1m")
    + ESCALATE
)
CONDITIONAL = quick(
    steps=step("restart", "when: count > 5")
    + step("roll_back", 'when: measured["rps"] > 1')
    + ESCALATE
)


def clears_while_it_waits(world: World) -> None:
    """The dwell is there for this."""
    world.publishes(QUICK.replace("dwell: 0s", "dwell: 2m"))
    world.at("0s").fires()
    world.at("1m").clears()
    world.at("11m").ticks()


def clears_while_it_looks(world: World) -> None:
    """The answer to the look comes too late, and nothing is done."""
    world.at("0s").fires()
    world.at("1s").clears()
    world.at("2s").obeys()


def comes_back(world: World) -> None:
    """What was verified did not last: the next step, not the same again."""
    world.at("0s").fires()
    world.at("1s").obeys()
    world.at("2s").obeys()
    world.at("5s").clears()
    world.at("12s").ticks()
    world.at("13s").obeys()
    world.at("17s").ticks()
    world.at("18s").obeys()
    world.at("5m").fires()
    world.at("5m5s").ticks()


def moved_on_meanwhile(world: World) -> None:
    """The target changed between look and act: looked at again, and done."""
    world.at("0s").fires()
    world.at("1s").obeys()
    world.at("2s").disobeys(OutcomeStatus.REJECTED, OutcomeReason.STALE)
    world.at("3s").ticks()
    world.at("4s").obeys(generation=5, observed_generation=5)
    world.at("5s").announces()
    world.at("6s").disobeys(OutcomeStatus.FAILED, OutcomeReason.API_DOWN)
    world.at("7s").ticks()


def never_in_time(world: World) -> None:
    """Refused again and again, always for the moment: after the last attempt a human."""
    world.at("0s").fires()
    for second in (1, 11, 21, 31):
        world.at(f"{second}s").ticks()
        if world.incident.state == "looking":
            world.obeys()
            world.disobeys(OutcomeStatus.REJECTED, OutcomeReason.THROTTLED)


def fails_after_its_intent(world: World) -> None:
    """The API server says no: the next step."""
    world.at("0s").fires()
    world.at("1s").obeys()
    world.at("2s").announces()
    world.at("3s").disobeys()


def refused_by_the_executor(world: World) -> None:
    """Its own guard says no, for good: a human."""
    world.at("0s").fires()
    world.at("1s").obeys()
    world.at("2s").disobeys(OutcomeStatus.REJECTED, OutcomeReason.NOT_ENABLED)


def cannot_be_spared(world: World) -> None:
    """The executor's own guard says no, for the moment: a fresh look half a minute later."""
    world.at("0s").fires()
    world.at("1s").obeys()
    world.at("2s").disobeys(OutcomeStatus.REJECTED, OutcomeReason.TOO_FEW_HEALTHY)
    world.at("31s").ticks()
    world.at("32s").ticks()
    world.at("33s").obeys()
    world.at("34s").disobeys(OutcomeStatus.REJECTED, OutcomeReason.CLOCK_SKEW)
    world.at("1m4s").ticks()


def kept_by_another(world: World) -> None:
    """A controller has taken it over since the look: a human."""
    world.at("0s").fires()
    world.at("1s").obeys()
    world.at("2s").disobeys(OutcomeStatus.REJECTED, OutcomeReason.OWNED_ELSEWHERE)


def no_outcome(world: World) -> None:
    """The executor is never heard of again: the target stays locked, and a human is told."""
    world.at("0s").fires()
    world.at("1s").obeys()
    world.at("3m").ticks()


def nobody_looks(world: World) -> None:
    world.at("0s").fires()
    world.at("2m1s").ticks()


def a_check_fails(world: World) -> None:
    """The alerts are clear and the rollout is not through: it is asked again until it is."""
    world.at("0s").fires()
    world.at("1s").obeys()
    world.at("2s").obeys()
    world.at("5s").clears()
    world.at("12s").ticks()
    world.at("13s").checked(world.only(Command), passed=False)
    world.at("17s").ticks()
    world.at("18s").obeys()


@under(UNDOING)
def undone(world: World) -> None:
    """More replicas do not help: they are taken away again before the next step."""
    world.at("0s").fires()
    world.at("1s").obeys()
    world.at("2s").obeys(undo={"replicas": "3"})
    world.at("1m2s").ticks()
    world.at("1m3s").obeys()
    world.at("1m8s").ticks()


@under(UNDOING)
def undo_fails(world: World) -> None:
    world.at("0s").fires()
    world.at("1s").obeys()
    world.at("2s").obeys(undo={"replicas": "3"})
    world.at("1m2s").ticks()
    world.at("1m3s").disobeys()


def policy_gone(world: World) -> None:
    """Sixteen policies later nobody knows any more how success was to be told."""
    world.at("0s").fires()
    world.at("1s").obeys()
    world.at("2s").obeys()
    for n in range(17):
        world.at("3s").publishes(f"{QUICK}# {n}\n")
    world.at("12s").ticks()


@under(GRADUAL)
def one_pod_at_a_time(world: World) -> None:
    """A portion, its check, the next; the alerts clear after the second."""
    world.at("0s").fires()
    world.at("1s").obeys()
    world.at("2s").obeys()
    world.at("12s").ticks()
    world.at("13s").obeys()
    world.at("15s").ticks()
    world.at("16s").obeys()
    world.at("17s").obeys()
    world.at("20s").clears()
    world.at("27s").ticks()
    world.at("28s").obeys()
    world.at("32s").ticks()
    world.at("33s").obeys()


@under(DRAINING_APPROVED)
def one_yes_drains_a_node(world: World) -> None:
    """Cordoned, two pods evicted, nothing left: then, and only then, its check. What is drained and
    still broken is not uncordoned, and the breaker does not count it."""
    world.at("0s").fires(node="n1")
    world.at("1s").obeys()
    world.at("2s").approves()
    world.at("3s").obeys()
    world.at("4s").obeys(undo={"unschedulable": "true"})
    for n in range(2):
        world.at(f"{6 + 4 * n}s").ticks()
        world.at(f"{7 + 4 * n}s").obeys(marker="a1")
        world.at(f"{8 + 4 * n}s").obeys()
    world.at("14s").ticks()
    world.at("15s").obeys(marker="a1")
    world.at("16s").disobeys(OutcomeStatus.REJECTED, OutcomeReason.NOTHING_TO_DO)
    world.at("26s").ticks()
    world.at("27s").obeys()
    world.at("1m16s").ticks()


@under(DRAINING)
def a_node_that_recovers_is_uncordoned(world: World) -> None:
    """The alerts clear when the first pod has left; so no other goes, and what the first portion
    has done is undone, by its own trace and not by that of the last."""
    world.at("0s").fires(node="n1")
    world.at("1s").obeys()
    world.at("2s").obeys(undo={"unschedulable": "true"})
    world.at("4s").ticks()
    world.at("5s").obeys(marker="a1")
    world.at("6s").clears(node="n1")
    world.at("7s").obeys()
    world.at("17s").ticks()
    world.at("18s").answered(world.every(Command)[-1], OutcomeStatus.FAILED)
    world.at("1m7s").ticks()
    world.at("1m8s").obeys()


@under(DRAINING)
def a_pod_that_cannot_go_yet(world: World) -> None:
    """Its budget says no: again after the step's pause, as often as an incident may try."""
    world.at("0s").fires(node="n1")
    world.at("1s").obeys()
    world.at("2s").obeys(undo={"unschedulable": "true"})
    for n in range(3):
        world.at(f"{4 + 4 * n}s").ticks()
        world.at(f"{5 + 4 * n}s").obeys(marker="a1")
        world.at(f"{6 + 4 * n}s").disobeys(OutcomeStatus.FAILED, OutcomeReason.THROTTLED)
    world.at("16s").ticks()


@under(CONDITIONAL)
def conditions(world: World) -> None:
    """One does not hold, and its step is passed over; one cannot be told, and a human decides."""
    world.at("0s").fires()


def told_first(world: World) -> None:
    """A mild first step tells people and changes nothing; where it is not cured by then, the next
    one does. Once told, they are told of the end too."""
    world.publishes(TELLING)
    world.at("0s").fires()
    world.at("30s").ticks()
    world.at("1m").ticks()
    world.at("1m1s").obeys()
    world.at("1m2s").obeys()
    world.at("1m5s").clears()
    world.at("1m12s").ticks()
    world.at("1m13s").obeys()


def told_without_a_target(world: World) -> None:
    """Telling needs none; what would follow does."""
    world.publishes(TELLING.replace("{deployment}", "{workload}"))
    world.at("0s").fires()
    world.at("1m").ticks()


def told_and_then_it_clears(world: World) -> None:
    """Nothing was ordered, and whoever was told is told that it is over."""
    world.publishes(TELLING)
    world.at("0s").fires()
    world.at("30s").clears()
    world.at("11m").ticks()


def came_with_a_release(world: World) -> None:
    """Somebody deployed ten minutes before: the rollback comes first."""
    world.publishes(quick("correlation: {change_within: 30m}"))
    world.at("0s").deployed()
    world.at("10m").fires()
    world.at("10m5s").ticks()


def more_alerts_join(world: World) -> None:
    """Told each time their number doubles, and to whoever has it after the group's interval."""
    world.at("0s").fires("Unmatched")
    for n in range(5):
        world.at(f"{n + 1}s").fires("Unmatched", pod=f"p{n}")
    world.at("5m").ticks()
    world.at("1h5m").ticks()


def a_quiet_stretch(world: World) -> None:
    """Ten minutes without a decision are sealed as well."""
    world.at("0s").ticks()
    for minute in (4, 8, 12):
        world.at(f"{minute}m").clears("Unmatched")
    world.at("20m").ticks()


def policies_that_are_not_taken(world: World) -> None:
    """The one in force stays."""
    unreadable = PolicyPublished("digest-1", "version: 2", "eve")
    world.at("0s").hears(unreadable, cluster=ALL_CLUSTERS)
    world.hears(PolicyPublished("", QUICK, "eve"), cluster=ALL_CLUSTERS)
    world.hears(LogicActivated(1, "ann"), cluster=ALL_CLUSTERS)
    world.at("1s").fires()


def a_policy_in_between(world: World) -> None:
    """The ladder runs under the policy that it began under, up to its next step."""
    world.at("0s").fires()
    world.at("1s").obeys()
    world.at("2s").publishes(QUICK + "# newer\n")
    world.at("3s").disobeys()
    world.at("8s").ticks()


LADDER: tuple[History, ...] = (
    clears_while_it_waits,
    clears_while_it_looks,
    comes_back,
    moved_on_meanwhile,
    never_in_time,
    fails_after_its_intent,
    refused_by_the_executor,
    cannot_be_spared,
    kept_by_another,
    no_outcome,
    nobody_looks,
    a_check_fails,
    undone,
    undo_fails,
    policy_gone,
    one_pod_at_a_time,
    one_yes_drains_a_node,
    a_node_that_recovers_is_uncordoned,
    a_pod_that_cannot_go_yet,
    conditions,
    told_first,
    told_without_a_target,
    told_and_then_it_clears,
    came_with_a_release,
    more_alerts_join,
    a_quiet_stretch,
    policies_that_are_not_taken,
    a_policy_in_between,
)
