"""A change of what is under an object's status: one JSON Patch, without our marker.

Through `/status` the API takes the status and nothing else; what is written into the metadata there
is dropped without a word. So nothing that stays tells whose change it was. What it depends on can
be tested for all the same: also the resourceVersion, which every change moves and which never
returns. A copy that comes late changes nothing, once anything else has been changed.
"""

import json
from collections.abc import Sequence
from typing import Any

from remediators.core.patch import CONTENT_TYPE, Operation, must_be
from remediators.core.request import SET_STATUS, text
from remediators.core.seen import Json, Seen
from schemas.remediation import Command, Request


def status_patch(
    command: Command, seen: Seen, changes: Sequence[Operation], tests: Sequence[Operation]
) -> Request:
    """`tests` are the plan's own: of what it replaces, and of what must not have changed."""
    bound = (
        must_be(command.uid, "metadata", "uid"),
        must_be(seen.body["metadata"]["generation"], "metadata", "generation"),
    )
    as_read = must_be(seen.resource_version, "metadata", "resourceVersion")
    body = text([*bound, *tests, as_read, *changes])
    return Request(SET_STATUS, command.target, CONTENT_TYPE, body)


def failing(request: Request, found: Json) -> str:
    """The first of its tests that no longer holds, in words: then it can take effect no more."""
    for step in json.loads(request.body):
        if step["op"] == "test" and (now := _at(found, step["path"])) != step["value"]:
            return f"{step['path'][1:]} is {_spoken(now)}, not {_spoken(step['value'])}"
    return ""


def _at(found: Json, path: str) -> Any:
    """None where it is absent, as the API has it."""
    value: Any = found
    for part in path[1:].split("/"):
        value = (value or {}).get(part.replace("~1", "/").replace("~0", "~"))
    return value


def _spoken(value: Any) -> str:
    return "absent" if value is None else str(json.dumps(value).strip('"'))
