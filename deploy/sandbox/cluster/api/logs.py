"""What a pod has written, from the files that the kubelet keeps."""

from collections.abc import Mapping
from pathlib import Path

from aiohttp import web

from deploy.sandbox.cluster.api import errors
from deploy.sandbox.cluster.api.query import number, truth
from deploy.sandbox.cluster.api.registry import Registry
from deploy.sandbox.cluster.api.resources import PODS
from deploy.sandbox.cluster.objects import find
from deploy.sandbox.cluster.pod_logs import log_file


def pod_log(
    registry: Registry, logs: Path, namespace: str, name: str, parameters: Mapping[str, str]
) -> web.Response:
    pod = registry.get(PODS, namespace, name)
    container = parameters.get("container") or pod["spec"]["containers"][0]["name"]
    if find(pod["spec"]["containers"], name=container) is None:
        raise errors.bad_request(f"container {container} is not valid for pod {name}")
    status = find(pod["status"].get("containerStatuses", ()), name=container) or {}
    run = status.get("restartCount", 0) - (1 if truth(parameters, "previous") else 0)
    if run < 0:
        raise errors.bad_request(
            f'previous terminated container "{container}" in pod "{name}" not found'
        )
    return web.Response(text=_tail(log_file(logs, pod, container, run), parameters))


def _tail(file: Path, parameters: Mapping[str, str]) -> str:
    try:
        text = file.read_text(errors="replace")
    except FileNotFoundError:
        return ""
    wanted = number(parameters, "tailLines")
    lines = text.splitlines(keepends=True)
    return text if wanted is None else "".join(lines[max(0, len(lines) - wanted) :])
