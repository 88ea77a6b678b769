"""Objects as an API server writes them, whole: most of a pod is nothing that the watcher reads."""

import json
from typing import Any

from streams.ingest.kubernetes.shapes import Event, Node, Pod, Workload, read

HASH = "7d4b9c6f5"
NOON = "2026-11-22T12:00:00Z"
NOON_MS = 1_795_348_800_000
MINUTE_MS = 60_000


def pod(
    name: str = f"checkout-{HASH}-x2x5v",
    *,
    uid: str = "u1",
    containers: list[dict[str, Any]] | None = None,
    conditions: list[dict[str, Any]] | None = None,
    owner: tuple[str, str] | None = ("ReplicaSet", f"checkout-{HASH}"),
    labels: dict[str, str] | None = None,
    **spec: Any,
) -> dict[str, Any]:
    chosen = {"app": "checkout", "pod-template-hash": HASH} if labels is None else labels
    owners = [
        {
            "apiVersion": "apps/v1",
            "kind": kind,
            "name": owned_by,
            "uid": "0a1b",
            "controller": True,
            "blockOwnerDeletion": True,
        }
        for kind, owned_by in [owner or ("", "")]
        if kind
    ]
    return {
        "metadata": {
            "name": name,
            "generateName": f"checkout-{HASH}-",
            "namespace": "shop",
            "uid": uid,
            "resourceVersion": "81",
            "creationTimestamp": NOON,
            "labels": chosen,
            "ownerReferences": owners or None,
            "managedFields": [_writer("kube-controller-manager"), _writer("kubelet")],
        },
        "spec": {
            "volumes": [{"name": "token", "projected": {"defaultMode": 420}}],
            "containers": [_container("main"), _container("proxy")],
            "restartPolicy": "Always",
            "nodeName": "node-a",
            "tolerations": [{"key": "node.kubernetes.io/not-ready", "operator": "Exists"}],
            **spec,
        },
        "status": {
            "phase": "Running",
            "conditions": conditions,
            "hostIP": "10.0.0.1",
            "containerStatuses": [status()] if containers is None else containers,
            "qosClass": "Burstable",
        },
    }


def status(name: str = "main", restarts: int = 0, last: Any = None, **state: Any) -> dict[str, Any]:
    return {
        "name": name,
        "state": state or {"running": {"startedAt": NOON}},
        "lastState": {"terminated": last} if last else {},
        "ready": not state,
        "restartCount": restarts,
        "image": "example/main:1",
        "imageID": "example/main@sha256:0",
        "containerID": "containerd://1",
        "started": True,
    }


def ended(reason: str = "Error", code: int = 1, at: str = NOON) -> dict[str, Any]:
    return {"exitCode": code, "reason": reason, "startedAt": NOON, "finishedAt": at}


def waiting(reason: str, message: str = "") -> dict[str, Any]:
    return {"waiting": {"reason": reason, **({"message": message} if message else {})}}


def node(name: str = "node-a", ready: str = "True", at: str = NOON, **meta: Any) -> dict[str, Any]:
    condition = {"type": "Ready", "status": ready, "lastTransitionTime": at}
    told = {"reason": "KubeletReady" if ready == "True" else "NodeStatusUnknown", "message": "m"}
    pressure = {"type": "MemoryPressure", "status": "False", "reason": "KubeletHasSufficientMemory"}
    return {
        "metadata": {"name": name, "uid": f"node-{name}", "resourceVersion": "7", **meta},
        "spec": {"podCIDR": "10.1.0.0/24"},
        "status": {"conditions": [pressure, condition | told], "images": []},
    }


def deployment(
    generation: int = 1, image: str = "example/main:1", mark: str = "", uid: str = "d1"
) -> dict[str, Any]:
    notes = {"deployment.kubernetes.io/revision": "1"}
    template = {"metadata": {"labels": {"app": "c"}}, "spec": {"containers": [{"image": image}]}}
    return {
        "metadata": {
            "name": "checkout",
            "namespace": "shop",
            "uid": uid,
            "generation": generation,
            "annotations": notes | ({"mendlog.io/last-command": mark} if mark else {}),
        },
        "spec": {"replicas": 3, "selector": {}, "template": template},
        "status": {"observedGeneration": generation},
    }


def event(
    reason: str = "FailedMount", *, about: str = "u1", uid: str = "e1", count: int = 1, **more: Any
) -> dict[str, Any]:
    return {
        "metadata": {"name": "checkout.1", "namespace": "shop", "uid": uid},
        "involvedObject": {"kind": "Pod", "namespace": "shop", "name": "checkout", "uid": about},
        "reason": reason,
        "message": 'MountVolume.SetUp failed for volume "token"',
        "source": {"component": "kubelet", "host": "node-a"},
        "firstTimestamp": NOON,
        "lastTimestamp": NOON,
        "count": count,
        "type": "Warning",
        "eventTime": None,
        "reportingComponent": "kubelet",
        "reportingInstance": "node-a",
        **more,
    }


def _writer(manager: str) -> dict[str, Any]:
    fields = {"f:metadata": {"f:labels": {f"f:label-{n}": {} for n in range(8)}}}
    return {"manager": manager, "operation": "Update", "time": NOON, "fieldsV1": fields}


def _container(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "image": "example/main:1",
        "env": [{"name": f"SETTING_{n}", "value": "some value " * 3} for n in range(20)],
        "resources": {"limits": {"memory": "256Mi"}, "requests": {"cpu": "100m"}},
        "livenessProbe": {"httpGet": {"path": "/-/healthy", "port": 8080}, "periodSeconds": 10},
    }


def as_pod(found: dict[str, Any]) -> Pod:
    return read(Pod, json.dumps(found).encode())


def as_node(found: dict[str, Any]) -> Node:
    return read(Node, json.dumps(found).encode())


def as_workload(found: dict[str, Any]) -> Workload:
    return read(Workload, json.dumps(found).encode())


def as_event(found: dict[str, Any]) -> Event:
    return read(Event, json.dumps(found).encode())
