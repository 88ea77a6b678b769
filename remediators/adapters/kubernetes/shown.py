"""What a yes to a request has to show: the object that was meant, with our mark on it.

Something in front of the API may answer 200 with a page of its own; and a webhook may take the mark
away, without which nobody can tell later whether a request has had its effect.
"""

import json
from collections.abc import Mapping
from typing import Any

from remediators.adapters.kubernetes.answers import Raw, object_of, reply_of
from remediators.core import request as verbs
from remediators.core.marker import LAST_COMMAND
from remediators.core.patch import pointer
from remediators.core.reply import Answer, Reply
from remediators.core.request import removed_uid
from schemas.remediation import Request

Object = Mapping[str, Any]
ELSE = "the answer does not show what was asked for"
UNMARKED = f"what the API makes of it does not carry {LAST_COMMAND} as we have written it"
_MARK = pointer("metadata", "annotations", LAST_COMMAND)
_UID = pointer("metadata", "uid")


def judged(request: Request, raw: Raw, *, rehearsal: bool) -> Reply:
    reply = reply_of(raw)
    if reply.answer is not Answer.DONE:
        return reply
    found = object_of(raw)
    if isinstance(found, Reply):
        return found
    try:
        meant, marked = _meant(request, found), _marked(request, found)
    except (AttributeError, LookupError, StopIteration, TypeError, ValueError):
        meant = marked = False
    if meant and marked:
        return reply
    # What would lose its mark is not done; what was sent is asked for.
    refused = rehearsal and meant
    return Reply(Answer.INVALID if refused else Answer.UNSURE, UNMARKED if meant else ELSE)


def _meant(request: Request, found: Object) -> bool:
    metadata = found.get("metadata") or {}
    match request.verb:
        case verbs.PATCH:
            return bool(metadata["uid"] == _of_patch(request, "test", _UID))
        case verbs.CREATE:
            return bool(metadata["name"] == request.target.name)
        case verbs.DELETE | verbs.EVICT:
            done = found.get("kind") == "Status" and found.get("status") == "Success"
            return done or metadata["uid"] == removed_uid(request)
    return bool(metadata)


def _marked(request: Request, found: Object) -> bool:
    notes = (found.get("metadata") or {}).get("annotations") or {}
    match request.verb:
        case verbs.PATCH:
            return bool(notes.get(LAST_COMMAND) == _of_patch(request, "add", _MARK))
        case verbs.CREATE:
            made = json.loads(request.body)["metadata"]["annotations"]
            return bool(notes.get(LAST_COMMAND) == made[LAST_COMMAND])
    return True


def _of_patch(request: Request, op: str, path: str) -> Any:
    steps = json.loads(request.body)
    return next(step["value"] for step in steps if (step["op"], step["path"]) == (op, path))
