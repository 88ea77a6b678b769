"""Answers in JSON, warnings included."""

import json

from aiohttp import web

from deploy.sandbox.cluster.api.resources import Resource
from deploy.sandbox.cluster.objects import Json, deleting, name, uid


def reply(body: Json, warnings: list[str] | None = None, *, status: int = 200) -> web.Response:
    text = json.dumps(body, separators=(",", ":"))
    response = web.Response(text=text, content_type="application/json", status=status)
    for warning in warnings or ():
        response.headers.add("Warning", "299 - " + json.dumps(warning))
    return response


def deletion_reply(resource: Resource, gone: Json) -> web.Response:
    """Some kinds are answered with themselves, others only while something still holds them."""
    if resource.shown_when_deleted or deleting(gone):
        return reply(gone)
    details = {"name": name(gone), "kind": resource.plural, "uid": uid(gone)}
    if resource.group:
        details["group"] = resource.group
    return reply(
        {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Success",
            "details": details,
        }
    )
