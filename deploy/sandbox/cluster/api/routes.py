"""From an HTTP request to the registry and back: one path grammar for every kind."""

from dataclasses import dataclass
from pathlib import Path

from aiohttp import web
from aiohttp.typedefs import Handler

from deploy.sandbox.cluster.api import discovery, errors, events, scale
from deploy.sandbox.cluster.api.eviction import evict
from deploy.sandbox.cluster.api.lists import list_of
from deploy.sandbox.cluster.api.logs import pod_log
from deploy.sandbox.cluster.api.options import decoder_for, deletion_of, eviction_of, write_of
from deploy.sandbox.cluster.api.query import Query, query_of, truth
from deploy.sandbox.cluster.api.registry import Change, Registry
from deploy.sandbox.cluster.api.replies import deletion_reply, reply
from deploy.sandbox.cluster.api.resources import BY_ID, BY_PATH, NAMESPACES, Resource
from deploy.sandbox.cluster.api.rules import Deletion
from deploy.sandbox.cluster.api.watches import watch
from deploy.sandbox.cluster.objects import Json, name, namespace

BODY_BYTES_MAX = 3 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Target:
    """What a path points at."""

    resource: Resource
    namespace: str
    name: str
    subresource: str

    @property
    def stored_as(self) -> Resource:
        return BY_ID[self.resource.stored_as or self.resource.id]


def target_of(api_version: str, path: str) -> Target:
    """Of `namespaces/shop/pods/a/eviction`, `nodes/b`, `namespaces/shop` and the like."""
    parts = [part for part in path.split("/") if part]
    namespace = ""
    if len(parts) > 2 and parts[0] == NAMESPACES.plural and parts[2] != "status":
        namespace, parts = parts[1], parts[2:]
    plural, name, subresource = [*parts, "", "", ""][:3]
    resource = BY_PATH.get((api_version, plural))
    if resource is None or len(parts) > 3:
        raise errors.no_such_path()
    if subresource and subresource not in resource.every_subresource:
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
            web.get("/version{_:/?}", _always(discovery.VERSION)),
            web.get("/api{_:/?}", _always(discovery.CORE_VERSIONS)),
            web.get("/apis{_:/?}", _always(discovery.groups())),
            web.get("/api/v1{_:/?}", _list_resources),
            web.get("/apis/{group}{_:/?}", _show_group),
            web.get("/apis/{group}/{version}{_:/?}", _list_resources),
            web.route("*", "/api/{version}/{path:.+}", self.handle),
            web.route("*", "/apis/{group}/{version}/{path:.+}", self.handle),
        ]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        target = target_of(_api_version(request), request.match_info["path"])
        match request.method, target.subresource:
            case "POST", "eviction":
                return await self._evict(request, target)
            case "GET", "log":
                space, pod = target.namespace, target.name
                return pod_log(self._registry, self._logs, space, pod, request.query)
            case "GET", "":
                return await self._read(request, target)
            case "GET", "status" | "scale":
                return reply(_shown(target, self._stored(target)))
            case "POST", "" if not target.name:
                return await self._create(request, target)
            case "PUT" | "PATCH", "" | "status" | "scale" if target.name:
                return await self._update(request, target)
            case "DELETE", "" if target.name:
                return await self._delete(request, target)
            case "DELETE", "":
                return await self._delete_many(request, target)
        raise errors.method_not_allowed()

    async def _read(self, request: web.Request, target: Target) -> web.StreamResponse:
        query = query_of(target.resource, target.namespace, target.name, request.query)
        if truth(request.query, "watch"):
            return await self._stream(request, query)
        if target.name:
            return reply(_shown(target, self._stored(target)))
        return reply(list_of(self._registry.store, query))

    async def _stream(self, request: web.Request, query: Query) -> web.StreamResponse:
        _ = query.matches  # a bad selector is refused before the stream begins
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        try:
            async for line in watch(self._registry.store, query):
                if line is not None:
                    await response.write(line)
                elif request.transport is None or request.transport.is_closing():
                    break
        except ConnectionResetError:  # the watcher has gone, as watchers do
            pass
        return response

    async def _create(self, request: web.Request, target: Target) -> web.Response:
        decoder = decoder_for(request)
        obj = decoder.object(target.resource, await request.read())
        if target.resource.namespaced and not target.namespace:
            raise errors.method_not_allowed()
        stored = events.stored_form(target.resource, obj)
        made = self._registry.create(target.stored_as, target.namespace, stored, write_of(request))
        return reply(events.shown_form(target.resource, made), decoder.warnings, status=201)

    async def _update(self, request: web.Request, target: Target) -> web.Response:
        change, warnings = await _change(request, target)
        scaling = target.subresource == "scale"
        new = self._registry.update(
            target.stored_as,
            target.namespace,
            target.name,
            scale.through_scale(target.resource, change) if scaling else change,
            write_of(request, target.subresource),
            "" if scaling else target.subresource,
        )
        return reply(_shown(target, new), warnings)

    async def _delete(self, request: web.Request, target: Target) -> web.Response:
        how = await _deletion(request)
        gone = self._registry.delete(target.stored_as, target.namespace, target.name, how)
        return deletion_reply(target.resource, gone)

    async def _delete_many(self, request: web.Request, target: Target) -> web.Response:
        how = await _deletion(request)
        doomed = list_of(
            self._registry.store,
            query_of(target.resource, target.namespace, "", request.query),
        )
        for obj in doomed["items"]:
            self._registry.delete(target.stored_as, namespace(obj), name(obj), how)
        return reply(doomed)

    async def _evict(self, request: web.Request, target: Target) -> web.Response:
        eviction = decoder_for(request).model("V1Eviction", await request.read())
        if eviction.get("metadata", {}).get("name") != target.name:
            raise errors.bad_request("name in URL does not match name in Eviction object")
        how = eviction_of(request, eviction.get("deleteOptions", {}))
        return reply(evict(self._registry, target.namespace, target.name, how), status=201)

    def _stored(self, target: Target) -> Json:
        return self._registry.get(target.stored_as, target.namespace, target.name)


async def _change(request: web.Request, target: Target) -> tuple[Change, list[str]]:
    """What a PUT or PATCH does to the object it is for, and the warnings that may come of it."""
    decoder, body = decoder_for(request), await request.read()
    scaling = target.subresource == "scale"
    model = "V1Scale" if scaling else target.resource.model
    if request.method == "PATCH":
        patch = decoder.patch(target.resource, model, request.content_type, body)
        return patch, decoder.warnings
    whole = decoder.model(model, body) if scaling else decoder.object(target.resource, body)
    return (lambda _: whole), decoder.warnings


async def _deletion(request: web.Request) -> Deletion:
    body = await request.read()
    options = decoder_for(request).model("V1DeleteOptions", body) if body else None
    return deletion_of(request, options)


def _shown(target: Target, obj: Json) -> Json:
    if target.subresource == "scale":
        return scale.shown(obj)
    return events.shown_form(target.resource, obj)


def _api_version(request: web.Request) -> str:
    group = request.match_info.get("group", "")
    version = request.match_info.get("version", "v1")
    return f"{group}/{version}" if group else version


def _always(body: Json) -> Handler:
    async def answer(_: web.Request) -> web.Response:
        return reply(body)

    return answer


async def _show_group(request: web.Request) -> web.Response:
    return reply(discovery.group(request.match_info["group"]))


async def _list_resources(request: web.Request) -> web.Response:
    return reply(discovery.resources(_api_version(request)))
