"""What an API server has answered, as our values."""

import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import urllib3

from remediators.core.reply import Answer, Reply

BODY_BYTES_MAX = 64 * 1024 * 1024
RETRY_AFTER_MS = 1_000
"""Where a 429 does not say."""
DETAIL_CHARS = 300
ADMISSION = re.compile(
    'admission webhook "|: exceeded quota: |: violates PodSecurity |because it is being terminated'
)
"""Words of a 403 that no right would help against: the request is not wanted, whoever sends it."""
_HALF_CHARACTERS = re.compile(rb"\\u[dD][89a-fA-F]")


@dataclass(frozen=True, slots=True)
class Raw:
    status: int
    headers: Mapping[str, str]
    body: bytes


def whole_body(response: urllib3.BaseHTTPResponse, deadline_s: float) -> bytes:
    """Bounded in size, and in time even where a byte comes now and then."""
    parts, size = [], 0
    try:
        while part := response.read1(64 * 1024):
            parts.append(part)
            size += len(part)
            if size > BODY_BYTES_MAX or time.monotonic() > deadline_s:
                raise urllib3.exceptions.ProtocolError("the answer does not end")
    except BaseException:
        response.close()
        raise
    response.release_conn()
    return b"".join(parts)


def reply_of(raw: Raw) -> Reply:
    """What a status means for a request that was sent once."""
    detail = f"{raw.status}: {message(raw.body)}"[:DETAIL_CHARS]
    match raw.status:
        case status if 200 <= status < 300:
            return Reply(Answer.DONE)
        case 404:
            return Reply(Answer.NOT_FOUND, detail)
        case 409:
            return Reply(Answer.CONFLICT, detail)
        case 422:
            return Reply(Answer.UNPROCESSABLE, detail)
        case 403 if ADMISSION.search(detail):
            return Reply(Answer.INVALID, detail)
        case 401 | 403:
            return Reply(Answer.FORBIDDEN, detail)
        case 429:
            return Reply(Answer.THROTTLED, detail, _retry_after_ms(raw.headers))
        case status if status < 500 and status not in (408, 410):
            return Reply(Answer.INVALID, detail)
    return Reply(Answer.UNSURE, detail)


def message(body: bytes) -> str:
    """Of a `Status` object, or the beginning of whatever came."""
    try:
        return str(_value(body)["message"])
    except (ValueError, KeyError, TypeError):
        return body[:DETAIL_CHARS].decode(errors="replace")


def _retry_after_ms(headers: Mapping[str, str]) -> int:
    text = headers.get("Retry-After", "")
    # No more digits than a command lives; Python itself refuses to read a few thousand of them.
    return int(text[:9]) * 1000 if text.isascii() and text.isdigit() else RETRY_AFTER_MS


def object_of(raw: Raw) -> dict[str, Any] | Reply:
    try:
        value = _value(raw.body)
    except ValueError:
        return Reply(Answer.UNSURE, "an answer that is not JSON")
    if not isinstance(value, dict):
        return Reply(Answer.UNSURE, "an answer that is not an object")
    return value


def _value(body: bytes) -> Any:
    """Raises ValueError, also for what is too deep, and for text that cannot be written down."""
    try:
        value = json.loads(body)
        if _HALF_CHARACTERS.search(body):
            json.dumps(value, ensure_ascii=False).encode()
    except RecursionError:
        raise ValueError("too deep") from None
    return value


def words(fault: Exception) -> str:
    return f"{type(fault).__name__}: {fault}"[:DETAIL_CHARS]
