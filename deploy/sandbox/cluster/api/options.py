"""How a request wants to write: options of the URL and of DeleteOptions."""

import json
from collections.abc import Sequence
from dataclasses import replace

from aiohttp import web

from deploy.sandbox.cluster.api import errors
from deploy.sandbox.cluster.api.decoding import Decoder
from deploy.sandbox.cluster.api.errors import Cause
from deploy.sandbox.cluster.api.managed_fields import Writer, manager_of
from deploy.sandbox.cluster.api.query import number
from deploy.sandbox.cluster.api.registry import Write
from deploy.sandbox.cluster.api.rules import Deletion
from deploy.sandbox.cluster.objects import Json

OPTIONS_OF = {"POST": "CreateOptions", "PUT": "UpdateOptions", "PATCH": "PatchOptions"}
DELETE_OPTIONS = "DeleteOptions"
POLICIES = ("Foreground", "Background", "Orphan")


def decoder_for(request: web.Request) -> Decoder:
    return Decoder(strict=request.query.get("fieldValidation") == "Strict")


def write_of(request: web.Request, subresource: str = "") -> Write:
    manager = manager_of(
        request.query.get("fieldManager", ""), request.headers.get("User-Agent", "")
    )
    dry_run = _dry_run(OPTIONS_OF[request.method], request.query.getall("dryRun", []))
    return Write(Writer(manager, subresource), dry_run=dry_run)


def deletion_of(request: web.Request, options: Json | None) -> Deletion:
    """With a body, what the URL says does not count, not even that it is a dry run."""
    return _deletion(_options_in_url(request) if options is None else options)


def eviction_of(request: web.Request, options: Json) -> Deletion:
    """An eviction is created and deletes: either options may say that it is a dry run."""
    how = _deletion(options)
    return how if options.get("dryRun") else replace(how, dry_run=write_of(request).dry_run)


def _options_in_url(request: web.Request) -> Json:
    return {
        "dryRun": request.query.getall("dryRun", []),
        "gracePeriodSeconds": number(request.query, "gracePeriodSeconds"),
        "propagationPolicy": request.query.get("propagationPolicy"),
    }


def _deletion(options: Json) -> Deletion:
    preconditions = options.get("preconditions", {})
    policy = options.get("propagationPolicy")
    dry_run = _dry_run(DELETE_OPTIONS, options.get("dryRun") or ())
    if policy is not None and policy not in POLICIES:
        unknown = Cause.unsupported("propagationPolicy", policy, [*POLICIES, "nil"])
        raise errors.invalid_options(DELETE_OPTIONS, [unknown])
    return Deletion(
        uid=preconditions.get("uid"),
        resource_version=preconditions.get("resourceVersion"),
        grace_s=options.get("gracePeriodSeconds"),
        policy=policy,
        dry_run=dry_run,
    )


def _dry_run(kind: str, stages: Sequence[str]) -> bool:
    if any(stage != "All" for stage in stages):
        shown = json.dumps(list(stages), separators=(",", ":"))
        problem = f'Unsupported value: {shown}: supported values: "All"'
        cause = Cause("dryRun", problem, "FieldValueNotSupported")
        raise errors.invalid_options(kind, [cause])
    return bool(stages)
