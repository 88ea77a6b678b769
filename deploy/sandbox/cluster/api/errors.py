"""Refusals in the words and codes of the real API server."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from deploy.sandbox.cluster.api.resources import Resource
from deploy.sandbox.cluster.objects import Json

MODIFIED = (
    "the object has been modified; please apply your changes to the latest version and try again"
)


class ApiError(Exception):
    """A request that is refused; `body` is the Status object sent."""

    def __init__(self, code: int, reason: str, message: str, details: Json | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.details = details

    def body(self) -> Json:
        body = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": str(self),
            "code": self.code,
        }
        told = {"reason": self.reason, "details": self.details}
        return body | {key: value for key, value in told.items() if value not in ("", None)}


@dataclass(frozen=True, slots=True)
class Cause:
    """One field that is wrong, and why."""

    field: str
    message: str
    reason: str = "FieldValueInvalid"

    @classmethod
    def required(cls, field: str, hint: str = "") -> "Cause":
        return cls(field, f"Required value: {hint}".rstrip(": "), "FieldValueRequired")

    @classmethod
    def invalid(cls, field: str, value: object, problem: str) -> "Cause":
        shown = json.dumps(value, separators=(",", ":"))
        return cls(field, f"Invalid value: {shown}: {problem}")

    @classmethod
    def forbidden(cls, field: str, problem: str) -> "Cause":
        return cls(field, f"Forbidden: {problem}", "FieldValueForbidden")

    @classmethod
    def unsupported(cls, field: str, value: object, known: Sequence[str]) -> "Cause":
        listed = ", ".join(f'"{word}"' for word in known)
        problem = f'Unsupported value: "{value}": supported values: {listed}'
        return cls(field, problem, "FieldValueNotSupported")


def not_found(resource: Resource, name: str) -> ApiError:
    return ApiError(404, "NotFound", f'{resource.id} "{name}" not found', _details(resource, name))


def no_such_path() -> ApiError:
    return ApiError(404, "NotFound", "the server could not find the requested resource", {})


def already_exists(resource: Resource, name: str) -> ApiError:
    message = f'{resource.id} "{name}" already exists'
    return ApiError(409, "AlreadyExists", message, _details(resource, name))


def conflict(resource: Resource, name: str, why: str = MODIFIED) -> ApiError:
    message = f'Operation cannot be fulfilled on {resource.id} "{name}": {why}'
    return ApiError(409, "Conflict", message, _details(resource, name))


def precondition_failed(resource: Resource, name: str, why: str) -> ApiError:
    """Of a deletion. The real one says the kind here where it says the resource elsewhere."""
    message = f'Operation cannot be fulfilled on {resource.kind_id} "{name}": {why}'
    details = _details(resource, name) | {"kind": resource.kind}
    return ApiError(409, "Conflict", message, details)


def invalid(resource: Resource, name: str, causes: Sequence[Cause]) -> ApiError:
    details = _details(resource, name) | {"kind": resource.kind}
    return _invalid(f'{resource.kind_id} "{name}"', details, causes)


def invalid_options(kind: str, causes: Sequence[Cause]) -> ApiError:
    """Options of a request, such as CreateOptions, which have no name."""
    group = "meta.k8s.io"
    return _invalid(f'{kind}.{group} ""', {"group": group, "kind": kind}, causes)


def invalid_patch(result: object, problem: str) -> ApiError:
    """A patch after which the object is none of its kind any more."""
    shown = json.dumps(result, separators=(",", ":"))
    return _invalid(' ""', {}, [Cause.invalid("patch", shown, problem)])


def patch_failed() -> ApiError:
    """A JSON Patch whose test failed or whose path is missing: nobody is told which."""
    message = "the server rejected our request due to an error in our request"
    return ApiError(422, "Invalid", message, {})


def _invalid(what: str, details: Json, causes: Sequence[Cause]) -> ApiError:
    problems = [f"{cause.field}: {cause.message}" for cause in causes]
    listed = problems[0] if len(problems) == 1 else f"[{', '.join(problems)}]"
    told = {**details, "causes": _shown(causes)}
    return ApiError(422, "Invalid", f"{what} is invalid: {listed}", told)


def _shown(causes: Sequence[Cause]) -> list[Json]:
    return [
        {"reason": cause.reason, "message": cause.message, "field": cause.field} for cause in causes
    ]


def bad_request(message: str) -> ApiError:
    return ApiError(400, "BadRequest", message)


def other_namespace() -> ApiError:
    return bad_request(
        "the namespace of the provided object does not match the namespace sent on the request"
    )


def forbidden(resource: Resource, name: str, why: str, causes: Sequence[Cause] = ()) -> ApiError:
    message = f'{resource.id} "{name}" is forbidden: {why}'
    details = _details(resource, name)
    if causes:
        details["causes"] = _shown(causes)
    return ApiError(403, "Forbidden", message, details)


def expired(message: str) -> ApiError:
    return ApiError(410, "Expired", message)


def too_old(asked: int, oldest: int) -> ApiError:
    return expired(f"too old resource version: {asked} ({oldest})")


def too_many_requests(message: str, *, retry_after_s: int, cause: Json) -> ApiError:
    details: Json = {"causes": [cause]}
    if retry_after_s:
        details["retryAfterSeconds"] = retry_after_s
    return ApiError(429, "TooManyRequests", message, details)


def timed_out(message: str, details: Json) -> ApiError:
    return ApiError(504, "Timeout", message, details)


def internal(message: str) -> ApiError:
    return ApiError(500, "InternalError", message)


def method_not_allowed() -> ApiError:
    message = "the server does not allow this method on the requested resource"
    return ApiError(405, "MethodNotAllowed", message, {})


def unsupported_media_type(accepted: Sequence[str]) -> ApiError:
    message = (
        "the body of the request was in an unknown format - "
        f"accepted media types include: {', '.join(accepted)}"
    )
    return ApiError(415, "UnsupportedMediaType", message, {})


def _details(resource: Resource, name: str) -> Json:
    details = {"name": name, "kind": resource.plural}
    return details | ({"group": resource.group} if resource.group else {})
