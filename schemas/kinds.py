"""The kinds of Kubernetes objects that Mendlog knows: agreed on by policies and the executor."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    group: str
    """Empty for the core group."""
    version: str
    plural: str
    namespaced: bool = True
    custom: bool = False
    """By a CustomResourceDefinition: a cluster without that has none of them."""

    @property
    def api(self) -> str:
        return f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"


DEPLOYMENT = "Deployment"
STATEFUL_SET = "StatefulSet"
DAEMON_SET = "DaemonSet"
REPLICA_SET = "ReplicaSet"
POD = "Pod"
NODE = "Node"
JOB = "Job"
CONFIG_MAP = "ConfigMap"
SERVICE = "Service"
INGRESS = "Ingress"
AUTOSCALER = "HorizontalPodAutoscaler"
VOLUME_CLAIM = "PersistentVolumeClaim"
STORAGE_CLASS = "StorageClass"
BUDGET = "PodDisruptionBudget"
ROLLOUT = "Rollout"
VERTICAL_AUTOSCALER = "VerticalPodAutoscaler"
EVENT = "Event"

KINDS: Mapping[str, Kind] = {
    DEPLOYMENT: Kind("apps", "v1", "deployments"),
    STATEFUL_SET: Kind("apps", "v1", "statefulsets"),
    DAEMON_SET: Kind("apps", "v1", "daemonsets"),
    REPLICA_SET: Kind("apps", "v1", "replicasets"),
    POD: Kind("", "v1", "pods"),
    NODE: Kind("", "v1", "nodes", namespaced=False),
    JOB: Kind("batch", "v1", "jobs"),
    CONFIG_MAP: Kind("", "v1", "configmaps"),
    SERVICE: Kind("", "v1", "services"),
    INGRESS: Kind("networking.k8s.io", "v1", "ingresses"),
    AUTOSCALER: Kind("autoscaling", "v2", "horizontalpodautoscalers"),
    VOLUME_CLAIM: Kind("", "v1", "persistentvolumeclaims"),
    STORAGE_CLASS: Kind("storage.k8s.io", "v1", "storageclasses", namespaced=False),
    BUDGET: Kind("policy", "v1", "poddisruptionbudgets"),
    ROLLOUT: Kind("argoproj.io", "v1alpha1", "rollouts", custom=True),
    VERTICAL_AUTOSCALER: Kind("autoscaling.k8s.io", "v1", "verticalpodautoscalers", custom=True),
    EVENT: Kind("", "v1", "events"),
}

FLAG = "Flag"
INSTANCE = "Instance"
"""A machine, of whoever provides them."""
COMMIT = "Commit"
"""In a repository: made by a command, and never its target."""
ELSEWHERE = frozenset({FLAG})
"""Kinds that no Kubernetes API keeps: in no namespace, and known to the executor's settings."""


def namespaced(kind: str) -> bool:
    return kind in KINDS and KINDS[kind].namespaced


WORKLOADS = frozenset({DEPLOYMENT, STATEFUL_SET, DAEMON_SET})
"""Kinds that keep pods by a template."""
