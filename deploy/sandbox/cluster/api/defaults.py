"""Values that the API server fills in when the author left them out."""

from deploy.sandbox.cluster.api import pod_defaults, service_defaults, workload_defaults
from deploy.sandbox.cluster.objects import Json

NAME_LABEL = "kubernetes.io/metadata.name"
AVERAGE_CPU: Json = {
    "type": "Resource",
    "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}},
}

WITH_SPEC = frozenset(
    {
        "CronJob",
        "DaemonSet",
        "Deployment",
        "HorizontalPodAutoscaler",
        "Ingress",
        "Job",
        "Lease",
        "Namespace",
        "Node",
        "PersistentVolume",
        "PersistentVolumeClaim",
        "Pod",
        "PodDisruptionBudget",
        "ReplicaSet",
        "Service",
        "StatefulSet",
    }
)

NEVER_OMITTED: dict[str, Json] = {
    "DaemonSet": {
        "currentNumberScheduled": 0,
        "desiredNumberScheduled": 0,
        "numberMisscheduled": 0,
        "numberReady": 0,
    },
    "HorizontalPodAutoscaler": {"desiredReplicas": 0},
    "Ingress": {"loadBalancer": {}},
    "Namespace": {"phase": "Active"},
    "PersistentVolume": {"phase": "Pending"},
    "PersistentVolumeClaim": {"phase": "Pending"},
    "Pod": {"phase": "Pending"},
    "PodDisruptionBudget": {
        "currentHealthy": 0,
        "desiredHealthy": 0,
        "disruptionsAllowed": 0,
        "expectedPods": 0,
    },
    "ReplicaSet": {"replicas": 0},
    "Service": {"loadBalancer": {}},
    "StatefulSet": {"availableReplicas": 0, "replicas": 0},
}
"""Parts of a status that are there even before anybody has written one."""


def fill(kind: str, obj: Json) -> None:
    """Change `obj`, a fresh copy, in place."""
    if kind in NEVER_OMITTED:
        obj["status"] = {**NEVER_OMITTED[kind], **obj.get("status", {})}
    if kind in WITH_SPEC:
        obj.setdefault("spec", {})
    match kind:
        case "Deployment" | "ReplicaSet" | "StatefulSet" | "DaemonSet" | "Job" | "CronJob":
            workload_defaults.fill(kind, obj["spec"])
        case "Pod":
            pod_defaults.pod_spec(obj["spec"])
            pod_defaults.pod_only(obj["spec"])
            service = pod_defaults.quality_of_service(obj["spec"])
            obj["status"].setdefault("qosClass", service)
        case "HorizontalPodAutoscaler":
            _autoscaler(obj["spec"])
        case "Service":
            service_defaults.service(obj["spec"])
        case "PersistentVolumeClaim":
            obj["spec"].setdefault("volumeMode", "Filesystem")
        case "PersistentVolume":
            obj["spec"].setdefault("volumeMode", "Filesystem")
            obj["spec"].setdefault("persistentVolumeReclaimPolicy", "Retain")
        case "StorageClass":
            obj.setdefault("reclaimPolicy", "Delete")
            obj.setdefault("volumeBindingMode", "Immediate")
        case "Namespace":
            obj["spec"].setdefault("finalizers", ["kubernetes"])
            meta = obj["metadata"]
            meta["labels"] = {**meta.get("labels", {}), NAME_LABEL: meta["name"]}
        case "Node":
            obj.setdefault("status", {})


def _autoscaler(spec: Json) -> None:
    spec.setdefault("minReplicas", 1)
    spec.setdefault("metrics", [AVERAGE_CPU])
    for way, pods in (("scaleUp", 4), ("scaleDown", None)):
        if not spec.get("behavior"):
            return
        rules = spec["behavior"].setdefault(way, {})
        rules.setdefault("selectPolicy", "Max")
        if pods is not None:
            rules.setdefault("stabilizationWindowSeconds", 0)
        share: Json = {"type": "Percent", "value": 100, "periodSeconds": 15}
        some = [{"type": "Pods", "value": pods, "periodSeconds": 15}] if pods else []
        rules.setdefault("policies", [*some, share])
