"""One cluster in one process: API, controllers and kubelet, put together."""

import asyncio
import json
import os
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

import structlog
import yaml
from aiohttp import web
from aiohttp.typedefs import Handler

from deploy.sandbox.cluster.api import errors
from deploy.sandbox.cluster.api.errors import ApiError
from deploy.sandbox.cluster.api.managed_fields import Writer
from deploy.sandbox.cluster.api.registry import Registry, Write
from deploy.sandbox.cluster.api.resources import NAMESPACES
from deploy.sandbox.cluster.api.routes import BODY_BYTES_MAX, Api
from deploy.sandbox.cluster.api.store import HISTORY_MAX, Store
from deploy.sandbox.cluster.controllers.autoscalers import Autoscalers
from deploy.sandbox.cluster.controllers.budgets import Budgets
from deploy.sandbox.cluster.controllers.daemonsets import DaemonSets
from deploy.sandbox.cluster.controllers.deployments import Deployments
from deploy.sandbox.cluster.controllers.garbage import Garbage
from deploy.sandbox.cluster.controllers.jobs import Jobs
from deploy.sandbox.cluster.controllers.loop import Loop
from deploy.sandbox.cluster.controllers.nodes import NodeLifecycle
from deploy.sandbox.cluster.controllers.replicasets import ReplicaSets
from deploy.sandbox.cluster.controllers.scheduler import Scheduler
from deploy.sandbox.cluster.controllers.statefulsets import StatefulSets
from deploy.sandbox.cluster.controllers.volumes import Volumes
from deploy.sandbox.cluster.kubelet.client import Server
from deploy.sandbox.cluster.kubelet.kubelet import Kubelet
from deploy.sandbox.cluster.kubelet.pace import Pace
from deploy.sandbox.cluster.objects import Json
from deploy.sandbox.cluster.service_discovery import ServiceDiscovery

LOOPBACK = "127.0.0.1"
FIRST_NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system")
CONTROLLERS = (
    Deployments,
    ReplicaSets,
    StatefulSets,
    DaemonSets,
    Jobs,
    Autoscalers,
    Budgets,
    Volumes,
    Scheduler,
    NodeLifecycle,
    Garbage,
)
GOODBYE_S = 0.2
"""How long open watches may take to end."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Options:
    data: Path
    address_file: Path
    cluster_name: str = "demo"
    pace: Pace = field(default_factory=Pace)
    history_max: int = HISTORY_MAX


async def run(options: Options) -> None:
    """Until cancelled. The address file appears when the cluster can be used."""
    registry = Registry(Store(options.history_max))
    for name in FIRST_NAMESPACES:
        first = Write(Writer("kube-apiserver"))
        registry.create(NAMESPACES, "", {"metadata": {"name": name}}, first)
    runner = web.AppRunner(_app(registry, options), access_log=None, shutdown_timeout=GOODBYE_S)
    await runner.setup()
    try:
        await web.TCPSite(runner, LOOPBACK, 0).start()
        url = f"http://{LOOPBACK}:{runner.addresses[0][1]}"
        async with asyncio.TaskGroup() as group:
            for controller in CONTROLLERS:
                group.create_task(Loop(registry.store, controller(registry)).run())
            registered = asyncio.Event()
            kubelet = Kubelet(Server(url), options.data, pace=options.pace)
            group.create_task(kubelet.run(registered))
            await registered.wait()
            _announce(options, url)
    finally:
        await runner.cleanup()


def _app(registry: Registry, options: Options) -> web.Application:
    app = web.Application(middlewares=[_refusals, _guard], client_max_size=BODY_BYTES_MAX)
    app.add_routes(Api(registry, options.data / "logs").routes())
    app.add_routes(ServiceDiscovery(registry.store, options.cluster_name).routes())
    for path in ("/healthz", "/livez", "/readyz"):
        app.router.add_get(path, _ok)
    return app


async def _ok(_: web.Request) -> web.Response:
    return web.Response(text="ok")


@web.middleware
async def _refusals(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Every refusal is a Status object."""
    try:
        return await handler(request)
    except ApiError as error:
        refusal = error
    except web.HTTPException as error:
        refusal = ApiError(error.status, error.reason.replace(" ", ""), error.reason)
    except Exception as error:
        log.exception("bug", path=request.path)
        refusal = errors.internal(f"the sandbox has a bug: {error!r}")
    headers = {}
    if refusal.details and "retryAfterSeconds" in refusal.details:
        headers["Retry-After"] = str(refusal.details["retryAfterSeconds"])
    text = json.dumps(refusal.body())
    return web.Response(
        text=text, status=refusal.code, headers=headers, content_type="application/json"
    )


@web.middleware
async def _guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Keep web pages out. Whoever can create a pod here runs commands on this machine, and a
    browser would carry a page's requests to loopback."""
    if "Origin" in request.headers or not _is_loopback(request.url.host or ""):
        raise ApiError(403, "Forbidden", "the sandbox answers local programs, not web pages")
    return await handler(request)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _announce(options: Options, url: str) -> None:
    _write(options.data / "kubeconfig", yaml.safe_dump(_kubeconfig(options.cluster_name, url)))
    _write(options.address_file, url)
    log.info("cluster ready", url=url, cluster=options.cluster_name)


def _kubeconfig(cluster_name: str, url: str) -> Json:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": cluster_name,
        "clusters": [{"name": cluster_name, "cluster": {"server": url}}],
        "users": [{"name": "sandbox", "user": {}}],
        "contexts": [
            {"name": cluster_name, "context": {"cluster": cluster_name, "user": "sandbox"}}
        ],
    }


def _write(file: Path, text: str) -> None:
    """In one step, so that nobody reads half of it."""
    unfinished = file.with_name(file.name + ".unfinished")
    unfinished.write_text(text)
    os.replace(unfinished, file)
