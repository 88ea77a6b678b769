"""The one call that an INTENT announces. It depends on the command and on what was planned alone:
no clock, nothing read since."""

import json
from collections.abc import Mapping
from typing import Any

from remediators.core.marker import LAST_COMMAND, pushed
from remediators.core.seen import Json
from schemas.remediation import Command, Request, Target

PATCH = "PATCH"
CREATE = "CREATE"
DELETE = "DELETE"
EVICT = "EVICT"
SET = "SET"
"""A value outside of Kubernetes, in a place that knows no condition."""
SET_STATUS = "SET_STATUS"
"""Something under an object's status, where no marker can be written with it."""

ONCE = frozenset({SET, SET_STATUS})
"""A second copy of one of these could undo what somebody has done since the first. So it is sent
once, and what nobody can tell of it is UNKNOWN."""

MARKED = frozenset({PATCH, CREATE})
"""What these change or make carries our marker; of two, the API itself lets one win."""

BODY_BYTES_MAX = 128 * 1024
"""An INTENT is copied to the tape, whose records are at most twice this."""
JSON = "application/json"


def text(body: Any) -> str:
    return json.dumps(body, separators=(",", ":"))


def removal(verb: str, target: Target, uid: str, options: Json | None = None) -> Request:
    """DELETE or EVICT of that very object, or of nothing: a uid never returns."""
    wanted = {**(options or {}), "preconditions": {"uid": uid}}
    if verb == EVICT:
        name = {"name": target.name, "namespace": target.namespace}
        body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": name}
        return Request(verb, target, JSON, text({**body, "deleteOptions": wanted}))
    return Request(
        verb, target, JSON, text({"apiVersion": "v1", "kind": "DeleteOptions", **wanted})
    )


def removed_uid(request: Request) -> str:
    """Of the object that a DELETE or EVICT is about."""
    body: Mapping[str, Any] = json.loads(request.body)
    options = body["deleteOptions"] if request.verb == EVICT else body
    return str(options["preconditions"]["uid"])


def rehearsal_of(request: Request) -> str:
    """The body under which a removal is only rehearsed. The API reads the options of a DELETE from
    its body where there is one, and then does not look at `?dryRun` at all."""
    if request.verb not in (DELETE, EVICT):
        return request.body
    body = json.loads(request.body)
    options = body["deleteOptions"] if request.verb == EVICT else body
    options["dryRun"] = ["All"]
    return text(body)


def setting(target: Target, value: str, was: str | None = None, match: str = "") -> Request:
    """`was` is what it replaces; `match`, what its store calls that state, where it does."""
    known = {"was": was, "match": match or None}
    body = {"value": value, **{name: each for name, each in known.items() if each is not None}}
    return Request(SET, target, JSON, text(body))


def set_value(request: Request) -> str:
    """That a SET would leave."""
    return str(json.loads(request.body)["value"])


def was_value(request: Request) -> str | None:
    """That a SET replaces, where it says so."""
    was = json.loads(request.body).get("was")
    return None if was is None else str(was)


def set_match(request: Request) -> str:
    return str(json.loads(request.body).get("match", ""))


def creation(command: Command, target: Target, body: Json) -> Request:
    """Under a name that is the command's own, so that it cannot be made twice; marked as ours."""
    metadata: Mapping[str, Any] = body.get("metadata") or {}
    notes = {**(metadata.get("annotations") or {}), LAST_COMMAND: pushed("", command.command_id)}
    named = {**metadata, "name": target.name, "namespace": target.namespace, "annotations": notes}
    return Request(CREATE, target, JSON, text({**body, "metadata": named}))
