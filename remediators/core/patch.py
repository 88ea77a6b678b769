"""A JSON Patch that first proves the target unchanged.

Tests come first, so that a patch of which one fails changes nothing. A `test` for null holds where
the member is absent: so the API itself proves that no command has been there before. Of two patches
that expect the same marker at most one wins, whatever else the API keeps count of.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from remediators.core.marker import LAST_COMMAND, precondition, pushed
from remediators.core.request import PATCH, text
from remediators.core.seen import ENABLED, PAUSED_UNTIL, Seen
from schemas.remediation import Command, Request

CONTENT_TYPE = "application/json-patch+json"

Operation = Mapping[str, Any]


def pointer(*path: str) -> str:
    """A JSON pointer (RFC 6901) to a member whose names may hold `/` and `~`."""
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in path)


def add(value: Any, *path: str) -> Operation:
    """Sets a member, whether it was there or not."""
    return {"op": "add", "path": pointer(*path), "value": value}


def remove(*path: str) -> Operation:
    return {"op": "remove", "path": pointer(*path)}


def must_be(value: Any, *path: str) -> Operation:
    """None: it is absent, below a parent that is there."""
    return {"op": "test", "path": pointer(*path), "value": value}


def still_allowed(seen: Seen) -> tuple[Operation, ...]:
    """Whoever opts out or pauses stops the request at the API too, however long it was under way.
    Not every generation moves with annotations."""
    paused = must_be(seen.annotations.get(PAUSED_UNTIL), "metadata", "annotations", PAUSED_UNTIL)
    return must_be("true", "metadata", "annotations", ENABLED), paused


def patch(
    command: Command,
    changes: Sequence[Operation],
    tests: Sequence[Operation] = (),
    *,
    generation_kept: bool = True,
) -> Request:
    """`tests` are the plan's own: of what it replaces, where the API keeps no generation."""
    before = precondition(command)
    mark = add(pushed(before.marker, command.command_id), "metadata", "annotations", LAST_COMMAND)
    proofs = _tests(command, generation_kept=generation_kept)
    body = text([*proofs, *tests, *changes, mark])
    return Request(PATCH, command.target, CONTENT_TYPE, body)


def _tests(command: Command, *, generation_kept: bool) -> list[Operation]:
    before = precondition(command)
    generation = [must_be(before.generation, "metadata", "generation")] if generation_kept else []
    marker = must_be(before.marker or None, "metadata", "annotations", LAST_COMMAND)
    return [must_be(before.uid, "metadata", "uid"), *generation, marker]
