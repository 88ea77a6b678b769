"""What the library does where something has reached its limit: an autoscaler, a volume."""

from collections.abc import Callable
from typing import Any

from schemas.remediation import Command, OutcomeReason, OutcomeStatus
from tests.builders import World
from tests.golden.library import RAISED, alive, begin, cured, fires, says_yes

MAXED_OUT = "KubeHpaMaxedOut"
PEAK = {
    "deployment": "",
    "severity": "warning",
    "job": "kube-state-metrics",
    "horizontalpodautoscaler": "peak",
}
FILLING_UP = "KubePersistentVolumeFillingUp"
DATA = {
    "deployment": "",
    "severity": "warning",
    "job": "kubelet",
    "persistentvolumeclaim": "data-0",
    "node": "n1",
}
DATA_FULL = {**DATA, "severity": "critical"}
NO_PODS: dict[str, Any] = {"replicas_wanted": 0, "replicas_ready": 0, "replicas_updated": 0}
"""Of an autoscaler, or a claim."""


def library_autoscaler_maxed_out(world: World) -> None:
    """A person says yes to two more. Four hours later they are in use, and after that they go."""
    _raised(world)
    world.at("20m").clears(MAXED_OUT, **PEAK)
    world.at("20m30s").ticks()
    world.later("1s").obeys()
    world.at("30m").ticks()
    world.later("1s").obeys()
    world.at("1h1m").ticks()
    world.at("4h18m2s").ticks()
    world.later("1s").disobeys(OutcomeStatus.REJECTED, OutcomeReason.TOO_FEW_HEALTHY)
    world.at("4h28m3s").ticks()
    world.later("1s").obeys()


def library_autoscaler_still_full(world: World) -> None:
    """It takes what it was given and is full again: a human has it, and nothing is taken away."""
    _raised(world)
    world.at("20m").clears(MAXED_OUT, **PEAK)
    world.at("20m30s").ticks()
    world.later("1s").checked(world.only(Command), passed=False)
    world.at("36m").fires(MAXED_OUT, **PEAK)
    world.at("48m3s").ticks()
    world.at("4h18m2s").ticks()


def library_no_room(world: World) -> None:
    """The cluster could not stand the loss of a node: nobody is asked for more replicas."""
    begin(world, RAISED)
    nowhere = {"namespace": "", "deployment": "", "severity": "warning"}
    world.at("10m").fires("KubeMemoryOvercommit", **nowhere)
    fires(world, "15m", MAXED_OUT, **PEAK)
    world.at("17m1s").ticks()
    alive(world, "20m")
    world.at("27m2s").ticks()


def library_two_autoscalers(world: World) -> None:
    """Of one namespace: an incident each, since each is a target."""
    begin(world, RAISED)
    fires(world, "15m", MAXED_OUT, **PEAK)
    world.later("1s").fires(MAXED_OUT, **{**PEAK, "horizontalpodautoscaler": "api"})
    for _ in range(2):
        world.at("17m32s").ticks()


def library_volume_full(world: World) -> None:
    """The warning is told of and stays with people. Nearly full, two of them say yes to more."""
    begin(world, RAISED)
    fires(world, "15m", FILLING_UP, **DATA)
    world.at("15m31s").ticks()
    alive(world, "25m")
    fires(world, "30m", FILLING_UP, **DATA_FULL)
    world.at("31m1s").ticks()
    _looked_at(world, "31m2s")
    world.at("32m").approves("ann", verified=True)
    world.at("33m").approves("bob", verified=True)
    _looked_at(world, "33m1s")
    world.later("1s").answered(world.only(Command), OutcomeStatus.APPLIED)
    cured(world, "36m", FILLING_UP, **DATA_FULL)


def library_volume_wanted_by_one(world: World) -> None:
    """One yes is not enough for what cannot be undone."""
    begin(world, RAISED)
    fires(world, "15m", FILLING_UP, **DATA_FULL)
    world.at("16m1s").ticks()
    _looked_at(world, "16m2s")
    world.at("17m").approves("ann", verified=True)
    world.at("46m3s").ticks()


# What the histories have in common.


def _raised(world: World) -> None:
    begin(world, RAISED)
    fires(world, "15m", MAXED_OUT, **PEAK)
    world.at("17m1s").ticks()
    _looked_at(world, "17m2s")
    says_yes(world.at("18m"))
    _looked_at(world, "18m1s")
    undo = {"max_replicas": "6", "previous": "4"}
    world.later("1s").answered(world.only(Command), OutcomeStatus.APPLIED, undo=undo)


def _looked_at(world: World, when: str) -> None:
    world.at(when).observed(world.every(Command)[-1], **NO_PODS)


CAPACITY_HISTORIES: tuple[Callable[[World], None], ...] = (
    library_autoscaler_maxed_out,
    library_autoscaler_still_full,
    library_no_room,
    library_two_autoscalers,
    library_volume_full,
    library_volume_wanted_by_one,
)
