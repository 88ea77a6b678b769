"""What a status says: which alert, of whom, since when and until when."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.ingest.kubernetes import nodes
from streams.ingest.kubernetes.pods import (
    OOM_FIRES_MS,
    STEADY_MS,
    UNSCHEDULABLE_MS,
    troubles_of,
    waits_as,
)
from streams.ingest.kubernetes.shapes import Pod, Unreadable, read
from streams.ingest.kubernetes.workload import workload
from tests.streams.ingest.kubernetes.objects import (
    HASH,
    MINUTE_MS,
    NOON,
    NOON_MS,
    as_node,
    as_pod,
    ended,
    node,
    pod,
    status,
    waiting,
)

CHECKOUT = {
    "severity": "warning",
    "namespace": "shop",
    "pod": f"checkout-{HASH}-x2x5v",
    "container": "main",
    "node": "node-a",
    "deployment": "checkout",
}


def found(**parts: Any):
    return troubles_of(as_pod(pod(**parts)))


def test_a_healthy_pod_has_no_troubles() -> None:
    assert found() == ()


def test_a_container_killed_for_its_memory_is_told_for_ten_minutes() -> None:
    killed = ended("OOMKilled", 137)
    (one,) = found(containers=[status(last=killed, restarts=1, running={"startedAt": None})])
    assert one.labels == {"alertname": "KubernetesOOMKilled", **CHECKOUT}
    assert one.since_ms == NOON_MS
    assert one.holds(NOON_MS + OOM_FIRES_MS - 1)
    assert one.is_over(NOON_MS + OOM_FIRES_MS)


def test_the_later_of_two_kills_says_how_long() -> None:
    first, second = ended("OOMKilled", 137), ended("OOMKilled", 137, at="2026-11-22T12:07:00Z")
    every = found(containers=[status(last=first, terminated=second)])
    (one,) = (one for one in every if one.labels["alertname"] == "KubernetesOOMKilled")
    assert one.until_ms == NOON_MS + 7 * MINUTE_MS + OOM_FIRES_MS


def test_a_kill_without_a_time_is_not_told_as_of_now() -> None:
    killed = ended("OOMKilled", 137) | {"finishedAt": None}
    (one,) = found(containers=[status(last=killed, running={"startedAt": None})])
    assert not one.holds(NOON_MS)


def test_a_crash_loop_says_how_the_container_ended() -> None:
    loop = waiting("CrashLoopBackOff", "back-off 40s restarting failed container")
    (one,) = found(containers=[status(restarts=4, last=ended(code=3), **loop)])
    assert one.labels == {"alertname": "KubernetesCrashLoopBackOff", **CHECKOUT}
    assert one.description.startswith("last ended with 3 (Error); back-off 40s")
    assert one.holds(NOON_MS)
    assert not one.lingers


def test_a_run_between_two_ends_is_no_end_of_the_loop_and_no_begin() -> None:
    (one,) = found(containers=[status(restarts=4, last=ended())])
    assert one.lingers
    assert one.until_ms == NOON_MS + STEADY_MS
    (over,) = found(containers=[status(restarts=4, terminated=ended())])
    assert over.lingers
    assert over.key == one.key


def test_a_container_that_is_done_does_not_come_back() -> None:
    done = [status(terminated=ended("Completed", 0))]
    assert found(containers=done, restartPolicy="OnFailure") == ()
    assert found(containers=done, restartPolicy="Never") == ()


def names(one: dict[str, Any]) -> list[str]:
    return [trouble.labels["alertname"] for trouble in troubles_of(as_pod(one))]


def test_an_init_container_that_has_ended_well_is_done_and_a_sidecar_is_not() -> None:
    """Its pod may run for months with that status."""
    one = pod()
    done = [status("migrate", restarts=4, last=ended(), terminated=ended("Completed", 0))]
    one["status"]["initContainerStatuses"] = done
    assert names(one) == []
    one["spec"]["initContainers"] = [{"name": "migrate", "restartPolicy": "Always"}]
    assert names(one) == ["KubernetesCrashLoopBackOff"]
    one["spec"]["initContainers"] = [{"name": "migrate"}]
    done[0]["state"] = {"terminated": ended()}
    assert names(one) == ["KubernetesCrashLoopBackOff"]
    one["spec"]["restartPolicy"] = "Never"
    assert names(one) == []


@pytest.mark.parametrize("reason", ["RunContainerError", "ContainerCreating", "PodInitializing"])
def test_what_a_container_waits_for_between_two_ends_is_no_end_of_the_loop(reason: str) -> None:
    (one,) = found(containers=[status(restarts=4, last=ended(), **waiting(reason))])
    assert one.labels == {"alertname": "KubernetesCrashLoopBackOff", **CHECKOUT}
    assert one.lingers


@pytest.mark.parametrize("phase", ["Failed", "Succeeded"])
def test_of_a_pod_that_is_over_only_a_kill_for_memory_is_told(phase: str) -> None:
    """An evicted one is kept for weeks, with its containers as they stood."""
    unscheduled = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}
    states = [
        status(restarts=4, last=ended(), terminated=ended(code=137)),
        status("image", **waiting("ErrImagePull")),
        status("loop", **waiting("CrashLoopBackOff")),
        status("new", **waiting("ContainerCreating")),
    ]
    one = pod(containers=states, conditions=[unscheduled])
    one["status"]["phase"] = phase
    assert names(one) == []
    assert waits_as(as_pod(one)) is None
    states.append(status("killed", terminated=ended("OOMKilled", 137)))
    assert names(one) == ["KubernetesOOMKilled"]


@pytest.mark.parametrize("reason", ["ImagePullBackOff", "ErrImagePull", "InvalidImageName"])
def test_all_that_keeps_an_image_away_is_one_alert(reason: str) -> None:
    (one,) = found(containers=[status(**waiting(reason, "not found"))])
    assert one.labels == {"alertname": "KubernetesImagePullBackOff", **CHECKOUT}
    assert reason in one.summary
    assert one.description == "not found"


def test_init_containers_are_looked_at_too() -> None:
    one = pod()
    one["status"]["initContainerStatuses"] = [status("migrate", **waiting("ErrImagePull"))]
    (trouble,) = troubles_of(as_pod(one))
    assert trouble.labels["container"] == "migrate"


def test_a_pod_that_no_node_takes_is_told_when_no_autoscaler_has_helped() -> None:
    condition = {
        "type": "PodScheduled",
        "status": "False",
        "reason": "Unschedulable",
        "lastTransitionTime": "2026-11-22T12:00:00Z",
        "message": "0/3 nodes are available: 3 Insufficient cpu.",
    }
    (one,) = found(conditions=[condition], containers=[], nodeName="")
    assert one.labels["alertname"] == "KubernetesFailedScheduling"
    assert "node" not in one.labels
    assert not one.holds(NOON_MS + UNSCHEDULABLE_MS - 1)
    assert one.holds(NOON_MS + UNSCHEDULABLE_MS)
    assert one.since_ms == NOON_MS
    assert found(conditions=[condition | {"reason": "SchedulingGated"}], containers=[]) == ()
    (same,) = found(
        conditions=[condition | {"reason": "SchedulerError"}], containers=[], nodeName=""
    )
    assert same.key == one.key


def test_nothing_is_wrong_with_a_pod_that_is_being_deleted() -> None:
    one = pod(containers=[status(**waiting("ErrImagePull"))])
    one["metadata"]["deletionTimestamp"] = "2026-11-22T12:00:00Z"
    assert troubles_of(as_pod(one)) == ()


@pytest.mark.parametrize(
    ("owner", "labels", "expected"),
    [
        (
            ("ReplicaSet", f"checkout-{HASH}"),
            {"pod-template-hash": HASH},
            {"deployment": "checkout"},
        ),
        (
            ("ReplicaSet", f"cart-{HASH}"),
            {"rollouts-pod-template-hash": HASH},
            {"rollout": "cart"},
        ),
        # The label is anybody's to write: only the name that really ends with it is cut.
        (
            ("ReplicaSet", "checkout-abc"),
            {"pod-template-hash": HASH},
            {"replicaset": "checkout-abc"},
        ),
        (("ReplicaSet", "check-out"), {"pod-template-hash": ""}, {"replicaset": "check-out"}),
        (("ReplicaSet", f"-{HASH}"), {"pod-template-hash": HASH}, {"replicaset": f"-{HASH}"}),
        (("StatefulSet", "db"), {}, {"statefulset": "db"}),
        (("DaemonSet", "agent"), {}, {"daemonset": "agent"}),
        (("Job", "nightly-29384"), {}, {"job": "nightly-29384"}),
        # A static pod's owner is its node, and a label of that name is another thing.
        (("Node", "node-a"), {}, {"owner_kind": "Node", "owner": "node-a"}),
        (None, {}, {}),
    ],
)
def test_whose_pod_it_is(
    owner: tuple[str, str] | None, labels: dict[str, str], expected: dict[str, str]
) -> None:
    assert workload(as_pod(pod(owner=owner, labels=labels)).metadata) == expected


def test_a_node_that_is_not_ready_is_told_since_it_is_not() -> None:
    assert nodes.troubles_of(as_node(node())) == ()
    for said in ("False", "Unknown"):
        (one,) = nodes.troubles_of(as_node(node(ready=said)))
        assert one.labels == {
            "alertname": "KubernetesNodeNotReady",
            "severity": "critical",
            "node": "node-a",
        }
        assert one.since_ms == NOON_MS
        assert one.holds(NOON_MS)
    gone = node(ready="Unknown", deletionTimestamp="2026-11-22T12:00:00Z")
    assert nodes.troubles_of(as_node(gone)) == ()


def test_a_node_that_joins_may_take_five_minutes() -> None:
    (one,) = nodes.troubles_of(as_node(node(ready="False", creationTimestamp=NOON)))
    assert not one.holds(NOON_MS + nodes.JOINING_MS - 1)
    assert one.holds(NOON_MS + nodes.JOINING_MS)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.just(ended("OOMKilled")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@given(VALUES, VALUES, VALUES)
def test_whatever_a_status_holds_is_read_or_named_unreadable(a: Any, b: Any, c: Any) -> None:
    one = pod(containers=[status(restarts=1) | {"state": a, "lastState": b}])
    one["status"]["conditions"] = c
    try:
        made = read(Pod, json.dumps(one).encode())
    except Unreadable:
        return
    assert all(trouble.labels["pod"] for trouble in troubles_of(made))
