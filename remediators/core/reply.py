"""What became of one call to the API, as far as the caller can know."""

from dataclasses import dataclass
from enum import StrEnum


class Answer(StrEnum):
    DONE = "done"
    CONFLICT = "conflict"
    """409: the object moved under the call, or something was in its way; nothing was changed."""
    UNPROCESSABLE = "unprocessable"
    """422: a `test` of the patch failed, or the result would be invalid; nothing was changed."""
    NOT_FOUND = "not_found"
    FORBIDDEN = "forbidden"
    INVALID = "invalid"
    THROTTLED = "throttled"
    """429: turned away before it was looked at."""
    NEVER_SENT = "never_sent"
    """No connection was established, so no byte of the request left."""
    HELD_BACK = "held_back"
    """Time or a switch stopped it before its first byte left."""
    UNSURE = "unsure"
    """Sent, at least in part, and no answer that settles it: a 5xx, a timeout, a cut."""


@dataclass(frozen=True, slots=True)
class Reply:
    answer: Answer
    detail: str = ""
    retry_after_ms: int = 0
    """For THROTTLED: how long the server wants to be left alone."""
    begun: bool = False
    """Of what is made in two calls, the first is done: whatever the answer says is of the rest."""
