"""The scale subresource: how many replicas, in the same shape for every kind of workload."""

from deploy.sandbox.cluster.api import errors
from deploy.sandbox.cluster.api.errors import Cause
from deploy.sandbox.cluster.api.registry import Change
from deploy.sandbox.cluster.api.resources import Resource
from deploy.sandbox.cluster.objects import Json

SHARED_METADATA = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")


def shown(workload: Json) -> Json:
    selector = workload["spec"]["selector"].get("matchLabels") or {}
    replicas = workload["spec"]["replicas"]
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {key: workload["metadata"][key] for key in SHARED_METADATA},
        "spec": {"replicas": replicas} if replicas else {},
        "status": {
            "replicas": workload.get("status", {}).get("replicas", 0),
            "selector": ",".join(f"{key}={value}" for key, value in sorted(selector.items())),
        },
    }


def through_scale(resource: Resource, change: Change) -> Change:
    """Turn a change of a Scale into the change of the workload that it stands for."""

    def change_workload(workload: Json) -> Json:
        scale = change(shown(workload))
        replicas = scale.get("spec", {}).get("replicas", 0)
        if replicas < 0:
            cause = Cause.invalid("spec.replicas", replicas, "must be greater than or equal to 0")
            raise errors.invalid(resource, workload["metadata"]["name"], [cause])
        workload["spec"]["replicas"] = replicas
        for key in ("uid", "resourceVersion"):
            workload["metadata"][key] = scale["metadata"].get(key, workload["metadata"][key])
        return workload

    return change_workload
