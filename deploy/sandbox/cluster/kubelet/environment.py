"""The command and environment of a container, as its process gets them."""

import os
import sys
from pathlib import Path

import deploy
from deploy.sandbox.cluster.kubelet.client import PodApi, Refused
from deploy.sandbox.cluster.objects import Json, annotations, find, labels, name, namespace, uid

LOOPBACK = "127.0.0.1"
PYTHONS = ("python", "python3")
INHERITED = ("LANG", "LC_ALL", "PATH", "TZ")
SOURCES = Path(deploy.__file__).parents[1]


class BadContainer(Exception):
    """A container that cannot be started as it is described."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def command_of(container: Json) -> list[str]:
    """An image is only a name here, so what it would run has to be said."""
    command = [*container.get("command", ()), *container.get("args", ())]
    if not container.get("command"):
        raise BadContainer("CreateContainerError", "the sandbox runs commands, and none is given")
    return [sys.executable if command[0] in PYTHONS else command[0], *command[1:]]


async def environment_of(
    pod: Json, container: Json, api: PodApi, port_file: Path
) -> dict[str, str]:
    env = {key: os.environ[key] for key in INHERITED if key in os.environ}
    env |= {"HOSTNAME": name(pod), "HOME": str(port_file.parent), "PYTHONPATH": str(SOURCES)}
    for source in container.get("envFrom", ()):
        if "configMapRef" in source:
            found = await _config(pod, source["configMapRef"], api)
            env |= {source.get("prefix", "") + key: value for key, value in found.items()}
    for variable in container.get("env", ()):
        value = await _value(pod, variable, api)
        if value is not None:
            env[variable["name"]] = value
    # In a network of its own every pod could have port 8080. Here all share one, so the process
    # takes a free port and says which.
    return env | {"HOST": LOOPBACK, "PORT": "0", "PORT_FILE": str(port_file)}


async def _value(pod: Json, variable: Json, api: PodApi) -> str | None:
    source = variable.get("valueFrom")
    if source is None:
        return variable.get("value", "")
    if "fieldRef" in source:
        return _field(pod, source["fieldRef"]["fieldPath"])
    if "configMapKeyRef" in source:
        wanted = source["configMapKeyRef"]
        found = await _config(pod, wanted, api)
        if wanted["key"] in found:
            return found[wanted["key"]]
        if wanted.get("optional"):
            return None
        raise BadContainer(
            "CreateContainerConfigError",
            f"couldn't find key {wanted['key']} in ConfigMap {namespace(pod)}/{wanted['name']}",
        )
    raise BadContainer(
        "CreateContainerConfigError", f"the sandbox cannot fill {variable['name']} from {source}"
    )


async def _config(pod: Json, wanted: Json, api: PodApi) -> dict[str, str]:
    path = f"/api/v1/namespaces/{namespace(pod)}/configmaps/{wanted['name']}"
    try:
        found = await api.get(path)
    except Refused as refused:
        if refused.code == 404 and wanted.get("optional"):
            return {}
        text = f'configmap "{wanted["name"]}" not found'
        raise BadContainer("CreateContainerConfigError", text) from refused
    return found.get("data") or {}


def _field(pod: Json, path: str) -> str:
    plain = {
        "metadata.name": name(pod),
        "metadata.namespace": namespace(pod),
        "metadata.uid": uid(pod),
        "spec.nodeName": pod["spec"]["nodeName"],
        "status.podIP": LOOPBACK,
        "status.hostIP": LOOPBACK,
    }
    if path in plain:
        return plain[path]
    for prefix, values in (
        ("metadata.labels", labels(pod)),
        ("metadata.annotations", annotations(pod)),
    ):
        if path.startswith(f"{prefix}['") and path.endswith("']"):
            return values.get(path[len(prefix) + 2 : -2], "")
    raise BadContainer("CreateContainerConfigError", f"unsupported fieldPath: {path}")


def port_number(container: Json, wanted: int | str) -> int | None:
    """A probe's port by its number or name, as declared by the container."""
    if isinstance(wanted, int):
        return wanted
    declared = find(container.get("ports", ()), name=wanted)
    return declared["containerPort"] if declared else None
