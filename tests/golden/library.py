"""What the library of playbooks does: the policy that is shipped, allowed to act in `shop`.

Each history begins with a release, unless it says otherwise, and Prometheus tells of itself every
five minutes.
"""

from collections.abc import Callable
from typing import Any

from deploy.policies.where import LIBRARY
from schemas.controls import Control, ControlKind
from schemas.notices import Notice
from schemas.remediation import Command, OutcomeStatus
from streams.policy.parts import text_of
from tests.builders import World

SHIPPED = text_of(LIBRARY).replace("namespaces: []", "namespaces: [shop]")
RAISED = SHIPPED.replace("mode: shadow\n", "mode: auto\n    trusted: a golden's own\n")
"""The same, as a team has it that has watched it for long."""
STUCK = "KubeDeploymentRolloutStuck"
BROKEN: dict[str, Any] = {"replicas_ready": 1, "replicas_updated": 2}


def library_stuck_rollout(world: World) -> None:
    """A release that never becomes ready goes back to the one before, once."""
    begin(world, RAISED)
    fires(world, "25m", STUCK)
    _rolled_back(world, "27m31s")
    cured(world, "36m", STUCK)


def library_stuck_again(world: World) -> None:
    """It is stuck once more within the hour: the release before that one is not tried."""
    library_stuck_rollout(world)
    alive(world, "55m")
    _released(world.at("56m"))
    fires(world, "1h20m", STUCK)
    world.at("1h22m31s").ticks()


def library_missing_replicas(world: World) -> None:
    """It may be the cluster that is full: a person says yes, whatever the mode."""
    begin(world, RAISED)
    fires(world, "15m", "KubeDeploymentReplicasMismatch")
    world.at("17m31s").ticks()
    world.at("17m32s").observed(world.only(Command), **BROKEN)
    says_yes(world.at("18m"))
    _acted(world, "18m1s")
    cured(world, "26m", "KubeDeploymentReplicasMismatch")


def library_crash_loop(world: World) -> None:
    """Three pods crash, and the rollout is stuck as well: one incident, one cure."""
    begin(world, RAISED)
    for pod in ("a", "b", "c"):
        _crashes(world, "15m", pod)
    _rolled_back(world, "17m31s")
    fires(world, "25m", STUCK)
    for pod in ("a", "b", "c"):
        world.at("25m30s").clears("KubePodCrashLooping", **_pod(pod), deployment="checkout")
    cured(world, "26m", STUCK)


def library_one_pod_crashes(world: World) -> None:
    """It may be its node that is at fault: a person is asked, and does not answer."""
    begin(world, RAISED)
    _crashes(world, "15m", "a")
    world.at("17m31s").ticks()
    world.at("17m32s").observed(world.only(Command), **BROKEN)
    world.at("32m33s").ticks()


def library_container_waiting(world: World) -> None:
    """An image that is not there. It may be the registry: a person says yes, whatever the mode."""
    begin(world, RAISED)
    labels = {**_pod("a"), "reason": "ImagePullBackOff"}
    fires(world, "1h", "KubeContainerWaiting", **labels)
    world.at("1h2m31s").ticks()
    world.at("1h2m32s").observed(world.only(Command), **BROKEN)
    says_yes(world.at("1h3m"))
    _acted(world, "1h3m1s")
    cured(world, "1h11m", "KubeContainerWaiting", **labels)


def library_in_shadow(world: World) -> None:
    """As it is shipped: it says what it would do, hands over, and is told what people think."""
    begin(world, SHIPPED)
    fires(world, "25m", STUCK)
    world.at("27m31s").ticks()
    world.at("27m32s").observed(world.only(Command), **BROKEN)
    says_yes(world.at("30m"))


def library_no_release(world: World) -> None:
    """Nobody told of a release: nothing is undone, and a human has it."""
    world.at("0s").publishes(RAISED)
    fires(world, "25m", STUCK)
    world.at("27m31s").ticks()


def library_no_deployment_label(world: World) -> None:
    """An alert as kube-prometheus ships it names a pod, from which no target can be told."""
    begin(world, RAISED)
    alive(world, "15m")
    world.at("15m").fires("KubePodCrashLooping", deployment="", **_pod("a"))
    world.at("15m31s").ticks()


def library_api_burns(world: World) -> None:
    """The API server's error budget burns: held, and after ten minutes a human has it."""
    begin(world, RAISED)
    burning = {"namespace": "", "deployment": "", "severity": "critical"}
    world.at("24m").fires("KubeAPIErrorBudgetBurn", **burning)
    fires(world, "25m", STUCK)
    world.at("27m31s").ticks()
    alive(world, "30m")
    alive(world, "37m")
    world.at("37m32s").ticks()


def library_own_targets_down(world: World) -> None:
    """The broken release silences its own targets: that does not keep it from being undone."""
    begin(world, RAISED)
    down = {"job": "checkout", "deployment": "", "severity": "warning"}
    world.at("12m").fires("TargetDown", **down)
    fires(world, "25m", STUCK)
    _rolled_back(world, "27m31s")


def library_watchdog_gone(world: World) -> None:
    """Prometheus has not been heard of for ten minutes: what it said last is no basis."""
    begin(world, RAISED)
    fires(world, "25m", STUCK)
    world.at("35m1s").ticks()
    world.at("45m2s").ticks()


def library_node_gone(world: World) -> None:
    """Two alerts of one node and those of its pods are one incident: may it be drained?"""
    begin(world, RAISED)
    node = {"namespace": "monitoring", "deployment": "", "severity": "warning", "node": "n1"}
    alive(world, "15m")
    _crashes(world, "15m", "a", node="n1")
    world.at("15m1s").fires("KubeNodeNotReady", **node)
    world.at("15m2s").fires("KubeNodeUnreachable", **node)
    _crashes(world, "15m3s", "b", node="n1")
    world.at("15m32s").ticks()
    world.at("20m2s").ticks()
    world.at("20m3s").obeys()


def library_signs_of_life(world: World) -> None:
    """Watchdog and InfoInhibitor fire for good, and nobody is told; nor is information alone."""
    world.at("0s").publishes(SHIPPED)
    alive(world, "0s")
    none = {"deployment": "", "severity": "none"}
    world.at("1s").fires("InfoInhibitor", **none)
    world.at("2s").fires("CPUThrottlingHigh", deployment="", severity="info", pod="a")
    world.at("1m").ticks()
    world.at("5h").ticks()


# What the histories have in common.


def begin(world: World, policy: str) -> None:
    world.at("0s").publishes(policy)
    _released(world)


def _released(world: World) -> None:
    release = {"namespace": "shop", "kind": "Deployment", "name": "checkout", "revision": "7"}
    _orders(world, ControlKind.CHANGE, "ci", release)


def says_yes(world: World) -> None:
    asked = next(n for n in reversed(world.every(Notice)) if n.proposal)
    proposal = {"incident": asked.incident_id, "proposal": asked.proposal}
    _orders(world, ControlKind.APPROVE, "ann", proposal)


def _orders(world: World, kind: ControlKind, by: str, parameters: dict[str, str]) -> None:
    number, now_ms = f"order-{world.offset}", world.now_ms
    world.hears(Control(number, world.cluster, kind, by, "", now_ms, None, parameters))


def alive(world: World, when: str) -> None:
    labels = {"namespace": "monitoring", "deployment": "", "severity": "none"}
    world.at(when).fires("Watchdog", **labels)


def fires(world: World, when: str, name: str, **labels: Any) -> None:
    alive(world, when)
    labels = {"severity": "warning", "job": "kube-state-metrics", **labels}
    world.at(when).fires(name, **labels)


def _crashes(world: World, when: str, pod: str, **labels: str) -> None:
    fires(world, when, "KubePodCrashLooping", **_pod(pod), **labels)


def _pod(pod: str) -> dict[str, str]:
    return {
        "job": "kube-state-metrics",
        "severity": "warning",
        "pod": f"checkout-7d-{pod}",
        "container": "app",
        "reason": "CrashLoopBackOff",
    }


def _rolled_back(world: World, when: str) -> None:
    world.at(when).ticks()
    world.at(when).later("1s").observed(world.only(Command), **BROKEN)
    world.later("1s")
    world.answered(world.only(Command), OutcomeStatus.APPLIED)


def _acted(world: World, when: str) -> None:
    """After a yes the target is looked at once more."""
    world.at(when).observed(world.every(Command)[-1], **BROKEN)
    world.later("1s").answered(world.only(Command), OutcomeStatus.APPLIED)


def cured(world: World, when: str, name: str, **labels: Any) -> None:
    """The alert clears, the rollout is complete, and it stays so for five minutes."""
    labels = {"severity": "warning", "job": "kube-state-metrics", **labels}
    world.at(when).clears(name, **labels)
    world.checked(world.every(Command)[-1], passed=True)
    world.later("5m").ticks()
    world.checked(world.every(Command)[-1], passed=True)


LIBRARY_HISTORIES: tuple[Callable[[World], None], ...] = (
    library_stuck_rollout,
    library_stuck_again,
    library_missing_replicas,
    library_crash_loop,
    library_one_pod_crashes,
    library_container_waiting,
    library_in_shadow,
    library_no_release,
    library_no_deployment_label,
    library_api_burns,
    library_own_targets_down,
    library_watchdog_gone,
    library_node_gone,
    library_signs_of_life,
)
