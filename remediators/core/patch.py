"""The one call that changes a target: a JSON Patch that first proves the target unchanged.

Tests come first, so that a patch of which one fails changes nothing. Absence cannot be tested for
in JSON Patch; where the marker was absent the test of the generation stands in for it, since every
annotation of ours comes with a change of the spec, and that moves the generation.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from remediators.core.marker import LAST_COMMAND, precondition, pushed
from schemas.remediation import Command, Request

CONTENT_TYPE = "application/json-patch+json"
BODY_BYTES_MAX = 128 * 1024
"""An INTENT is copied to the tape, whose records are at most twice this."""

Operation = Mapping[str, Any]


def pointer(*path: str) -> str:
    """A JSON pointer (RFC 6901) to a member whose names may hold `/` and `~`."""
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in path)


def add(value: Any, *path: str) -> Operation:
    """Sets a member, whether it was there or not."""
    return {"op": "add", "path": pointer(*path), "value": value}


def remove(*path: str) -> Operation:
    return {"op": "remove", "path": pointer(*path)}


def test(value: Any, *path: str) -> Operation:
    return {"op": "test", "path": pointer(*path), "value": value}


def request(command: Command, changes: Sequence[Operation]) -> Request:
    """Depends on the command and on the changes alone: no clock, nothing read since."""
    before = precondition(command)
    mark = add(pushed(before.marker, command.command_id), "metadata", "annotations", LAST_COMMAND)
    body = json.dumps([*_tests(command), *changes, mark], separators=(",", ":"))
    return Request("PATCH", command.target, CONTENT_TYPE, body)


def _tests(command: Command) -> list[Operation]:
    before = precondition(command)
    tests = [
        test(before.uid, "metadata", "uid"),
        test(before.generation, "metadata", "generation"),
    ]
    if before.marker:
        tests.append(test(before.marker, "metadata", "annotations", LAST_COMMAND))
    return tests
