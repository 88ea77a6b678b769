"""From an HTTP request to the registry and back: one path grammar for every kind."""

import json
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from deploy.sandbox.cluster.api import discovery, errors, events, scale
from deploy.sandbox.cluster.api.decoding import Decoder
from deploy.sandbox.cluster.api.eviction import evict
from deploy.sandbox.cluster.api.lists import list_of
from deploy.sandbox.cluster.api.logs import pod_log
from deploy.sandbox.cluster.api.managed_fields import Writer, manager_of
from deploy.sandbox.cluster.api.query import Query, number, query_of, truth
from deploy.sandbox.cluster.api.registry import Deletion, Registry, Write
from deploy.sandbox.cluster.api.resources import BY_ID, BY_PATH, NAMESPACES, PODS, Resource
from deploy.sandbox.cluster.api.watches import watch
from deploy.sandbox.cluster.objects import Json, name, uid

BODY_BYTES_MAX = 3 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Target:
    """What a path points at."""

    resource: Resource
    namespace: str
    name: str
    subresource: str


def target_of(api_version: str, path: str) -> Target:
    """Of `namespaces/shop/pods/a/eviction`, `nodes/b`, `namespaces/shop` and the like."""
    parts = [part for part in path.split("/") if part]
    namespace = ""
    if len(parts) > 2 and parts[0] == NAMESPACES.plural and parts[2] != "status":
        namespace, parts = parts[1], parts[2:]
    plural, name, subresource = [*parts, "", "", ""][:3]
    resource = BY_PATH.get((api_version, plural))
    known = resource is not None and (not subresource or subresource in resource.every_subresource)
    if not known or len(parts) > 3:
        raise errors.no_such_path()
    return Target(resource, namespace, name, subresource)


class Api:
    """The REST face of a registry."""

    def __init__(self, registry: Registry, logs: Path) -> None:
        self._registry = registry
        self._logs = logs

    def routes(self) -> list[web.RouteDef]:
        return [
            # With and without a slash: clients differ.
            web.get("/version{_:/?}", self._always(discovery.VERSION)),
            web.get("/api{_:/?}", self._always(discovery.CORE_VERSIONS)),
            web.get("/apis{_:/?}", self._always(discovery.groups())),
            web.get("/api/v1{_:/?}", self._list_resources),
            web.get("/apis/{group}{_:/?}", self._show_group),
            web.get("/apis/{group}/{version}{_:/?}", self._list_resources),
            web.route("*", "/api/{version}/{path:.+}", self.handle),
            web.route("*", "/apis/{group}/{version}/{path:.+}", self.handle),
        ]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        target = target_of(_api_version(request), request.match_info["path"])
        match request.method, target.subresource:
            case "POST", "eviction":
                return await self._evict(request, target)
            case "GET", "log":
                return pod_log(
                    self._registry, self._logs, target.namespace, target.name, request.query
                )
            case "GET", "":
                return await self._read(request, target)
            case "GET", "status" | "scale":
                return _reply(self._shown(target, self._stored(target)))
            case "POST", "" if not target.name:
                return await self._create(request, target)
            case "PUT" | "PATCH", "" | "status" | "scale" if target.name:
                return await self._update(request, target)
            case "DELETE", "":
                return await self._delete(request, target)
        raise errors.method_not_allowed()

    async def _read(self, request: web.Request, target: Target) -> web.StreamResponse:
        query = query_of(target.resource, target.namespace, target.name, request.query)
        if truth(request.query, "watch"):
            return await self._stream(request, query)
        if target.name:
            return _reply(self._shown(target, self._stored(target)))
        return _reply(list_of(self._registry.store, query))

    async def _stream(self, request: web.Request, query: Query) -> web.StreamResponse:
        _ = query.matches  # a bad selector is refused before the stream begins
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        async for line in watch(self._registry.store, query):
            if line is not None:
                await response.write(line)
            elif request.transport is None or request.transport.is_closing():
                break
        return response

    async def _create(self, request: web.Request, target: Target) -> web.Response:
        decoder = _decoder(request)
        obj = decoder.object(target.resource, await request.read())
        namespace = target.namespace
        if target.resource.namespaced and not namespace:
            raise errors.method_not_allowed()
        stored = events.stored_form(target.resource, obj)
        made = self._registry.create(
            _stored_as(target.resource), namespace, stored, _write(request)
        )
        return _reply(events.shown_form(target.resource, made), decoder.warnings, status=201)

    async def _update(self, request: web.Request, target: Target) -> web.Response:
        resource, decoder, body = target.resource, _decoder(request), await request.read()
        scaling = target.subresource == "scale"
        model = "V1Scale" if scaling else resource.model
        if request.method == "PATCH":
            change = decoder.patch(resource, model, request.content_type, body)
        else:
            whole = decoder.model(model, body) if scaling else decoder.object(resource, body)
            whole.setdefault("metadata", {})
            change = lambda _: whole  # noqa: E731
        if scaling:
            change = scale.through_scale(resource, change)
        new = self._registry.update(
            _stored_as(resource),
            target.namespace,
            target.name,
            change,
            _write(request, target.subresource),
            "" if scaling else target.subresource,
        )
        return _reply(self._shown(target, new), decoder.warnings)

    async def _delete(self, request: web.Request, target: Target) -> web.Response:
        options = _decoder(request).model("V1DeleteOptions", await request.read())
        how = _deletion(request, options)
        if target.name:
            gone = self._registry.delete(
                _stored_as(target.resource), target.namespace, target.name, how
            )
            return _reply(gone if _still_there(target, gone) else _deleted(target, gone))
        query = query_of(target.resource, target.namespace, "", request.query)
        doomed = list_of(self._registry.store, query)
        for obj in doomed["items"]:
            space = obj["metadata"].get("namespace", "")
            self._registry.delete(_stored_as(target.resource), space, name(obj), how)
        return _reply(doomed)

    async def _evict(self, request: web.Request, target: Target) -> web.Response:
        eviction = _decoder(request).model("V1Eviction", await request.read())
        asked = eviction.get("metadata", {}).get("name")
        if asked != target.name:
            raise errors.bad_request("name in URL does not match name in Eviction object")
        how = _deletion(request, eviction.get("deleteOptions", {}))
        return _reply(evict(self._registry, target.namespace, target.name, how), status=201)

    def _stored(self, target: Target) -> Json:
        return self._registry.get(_stored_as(target.resource), target.namespace, target.name)

    def _shown(self, target: Target, obj: Json) -> Json:
        if target.subresource == "scale":
            return scale.shown(obj)
        return events.shown_form(target.resource, obj)

    def _always(self, body: Json):
        async def answer(_: web.Request) -> web.Response:
            return _reply(body)

        return answer

    async def _show_group(self, request: web.Request) -> web.Response:
        return _reply(discovery.group(request.match_info["group"]))

    async def _list_resources(self, request: web.Request) -> web.Response:
        return _reply(discovery.resources(_api_version(request)))


def _api_version(request: web.Request) -> str:
    group = request.match_info.get("group", "")
    version = request.match_info.get("version", "v1")
    return f"{group}/{version}" if group else version


def _stored_as(resource: Resource) -> Resource:
    return BY_ID[resource.stored_as or resource.id]


def _decoder(request: web.Request) -> Decoder:
    return Decoder(strict=request.query.get("fieldValidation") == "Strict")


def _write(request: web.Request, subresource: str = "") -> Write:
    manager = manager_of(
        request.query.get("fieldManager", ""), request.headers.get("User-Agent", "")
    )
    return Write(Writer(manager, subresource), dry_run=_dry_run(request.query.getall("dryRun", [])))


def _dry_run(stages: list[str]) -> bool:
    if any(stage != "All" for stage in stages):
        raise errors.ApiError(
            422, "Invalid", f'dryRun: Unsupported value: {stages}: supported values: "All"'
        )
    return bool(stages)


def _deletion(request: web.Request, options: Json) -> Deletion:
    preconditions = options.get("preconditions", {})
    stages = options.get("dryRun") or request.query.getall("dryRun", [])
    return Deletion(
        uid=preconditions.get("uid"),
        resource_version=preconditions.get("resourceVersion"),
        grace_s=options.get("gracePeriodSeconds", number(request.query, "gracePeriodSeconds")),
        policy=options.get("propagationPolicy", request.query.get("propagationPolicy")),
        dry_run=_dry_run(stages),
    )


def _still_there(target: Target, obj: Json) -> bool:
    """Pods are answered with themselves always, others only while something holds them."""
    return target.resource is PODS or "deletionTimestamp" in obj["metadata"]


def _deleted(target: Target, obj: Json) -> Json:
    details = {"name": name(obj), "kind": target.resource.plural, "uid": uid(obj)}
    if target.resource.group:
        details["group"] = target.resource.group
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": details,
    }


def _reply(body: Json, warnings: list[str] | None = None, *, status: int = 200) -> web.Response:
    text = json.dumps(body, separators=(",", ":"))
    response = web.Response(text=text, content_type="application/json", status=status)
    for warning in warnings or ():
        response.headers.add("Warning", "299 - " + json.dumps(warning))
    return response
