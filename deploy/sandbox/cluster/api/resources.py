"""Every kind of object this API serves, as a table."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Resource:
    plural: str
    kind: str
    group: str
    version: str
    model: str
    """Name of the class in kubernetes.client that knows the kind's fields and their types; or, of a
    kind that no release of Kubernetes has, its name in `schema.CUSTOM`."""
    namespaced: bool = True
    has_status: bool = False
    status_at_creation: bool = False
    annotated_through_status: bool = True
    """Whether annotations can be written with a status. Not those of custom kinds."""
    subresources: tuple[str, ...] = ()
    counts_generations: bool = False
    unconditional_update: bool = True
    """Whether a PUT without resourceVersion overwrites whatever is there."""
    default_policy: str = ""
    """What becomes of its dependents when a deletion does not say."""
    shown_when_deleted: bool = False
    """Whether a deletion is answered with the object instead of a Status."""
    stored_as: str = ""
    """Another resource whose objects these are, in another shape."""

    @property
    def id(self) -> str:
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def kind_id(self) -> str:
        return f"{self.kind}.{self.group}" if self.group else self.kind

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def every_subresource(self) -> tuple[str, ...]:
        return (*(("status",) if self.has_status else ()), *self.subresources)


NAMESPACES = Resource(
    "namespaces", "Namespace", "", "v1", "V1Namespace", namespaced=False, has_status=True
)
NODES = Resource(
    "nodes",
    "Node",
    "",
    "v1",
    "V1Node",
    namespaced=False,
    has_status=True,
    status_at_creation=True,
)
PODS = Resource(
    "pods",
    "Pod",
    "",
    "v1",
    "V1Pod",
    has_status=True,
    subresources=("eviction", "log"),
    counts_generations=True,
    shown_when_deleted=True,
)
CONFIG_MAPS = Resource("configmaps", "ConfigMap", "", "v1", "V1ConfigMap")
EVENTS = Resource("events", "Event", "", "v1", "CoreV1Event")
NEW_EVENTS = Resource("events", "Event", "events.k8s.io", "v1", "EventsV1Event", stored_as="events")
DEPLOYMENTS = Resource(
    "deployments",
    "Deployment",
    "apps",
    "v1",
    "V1Deployment",
    has_status=True,
    subresources=("scale",),
    counts_generations=True,
)
REPLICA_SETS = Resource(
    "replicasets",
    "ReplicaSet",
    "apps",
    "v1",
    "V1ReplicaSet",
    has_status=True,
    subresources=("scale",),
    counts_generations=True,
)
BUDGETS = Resource(
    "poddisruptionbudgets",
    "PodDisruptionBudget",
    "policy",
    "v1",
    "V1PodDisruptionBudget",
    has_status=True,
    counts_generations=True,
    unconditional_update=False,
)
AUTOSCALERS = Resource(
    "horizontalpodautoscalers",
    "HorizontalPodAutoscaler",
    "autoscaling",
    "v2",
    "V2HorizontalPodAutoscaler",
    has_status=True,
)
LEASES = Resource(
    "leases", "Lease", "coordination.k8s.io", "v1", "V1Lease", unconditional_update=False
)

SERVICES = Resource(
    "services",
    "Service",
    "",
    "v1",
    "V1Service",
    has_status=True,
    shown_when_deleted=True,
)
INGRESSES = Resource(
    "ingresses",
    "Ingress",
    "networking.k8s.io",
    "v1",
    "V1Ingress",
    has_status=True,
    counts_generations=True,
)
STATEFUL_SETS = Resource(
    "statefulsets",
    "StatefulSet",
    "apps",
    "v1",
    "V1StatefulSet",
    has_status=True,
    subresources=("scale",),
    counts_generations=True,
)
DAEMON_SETS = Resource(
    "daemonsets",
    "DaemonSet",
    "apps",
    "v1",
    "V1DaemonSet",
    has_status=True,
    counts_generations=True,
)
CONTROLLER_REVISIONS = Resource(
    "controllerrevisions", "ControllerRevision", "apps", "v1", "V1ControllerRevision"
)
JOBS = Resource(
    "jobs",
    "Job",
    "batch",
    "v1",
    "V1Job",
    has_status=True,
    counts_generations=True,
    default_policy="Orphan",
)
CRON_JOBS = Resource(
    "cronjobs",
    "CronJob",
    "batch",
    "v1",
    "V1CronJob",
    has_status=True,
    counts_generations=True,
)
CLAIMS = Resource(
    "persistentvolumeclaims",
    "PersistentVolumeClaim",
    "",
    "v1",
    "V1PersistentVolumeClaim",
    has_status=True,
    shown_when_deleted=True,
)
VOLUMES = Resource(
    "persistentvolumes",
    "PersistentVolume",
    "",
    "v1",
    "V1PersistentVolume",
    namespaced=False,
    has_status=True,
    shown_when_deleted=True,
)
STORAGE_CLASSES = Resource(
    "storageclasses",
    "StorageClass",
    "storage.k8s.io",
    "v1",
    "V1StorageClass",
    namespaced=False,
    shown_when_deleted=True,
)
ROLLOUTS = Resource(
    "rollouts",
    "Rollout",
    "argoproj.io",
    "v1alpha1",
    "Rollout",
    has_status=True,
    annotated_through_status=False,
    counts_generations=True,
)
"""Of Argo Rollouts, as its definition has the API keep them; its controller is not here."""

RESOURCES = (
    NAMESPACES,
    NODES,
    PODS,
    CONFIG_MAPS,
    SERVICES,
    CLAIMS,
    VOLUMES,
    EVENTS,
    NEW_EVENTS,
    DEPLOYMENTS,
    REPLICA_SETS,
    STATEFUL_SETS,
    DAEMON_SETS,
    CONTROLLER_REVISIONS,
    JOBS,
    CRON_JOBS,
    BUDGETS,
    AUTOSCALERS,
    INGRESSES,
    STORAGE_CLASSES,
    LEASES,
    ROLLOUTS,
)

BY_ID = {resource.id: resource for resource in RESOURCES}
BY_KIND = {(resource.api_version, resource.kind): resource for resource in RESOURCES}
BY_PATH = {(resource.api_version, resource.plural): resource for resource in RESOURCES}
