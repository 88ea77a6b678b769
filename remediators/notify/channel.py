"""A channel: how a letter becomes a request, and what an answer to it means. Pure.

Sending is another's part, so each vendor's rules are one file that can be read beside its
documentation.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from remediators.notifier_ports import HttpFault, HttpReply, HttpRequest
from remediators.notify.digest import Digest
from remediators.notify.letter import Letter, line

DETAIL_CHARS_MAX = 200


class Answer(StrEnum):
    ACCEPTED = "accepted"
    REFUSED = "refused"
    """For good: the same message would be refused again."""
    BUSY = "busy"
    """Too many messages; this one has not arrived."""
    NOT_REACHED = "not_reached"
    UNSURE = "unsure"
    """It may have arrived."""
    LATE = "late"
    """Its time was over before it was sent; nothing has left."""


@dataclass(frozen=True, slots=True)
class Verdict:
    answer: Answer
    detail: str = ""
    wait_ms: int | None = None
    """What the other side asks for before the next message."""


ACCEPTED = Verdict(Answer.ACCEPTED)


class Channel(Protocol):
    @property
    def name(self) -> str: ...

    @property
    def per_minute(self) -> int: ...

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must not be told, whatever the other side answers."""
        ...

    def message(self, letter: Letter) -> tuple[HttpRequest, ...]:
        """To be sent in order; all must be accepted. Sent again from the first one."""
        ...

    def digest(self, digest: Digest) -> HttpRequest: ...

    def digestible(self, letter: Letter) -> bool:
        """Whether it may be told as one line of a digest. If not, no limit holds it up."""
        ...

    def verdict(self, reply: HttpReply) -> Verdict: ...


def by_status(reply: HttpReply) -> Verdict:
    """What HTTP itself says; a vendor's own rules come before it."""
    status, wait_ms = reply.status, reply.retry_after_ms
    if not status:
        reached = reply.fault is not HttpFault.NOT_REACHED
        return Verdict(Answer.UNSURE if reached else Answer.NOT_REACHED, reply.detail)
    if 200 <= status < 300:
        return ACCEPTED
    if status == 429:
        return Verdict(Answer.BUSY, "429: too many", wait_ms)
    if status in (408, 425) or status >= 500:
        return Verdict(Answer.UNSURE, f"status {status}", wait_ms)
    if 300 <= status < 400:
        return Verdict(Answer.REFUSED, f"status {status}: a redirect, and none is followed")
    return Verdict(Answer.REFUSED, f"status {status}")


def said(reply: HttpReply, secrets: tuple[str, ...]) -> str:
    """The other side's own words, fit for a log."""
    text = reply.body.decode(errors="replace")
    for secret in secrets:
        text = text.replace(secret, "(secret)")
    return line(text, DETAIL_CHARS_MAX)


def json_request(
    url: str, body: Mapping[str, Any], headers: Mapping[str, str] | None = None
) -> HttpRequest:
    return HttpRequest(
        url,
        json.dumps(body, ensure_ascii=False).encode(errors="replace"),
        {"Content-Type": "application/json; charset=utf-8", **(headers or {})},
    )
