"""What an answer of a forge means for the call that it was given to."""

import json
from collections.abc import Mapping
from time import time
from typing import Any

from remediators.core.reply import Answer, Reply

SAID_CHARS_MAX = 200
RETRY_AFTER_MS = 1_000
RETRY_AFTER_MS_MAX = 3_600_000


def verdict(status: int, headers: Mapping[str, str], body: bytes, secret: str) -> Reply | None:
    """None where it was done. Nothing that is echoed gives `secret` away."""
    if status in (200, 201):
        return None
    detail = f"{status}: {said(body, secret)}"
    if status == 429 or (status == 403 and _limited(headers)):
        return Reply(Answer.THROTTLED, detail, _retry_after_ms(headers))
    # A forge hides what a token may not see.
    if status in (401, 403, 404, 410):
        return Reply(Answer.FORBIDDEN, detail)
    # Also for a moment after the push, while its parts do not agree about the branch.
    if status in (409, 422):
        return Reply(Answer.CONFLICT, detail)
    if 300 <= status < 500 and status != 408:
        return Reply(Answer.INVALID, detail)
    return Reply(Answer.UNSURE, detail)


def _limited(headers: Mapping[str, str]) -> bool:
    """GitHub says 403 to those who ask too much, too."""
    return "Retry-After" in headers or headers.get("X-RateLimit-Remaining") == "0"


def _retry_after_ms(headers: Mapping[str, str]) -> int:
    wait, reset = (headers.get(name, "") for name in ("Retry-After", "X-RateLimit-Reset"))
    if wait.isascii() and wait.isdecimal():
        wait_ms = int(wait[:9]) * 1000
    elif reset.isascii() and reset.isdecimal():
        wait_ms = int((int(reset[:12]) - time()) * 1000)
    else:
        wait_ms = RETRY_AFTER_MS
    return max(RETRY_AFTER_MS, min(wait_ms, RETRY_AFTER_MS_MAX))


def said(body: bytes, secret: str) -> str:
    """What a forge says of a call that it turns down: on one line, and not much of it."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return "no JSON"
    words = " ".join(_words(found)) if isinstance(found, dict) else ""
    words = words.replace(secret, "***")
    shown = "".join(each if each.isprintable() else " " for each in words)
    return " ".join(shown.split())[:SAID_CHARS_MAX]


def _words(found: Mapping[str, Any]) -> list[str]:
    """`message` and `errors` of GitHub; `message`, or `error`, of GitLab."""
    words = []
    for each in (found.get("message"), found.get("error"), found.get("errors")):
        for one in each if isinstance(each, list) else [each]:
            text = one.get("message") or one.get("field") if isinstance(one, dict) else one
            words += [text] if isinstance(text, str) else []
    return words
