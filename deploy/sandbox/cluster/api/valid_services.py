"""What makes a service or an ingress invalid."""

from collections.abc import Iterator

from deploy.sandbox.cluster.api.errors import Cause
from deploy.sandbox.cluster.api.service_defaults import NO_ADDRESS
from deploy.sandbox.cluster.objects import Json

SERVICE_TYPES = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"]
PORT_RULE = "must be between 1 and 65535, inclusive"
PATH_TYPES = ["Exact", "ImplementationSpecific", "Prefix"]


def service(obj: Json, old: Json | None) -> Iterator[Cause]:
    spec = obj["spec"]
    if "." in obj["metadata"]["name"]:
        yield Cause.invalid("metadata.name", obj["metadata"]["name"], "must not contain dots")
    ports = spec.get("ports") or ()
    if spec["type"] not in SERVICE_TYPES:
        yield Cause.unsupported("spec.type", spec["type"], SERVICE_TYPES)
    if not ports and spec["type"] != "ExternalName" and spec.get("clusterIP") != NO_ADDRESS:
        yield Cause.required("spec.ports")
    for index, port in enumerate(ports):
        yield from _port(port, f"spec.ports[{index}]", alone=len(ports) == 1)
    before = old["spec"].get("clusterIP") if old else None
    if before and spec["type"] != "ExternalName" and spec.get("clusterIP") != before:
        problem = "may not change once set"
        yield Cause.invalid("spec.clusterIPs[0]", spec.get("clusterIPs"), problem)


def _port(port: Json, field: str, *, alone: bool) -> Iterator[Cause]:
    if not alone and not port.get("name"):
        yield Cause.required(f"{field}.name")
    for key, optional in (("port", False), ("targetPort", False), ("nodePort", True)):
        number = port.get(key, 0)
        if isinstance(number, int) and not 0 < number < 65536 and not (optional and number == 0):
            yield Cause.invalid(f"{field}.{key}", number, PORT_RULE)


def ingress(obj: Json, _: Json | None) -> Iterator[Cause]:
    spec = obj["spec"]
    if "defaultBackend" in spec:
        yield from _backend(spec["defaultBackend"], "spec.defaultBackend")
    elif not spec.get("rules"):
        problem = "either `defaultBackend` or `rules` must be specified"
        yield Cause.invalid("spec", None, problem)
    for number, rule in enumerate(spec.get("rules") or ()):
        paths = (rule.get("http") or {}).get("paths") or ()
        for index, path in enumerate(paths):
            yield from _path(path, f"spec.rules[{number}].http.paths[{index}]")


def _path(path: Json, field: str) -> Iterator[Cause]:
    kind = path.get("pathType")
    if kind is None:
        yield Cause.required(f"{field}.pathType", "pathType must be specified")
    elif kind not in PATH_TYPES:
        yield Cause.unsupported(f"{field}.pathType", kind, PATH_TYPES)
    yield from _backend(path.get("backend") or {}, f"{field}.backend")


def _backend(backend: Json, field: str) -> Iterator[Cause]:
    if "service" not in backend and "resource" not in backend:
        yield Cause.invalid(field, "", "resource or service backend is required")
    elif "service" in backend and not backend["service"].get("name"):
        yield Cause.required(f"{field}.service.name")
