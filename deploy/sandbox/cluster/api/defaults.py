"""Values that the API server fills in when the author left them out."""

from deploy.sandbox.cluster.objects import Json

NAME_LABEL = "kubernetes.io/metadata.name"
AVERAGE_CPU: Json = {
    "type": "Resource",
    "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}},
}
PROBES = ("startupProbe", "readinessProbe", "livenessProbe")


WITH_SPEC = frozenset(
    {
        "Deployment",
        "HorizontalPodAutoscaler",
        "Lease",
        "Namespace",
        "Node",
        "Pod",
        "PodDisruptionBudget",
        "ReplicaSet",
    }
)

NEVER_OMITTED: dict[str, Json] = {
    "HorizontalPodAutoscaler": {"desiredReplicas": 0},
    "Namespace": {"phase": "Active"},
    "Pod": {"phase": "Pending"},
    "PodDisruptionBudget": {
        "currentHealthy": 0,
        "desiredHealthy": 0,
        "disruptionsAllowed": 0,
        "expectedPods": 0,
    },
    "ReplicaSet": {"replicas": 0},
}
"""Parts of a status that are there even before anybody has written one."""


def fill(kind: str, obj: Json) -> None:
    """Change `obj`, a fresh copy, in place."""
    if kind in NEVER_OMITTED:
        obj["status"] = {**NEVER_OMITTED[kind], **obj.get("status", {})}
    if kind in WITH_SPEC:
        obj.setdefault("spec", {})
    match kind:
        case "Deployment":
            _deployment(obj["spec"])
        case "ReplicaSet":
            obj["spec"].setdefault("replicas", 1)
            _template(obj["spec"])
        case "Pod":
            _pod_spec(obj["spec"])
            _pod_only(obj["spec"])
        case "HorizontalPodAutoscaler":
            obj["spec"].setdefault("minReplicas", 1)
            obj["spec"].setdefault("metrics", [AVERAGE_CPU])
        case "Namespace":
            obj["spec"].setdefault("finalizers", ["kubernetes"])
            meta = obj["metadata"]
            meta["labels"] = {**meta.get("labels", {}), NAME_LABEL: meta["name"]}
        case "Node":
            obj.setdefault("status", {})


def _deployment(spec: Json) -> None:
    spec.setdefault("replicas", 1)
    spec.setdefault("revisionHistoryLimit", 10)
    spec.setdefault("progressDeadlineSeconds", 600)
    strategy = spec.setdefault("strategy", {})
    if strategy.setdefault("type", "RollingUpdate") == "RollingUpdate":
        rolling = strategy.setdefault("rollingUpdate", {})
        rolling.setdefault("maxSurge", "25%")
        rolling.setdefault("maxUnavailable", "25%")
    _template(spec)


def _template(spec: Json) -> None:
    template = spec.get("template")
    if isinstance(template, dict):
        template.setdefault("metadata", {})
        if isinstance(template.get("spec"), dict):
            _pod_spec(template["spec"])


def _pod_spec(spec: Json) -> None:
    spec.setdefault("restartPolicy", "Always")
    spec.setdefault("terminationGracePeriodSeconds", 30)
    spec.setdefault("dnsPolicy", "ClusterFirst")
    spec.setdefault("schedulerName", "default-scheduler")
    spec.setdefault("securityContext", {})
    for container in [*spec.get("containers", ()), *spec.get("initContainers", ())]:
        _container(container)


def _pod_only(spec: Json) -> None:
    """What admission adds to a pod, and to no template."""
    spec.setdefault("enableServiceLinks", True)
    spec.setdefault("priority", 0)
    spec.setdefault("preemptionPolicy", "PreemptLowerPriority")
    known = {toleration.get("key") for toleration in spec.get("tolerations", ())}
    for key in (f"node.kubernetes.io/{trouble}" for trouble in ("not-ready", "unreachable")):
        if key not in known:
            patience = {"operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}
            spec.setdefault("tolerations", []).append({"key": key, **patience})


def _container(container: Json) -> None:
    container.setdefault("resources", {})
    container.setdefault("terminationMessagePath", "/dev/termination-log")
    container.setdefault("terminationMessagePolicy", "File")
    latest = ":" not in container.get("image", "").rpartition("/")[2]
    container.setdefault("imagePullPolicy", "Always" if latest else "IfNotPresent")
    for port in container.get("ports", ()):
        port.setdefault("protocol", "TCP")
    for probe in (container[name] for name in PROBES if name in container):
        _probe(probe)


def _probe(probe: Json) -> None:
    for field, value in (
        ("timeoutSeconds", 1),
        ("periodSeconds", 10),
        ("successThreshold", 1),
        ("failureThreshold", 3),
    ):
        probe.setdefault(field, value)
    if "httpGet" in probe:
        probe["httpGet"].setdefault("path", "/")
        probe["httpGet"].setdefault("scheme", "HTTP")
