"""What the API server fills in for pods and for templates of pods."""

from deploy.sandbox.cluster.objects import Json

PROBES = ("startupProbe", "readinessProbe", "livenessProbe")


def template(spec: Json) -> None:
    template = spec.get("template")
    if isinstance(template, dict):
        template.setdefault("metadata", {})
        if isinstance(template.get("spec"), dict):
            pod_spec(template["spec"])


def pod_spec(spec: Json) -> None:
    spec.setdefault("restartPolicy", "Always")
    spec.setdefault("terminationGracePeriodSeconds", 30)
    spec.setdefault("dnsPolicy", "ClusterFirst")
    spec.setdefault("schedulerName", "default-scheduler")
    spec.setdefault("securityContext", {})
    for container in [*spec.get("containers", ()), *spec.get("initContainers", ())]:
        _container(container)


def pod_only(spec: Json) -> None:
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
    for variable in container.get("env", ()):
        source = variable.get("valueFrom") or {}
        if "fieldRef" in source:
            source["fieldRef"].setdefault("apiVersion", "v1")
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


def quality_of_service(spec: Json) -> str:
    """Guaranteed where every container may take exactly what it asks for."""
    resources = [one.get("resources") or {} for one in spec.get("containers") or ()]
    asked = [one.get("requests") or one.get("limits") or {} for one in resources]
    limits = [one.get("limits") or {} for one in resources]
    if not any(asked) and not any(limits):
        return "BestEffort"
    guaranteed = all(
        {"cpu", "memory"} <= limit.keys() and want == limit
        for want, limit in zip(asked, limits, strict=True)
    )
    return "Guaranteed" if guaranteed else "Burstable"
