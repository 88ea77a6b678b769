"""Pods as real processes: probes, crashes, memory, configuration, and their end."""

import json
import os
import signal
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client, watch

from deploy.sandbox.cluster import manifests
from deploy.sandbox.cluster.handle import Cluster
from deploy.sandbox.cluster.manifests import Checkout
from tests.deploy.sandbox.cluster import workloads
from tests.deploy.sandbox.cluster.conftest import DEADLINE_S, Clients, eventually

STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, lambda *_: print("no", flush=True))
print("up", flush=True)
while True:
    time.sleep(0.05)
"""
GRACE_S = 6
"""Long enough to be heard by who does not listen, on a machine that stands still meanwhile."""


class Shop:
    """A checkout deployment in the namespace of the test."""

    def __init__(self, cluster: Cluster, kube: Clients, namespace: str) -> None:
        self.cluster, self.kube, self.namespace = cluster, kube, namespace

    def start(self, **options: Any) -> None:
        body = manifests.deployment(Checkout(namespace=self.namespace, **options))
        self.kube.apps.create_namespaced_deployment(self.namespace, body)

    def addresses(self) -> list[str]:
        query = f"deployment=checkout&namespace={self.namespace}"
        with urllib.request.urlopen(
            f"{self.cluster.url}/sd/ready?{query}", timeout=DEADLINE_S
        ) as answer:
            return json.load(answer)

    def ready(self, count: int) -> list[str]:
        """Addresses once so many are ready."""
        return eventually(
            lambda: found if len(found := self.addresses()) == count else [],
            f"{count} ready pods",
        )

    def pod(self) -> client.V1Pod:
        """The only one, once it is there."""
        (pod,) = eventually(
            lambda: self.kube.core.list_namespaced_pod(self.namespace).items, "the pod"
        )
        return pod

    def status(self) -> client.V1ContainerStatus:
        (status,) = self.pod().status.container_statuses
        return status


@pytest.fixture
def shop(cluster: Cluster, kube: Clients, namespace: str) -> Shop:
    return Shop(cluster, kube, namespace)


def ask(address: str, path: str = "/checkout", data: bytes | None = None) -> int:
    try:
        with urllib.request.urlopen(
            f"http://{address}{path}", data=data, timeout=DEADLINE_S
        ) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def pod_status(kube: Clients, namespace: str, name: str = "alone") -> client.V1ContainerStatus:
    pod = kube.core.read_namespaced_pod(name, namespace)
    return (pod.status.container_statuses or [None])[0]


def test_checkout_runs_answers_and_is_found(shop: Shop):
    shop.start(replicas=2)
    addresses = shop.ready(2)
    assert [ask(address) for address in addresses] == [200, 200]
    with urllib.request.urlopen(f"{shop.cluster.url}/sd/targets", timeout=DEADLINE_S) as answer:
        targets = [one for one in json.load(answer) if one["labels"]["namespace"] == shop.namespace]
    assert sorted(one["targets"][0] for one in targets) == sorted(addresses)
    labels = targets[0]["labels"]
    assert labels.pop("pod").startswith("checkout-")
    assert labels == {
        "cluster": "demo",
        "namespace": shop.namespace,
        "deployment": "checkout",
        "service": "checkout",
    }


def test_a_pod_says_where_it_is(shop: Shop):
    shop.start(replicas=1)
    (address,) = shop.ready(1)
    pod = shop.pod()
    assert pod.status.pod_ip == "127.0.0.1"
    assert address.endswith(":" + pod.metadata.annotations["sandbox.mendlog.io/port"])
    conditions = {one.type: one.status for one in pod.status.conditions}
    assert conditions == {
        "PodScheduled": "True",
        "Initialized": "True",
        "ContainersReady": "True",
        "Ready": "True",
    }
    assert shop.status().state.running.started_at is not None


def test_a_rolling_restart_cures_a_leak_and_no_request_fails_meanwhile(shop: Shop):
    """The whole point: fault, failure, restart through the API, cure."""
    shop.start(replicas=2, env=manifests.DEMO_ENV | {"HEAP_MB": "1"})
    leaking = shop.ready(2)
    for address in leaking:
        ask(address, "/faults", b'{"leak_kb_per_request": 1024}')
        ask(address)
    assert [ask(address) for address in leaking] == [500, 500]
    annotations = {"kubectl.kubernetes.io/restartedAt": "now"}
    patch = {"spec": {"template": {"metadata": {"annotations": annotations}}}}
    shop.kube.apps.patch_namespaced_deployment("checkout", shop.namespace, patch)
    eventually(
        lambda: len(found := shop.addresses()) == 2 and not set(found) & set(leaking),
        "new pods only",
    )
    assert [ask(address) for address in shop.addresses()] == [200, 200]


def test_a_killed_process_is_started_again_and_counted(shop: Shop):
    shop.start(replicas=1)
    shop.ready(1)
    before = shop.status()
    os.kill(process_of(before), signal.SIGKILL)
    eventually(lambda: shop.status().restart_count == 1 and shop.status().ready, "the restart")
    after = shop.status()
    assert after.last_state.terminated.exit_code == 137
    assert after.last_state.terminated.reason == "Error"
    assert process_of(after) != process_of(before)
    assert [ask(address) for address in shop.ready(1)] == [200]


def process_of(status: client.V1ContainerStatus) -> int:
    return int(status.container_id.removeprefix("process://"))


def test_a_process_that_stops_answering_is_replaced(shop: Shop):
    probe = {
        "httpGet": {"path": "/healthz", "port": "http"},
        "periodSeconds": 1,
        "failureThreshold": 2,
    }
    body = manifests.deployment(Checkout(namespace=shop.namespace, replicas=1))
    spec = body["spec"]["template"]["spec"]
    spec["terminationGracePeriodSeconds"] = 1
    spec["containers"][0]["livenessProbe"] = probe
    shop.kube.apps.create_namespaced_deployment(shop.namespace, body)
    shop.ready(1)
    before = shop.status()  # A slow machine may have cost it a life already.
    os.kill(process_of(before), signal.SIGSTOP)
    eventually(lambda: shop.status().restart_count > before.restart_count, "the liveness restart")
    shop.ready(1)
    reasons = {one.reason for one in shop.kube.core.list_namespaced_event(shop.namespace).items}
    assert {"Unhealthy", "Killing"} <= reasons


def test_readiness_comes_and_goes(shop: Shop):
    shop.start(replicas=1)
    shop.ready(1)
    process = process_of(shop.status())
    # Stopped, it cannot answer; liveness has more patience than readiness.
    os.kill(process, signal.SIGSTOP)
    eventually(lambda: not shop.status().ready, "unreadiness")
    assert shop.addresses() == []
    os.kill(process, signal.SIGCONT)
    shop.ready(1)
    assert shop.status().restart_count == 0


def test_a_slow_start_is_not_ready_yet_and_not_restarted(shop: Shop):
    """A watch leaves out no moment, however late we look."""
    pods = shop.kube.core.list_namespaced_pod
    before = pods(shop.namespace).metadata.resource_version
    shop.start(replicas=1, env={"WARMUP_MS": "1500"})
    seen: list[tuple[bool, bool, bool]] = []
    for event in watch.Watch().stream(pods, shop.namespace, resource_version=before):
        for one in event["object"].status.container_statuses or ():
            seen.append((one.state.running is not None, one.started, one.ready))
        if (True, True, True) in seen:
            break
    assert (True, False, False) in seen
    assert shop.status().restart_count == 0


def test_a_crash_loop_waits_longer_each_time(kube: Clients, namespace: str):
    kube.core.create_namespaced_pod(namespace, workloads.pod(command=["false"]))

    def waiting() -> client.V1ContainerStatus | None:
        status = pod_status(kube, namespace)
        waits = (
            status
            and status.restart_count >= 1
            and status.state.waiting
            and status.state.waiting.reason == "CrashLoopBackOff"
        )
        return status if waits else None

    status = eventually(waiting, "the back-off")
    assert status.last_state.terminated.exit_code == 1
    assert not status.ready
    eventually(lambda: pod_status(kube, namespace).restart_count >= 2, "the second restart")


@pytest.mark.parametrize(
    ("command", "policy", "phase"),
    [
        (["true"], "Never", "Succeeded"),
        (["false"], "Never", "Failed"),
        (["true"], "OnFailure", "Succeeded"),
    ],
)
def test_pods_that_end(kube: Clients, namespace: str, command: list[str], policy: str, phase: str):
    kube.core.create_namespaced_pod(namespace, workloads.pod(command=command, restartPolicy=policy))
    eventually(
        lambda: kube.core.read_namespaced_pod("alone", namespace).status.phase == phase, phase
    )
    assert pod_status(kube, namespace).restart_count == 0


def test_more_memory_than_the_limit_is_the_end(kube: Clients, namespace: str):
    glutton = ["python", "-c", "import time; hoard = b'x' * 120_000_000; time.sleep(99)"]
    body = workloads.pod(command=glutton, restartPolicy="Never")
    body["spec"]["containers"][0]["resources"] = {"limits": {"memory": "64Mi"}}
    kube.core.create_namespaced_pod(namespace, body)
    ended = eventually(
        lambda: (status := pod_status(kube, namespace)) and status.state.terminated, "its end"
    )
    assert (ended.reason, ended.exit_code) == ("OOMKilled", 137)


@pytest.mark.usefixtures("cluster")  # it serves logs
def test_a_pod_gets_its_environment_from_everywhere(kube: Clients, namespace: str):
    kube.core.create_namespaced_config_map(
        namespace, {"metadata": {"name": "flags"}, "data": {"DEGRADED_MODE": "1", "B": "from map"}}
    )
    show = "import json, os; print(json.dumps(dict(os.environ)))"
    body = workloads.pod(command=["python", "-c", show], restartPolicy="Never")
    body["spec"]["containers"][0] |= {
        "envFrom": [{"configMapRef": {"name": "flags"}}],
        "env": [
            {"name": "A", "value": "plain"},
            {"name": "B", "value": "own"},
            {"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
            {"name": "APP", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['app']"}}},
            {"name": "FLAG", "valueFrom": {"configMapKeyRef": {"name": "flags", "key": "B"}}},
        ],
    }
    kube.core.create_namespaced_pod(namespace, body)
    eventually(
        lambda: kube.core.read_namespaced_pod("alone", namespace).status.phase == "Succeeded",
        "its end",
    )
    env = json.loads(kube.core.read_namespaced_pod_log("alone", namespace))
    assert (env["A"], env["B"], env["DEGRADED_MODE"], env["FLAG"], env["APP"]) == (
        "plain",
        "own",
        "1",
        "from map",
        "alone",
    )
    assert env["NODE"].startswith("node-")
    assert "PYTEST_CURRENT_TEST" not in env, "nothing of ours leaks in"


def test_a_missing_config_map_keeps_the_container_waiting(kube: Clients, namespace: str):
    body = workloads.pod()
    body["spec"]["containers"][0]["envFrom"] = [{"configMapRef": {"name": "later"}}]
    kube.core.create_namespaced_pod(namespace, body)

    def reason() -> str:
        status = pod_status(kube, namespace)
        return status.state.waiting.reason if status and status.state.waiting else ""

    eventually(lambda: reason() == "CreateContainerConfigError", "the refusal")
    kube.core.create_namespaced_config_map(namespace, {"metadata": {"name": "later"}})
    eventually(lambda: pod_status(kube, namespace).ready, "the start after all")


@pytest.mark.parametrize("command", [["/no/such/program"], None])
def test_what_cannot_be_started_says_why(kube: Clients, namespace: str, command):
    body = workloads.pod(command=command)
    if command is None:
        del body["spec"]["containers"][0]["command"]
    kube.core.create_namespaced_pod(namespace, body)

    def waiting() -> bool:
        status = pod_status(kube, namespace)
        return bool(status and status.state.waiting and status.state.waiting.message)

    eventually(waiting, "a reason")
    assert kube.core.read_namespaced_pod("alone", namespace).status.phase == "Pending"


def test_sigterm_first_and_sigkill_after_the_grace(cluster: Cluster, kube: Clients, namespace: str):
    """Its log outlives it, so nothing has to be seen within the grace."""
    kube.core.create_namespaced_pod(
        namespace,
        workloads.pod(command=["python", "-c", STUBBORN], terminationGracePeriodSeconds=GRACE_S),
    )
    eventually(lambda: "up" in kube.core.read_namespaced_pod_log("alone", namespace), "its start")
    process = process_of(pod_status(kube, namespace))
    (log,) = (Path(cluster.log_file).parent / "logs").glob(f"{namespace}_alone_*/*/0.log")
    started_s = time.monotonic()
    kube.core.delete_namespaced_pod("alone", namespace)
    eventually(lambda: not os.path.exists(f"/proc/{process}"), "SIGKILL")
    assert time.monotonic() - started_s >= GRACE_S
    assert log.read_text() == "up\nno\n"
    eventually(lambda: kube.core.list_namespaced_pod(namespace).items == [], "the pod to be gone")


@pytest.mark.usefixtures("cluster")  # it serves logs
def test_a_forced_deletion_takes_the_process_at_once(kube: Clients, namespace: str):
    kube.core.create_namespaced_pod(namespace, workloads.pod(command=["python", "-c", STUBBORN]))
    eventually(lambda: "up" in kube.core.read_namespaced_pod_log("alone", namespace), "its start")
    process = process_of(pod_status(kube, namespace))
    kube.core.delete_namespaced_pod("alone", namespace, grace_period_seconds=0)
    assert kube.core.list_namespaced_pod(namespace).items == []
    eventually(lambda: not os.path.exists(f"/proc/{process}"), "its end")


@pytest.mark.usefixtures("cluster")  # it serves logs
def test_logs_of_this_run_and_the_one_before(kube: Clients, namespace: str):
    command = ["sh", "-c", "echo one; echo two; false"]
    kube.core.create_namespaced_pod(namespace, workloads.pod(command=command))
    eventually(
        lambda: (status := pod_status(kube, namespace)) and status.restart_count >= 1, "a restart"
    )
    read = kube.core.read_namespaced_pod_log
    assert read("alone", namespace, previous=True) == "one\ntwo\n"
    eventually(lambda: read("alone", namespace, tail_lines=1) == "two\n", "this run's log")


def test_nothing_is_left_of_a_pod_but_its_log(cluster: Cluster, kube: Clients, namespace: str):
    made = kube.core.create_namespaced_pod(namespace, workloads.pod())
    eventually(lambda: pod_status(kube, namespace), "its start")
    folder = Path(cluster.log_file).parent / "run" / made.metadata.uid
    assert folder.exists()
    kube.core.delete_namespaced_pod("alone", namespace)
    eventually(lambda: not folder.exists(), "its folder to be gone")
