"""How a request wants to write: options of the URL and of DeleteOptions."""

from collections.abc import Sequence

from aiohttp import web

from deploy.sandbox.cluster.api import errors
from deploy.sandbox.cluster.api.decoding import Decoder
from deploy.sandbox.cluster.api.managed_fields import Writer, manager_of
from deploy.sandbox.cluster.api.query import number
from deploy.sandbox.cluster.api.registry import Write
from deploy.sandbox.cluster.api.rules import Deletion
from deploy.sandbox.cluster.objects import Json


def decoder_for(request: web.Request) -> Decoder:
    return Decoder(strict=request.query.get("fieldValidation") == "Strict")


def write_of(request: web.Request, subresource: str = "") -> Write:
    manager = manager_of(
        request.query.get("fieldManager", ""), request.headers.get("User-Agent", "")
    )
    dry_run = _dry_run(request.query.getall("dryRun", []))
    return Write(Writer(manager, subresource), dry_run=dry_run)


def deletion_of(request: web.Request, options: Json) -> Deletion:
    """What the body says goes before what the URL says."""
    preconditions = options.get("preconditions", {})
    stages = options.get("dryRun") or request.query.getall("dryRun", [])
    return Deletion(
        uid=preconditions.get("uid"),
        resource_version=preconditions.get("resourceVersion"),
        grace_s=options.get("gracePeriodSeconds", number(request.query, "gracePeriodSeconds")),
        policy=options.get("propagationPolicy", request.query.get("propagationPolicy")),
        dry_run=_dry_run(stages or ()),
    )


def _dry_run(stages: Sequence[str]) -> bool:
    if any(stage != "All" for stage in stages):
        message = f'dryRun: Unsupported value: {stages}: supported values: "All"'
        raise errors.ApiError(422, "Invalid", message)
    return bool(stages)
