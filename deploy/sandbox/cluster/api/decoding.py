"""From a request's body to an object of the right kind, or the refusal of it."""

import json
from typing import Any

import structlog

from deploy.sandbox.cluster.api import errors, json_patch, merge_patch
from deploy.sandbox.cluster.api.errors import Cause
from deploy.sandbox.cluster.api.registry import Change
from deploy.sandbox.cluster.api.resources import Resource
from deploy.sandbox.cluster.api.schema import Conformed, WrongType
from deploy.sandbox.cluster.objects import Json

JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_PATCH = "application/strategic-merge-patch+json"
SCALE = "V1Scale"
PATCH_TYPES = (JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH)

log = structlog.get_logger()


class Decoder:
    """Decodes for one request; remembers what it dropped, for the Warning header."""

    def __init__(self, *, strict: bool = False) -> None:
        self._strict = strict
        self.warnings: list[str] = []

    def object(self, resource: Resource, body: bytes) -> Json:
        obj = parsed(body)
        wanted = (resource.api_version, resource.kind)
        if not isinstance(obj, dict):
            raise errors.bad_request("the body of the request is not a JSON object")
        given = (obj.get("apiVersion", wanted[0]), obj.get("kind", wanted[1]))
        if given != wanted:
            raise errors.bad_request(
                f"{given[1]} in version {given[0]!r} cannot be handled as a {wanted[1]}"
            )
        try:
            return self._conformed(resource.model, obj)
        except WrongType as error:
            raise errors.bad_request(
                f'{resource.kind} in version "{resource.version}" '
                f"cannot be handled as a {resource.kind}: {error}"
            ) from error

    def model(self, model: str, body: bytes) -> Json:
        """An object that is not stored, such as DeleteOptions or Scale."""
        try:
            return self._conformed(model, parsed(body) if body.strip() else {})
        except WrongType as error:
            raise errors.bad_request(str(error)) from error

    def patch(self, resource: Resource, model: str, content_type: str, body: bytes) -> Change:
        """What the patch does, as a function from the object now to the object wanted."""
        if content_type not in PATCH_TYPES:
            raise errors.unsupported_media_type(PATCH_TYPES)
        patch = parsed(body)
        if content_type == JSON_PATCH:
            _check_size(patch)
        elif not isinstance(patch, dict):
            raise errors.bad_request("the body of the patch is not a JSON object")

        def change(old: Json) -> Json:
            new = _patched(old, patch, content_type)
            try:
                conformed = self._conformed(model, new)
            except WrongType as error:
                raise errors.invalid_patch(new, str(error)) from error
            _check_kind(old, new, scale=model == SCALE)
            _check_uid(resource, old, conformed)
            return conformed

        return change

    def _conformed(self, model: str, obj: Any) -> Json:
        conformed = Conformed(model, obj)
        unknown = [f'unknown field "{field}"' for field in conformed.unknown]
        if unknown and self._strict:
            raise errors.bad_request(f"strict decoding error: {', '.join(unknown)}")
        self.warnings += unknown
        return conformed.object


def parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError as error:  # of json, or of the text's encoding
        raise errors.bad_request(f"the object provided is unrecognized: {error}") from error


def _check_kind(old: Json, new: Json, *, scale: bool) -> None:
    for key in () if scale else ("apiVersion", "kind"):
        if new.get(key, old[key]) != old[key]:
            raise errors.invalid_patch(new, f"{new[key]} is not {old[key]}")


def _check_uid(resource: Resource, old: Json, new: Json) -> None:
    """A patch cannot change it; in a PUT another one is a conflict instead."""
    asked, name = new.get("metadata", {}).get("uid"), old["metadata"]["name"]
    if asked not in (None, old["metadata"]["uid"]):
        cause = Cause.invalid("metadata.uid", asked, "field is immutable")
        raise errors.invalid(resource, name, [cause])


def _check_size(patch: Any) -> None:
    if isinstance(patch, list) and len(patch) > json_patch.OPERATIONS_MAX:
        raise errors.ApiError(
            413,
            "RequestEntityTooLarge",
            f"The allowed maximum operations in a JSON patch is {json_patch.OPERATIONS_MAX}, "
            f"got {len(patch)}",
        )


def _patched(old: Json, patch: Any, content_type: str) -> Json:
    try:
        if content_type == JSON_PATCH:
            return json_patch.apply(old, patch)
        if content_type == MERGE_PATCH:
            return merge_patch.merge(old, patch)
        return merge_patch.strategic_merge(old, patch)
    except json_patch.PatchFailed as error:
        # The answer does not say which step failed, as the real one does not.
        log.info("patch refused", object=old["metadata"]["name"], why=str(error))
        raise errors.patch_failed() from error
    except (json_patch.BadPatch, merge_patch.BadPatch) as error:
        raise errors.bad_request(str(error)) from error
