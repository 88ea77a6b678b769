"""Slack: an incoming webhook, or `chat.postMessage` with a bot's token.

Slack has no idempotency key. A message that may already be there says so.
"""

import json
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from remediators.notifier_ports import HttpReply, HttpRequest
from remediators.notify.channel import (
    ACCEPTED,
    Answer,
    Verdict,
    by_status,
    json_request,
    said,
)
from remediators.notify.digest import Digest
from remediators.notify.letter import CUT, Letter

POST_MESSAGE = "https://slack.com/api/chat.postMessage"
TEXT_CHARS_MAX = 3_900
"""Slack shows 4,000 whole."""
TITLE_CHARS_MAX = 400
BODY_CHARS_MAX = 2_000
LABELS_CHARS_MAX = 500
LINE_CHARS_MAX = 100
LINKS_CHARS_MAX = 400
_BETWEEN = " · "
PASSING = {"internal_error", "fatal_error", "service_unavailable", "request_timeout"}
"""Errors of Slack's own, which a later attempt may not meet."""
TOO_MANY = {"ratelimited", "rate_limited", "message_limit_exceeded"}
_ERROR = re.compile(r"[a-z][a-z_]{2,60}")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_MARKS = {
    "acting": "🔧",
    "escalated": "🚨",
    "reminder": "⏰",
    "resolved": "✅",
    "approval": "✋",
    "lease": "⌛",
}


@dataclass(frozen=True, slots=True)
class Slack:
    name: str
    per_minute: int
    url: str = field(repr=False)
    """The webhook's, which is a secret; or that of `chat.postMessage`."""
    token: str = field(default="", repr=False)
    channel: str = ""

    @property
    def secrets(self) -> tuple[str, ...]:
        return tuple(filter(None, (self.token, self.url)))

    def message(self, letter: Letter) -> tuple[HttpRequest, ...]:
        repeated = "_(possibly repeated)_ " if letter.possibly_repeated else ""
        mark = _MARKS.get(letter.kind, "ℹ️")
        head = f"{mark} {repeated}*{_bold(letter.title)}*"
        facts = f"{letter.kind} · {letter.severity} · {letter.cluster} · {letter.incident_id}"
        labels = ", ".join(f"{name}={value}" for name, value in letter.labels.items())
        parts = [
            head,
            escaped(facts, LABELS_CHARS_MAX),
            escaped(letter.text, BODY_CHARS_MAX),
            escaped(labels, LABELS_CHARS_MAX),
            _links(letter),
            escaped(f"approve with: {letter.proposal}", 200) if letter.proposal else "",
        ]
        return (self._request("\n".join(filter(None, parts))),)

    def digest(self, digest: Digest) -> HttpRequest:
        names = [f"• {escaped(name, LINE_CHARS_MAX)}" for name in digest.names]
        parts = [f"📚 *{escaped(digest.headline, 100)}*", escaped(digest.counts, 400), *names]
        return self._request("\n".join(parts))

    def digestible(self, letter: Letter) -> bool:
        return True

    def verdict(self, reply: HttpReply) -> Verdict:
        if reply.status != 200:
            verdict = by_status(reply)
            refused = verdict.answer is Answer.REFUSED
            words = said(reply, self.secrets) if refused else ""
            return Verdict(verdict.answer, f"{verdict.detail} {words}".strip(), verdict.wait_ms)
        if reply.fault:
            return Verdict(Answer.UNSURE, f"status 200, {reply.detail}")
        return self._api_verdict(reply) if self.token else self._webhook_verdict(reply)

    def _webhook_verdict(self, reply: HttpReply) -> Verdict:
        """Only `ok` is success. Another word is Slack's reason; anything else is not Slack."""
        words = said(reply, self.secrets)
        if words == "ok":
            return ACCEPTED
        return _by_error(words) if _ERROR.fullmatch(words) else _not_slack(words)

    def _api_verdict(self, reply: HttpReply) -> Verdict:
        try:
            answer = json.loads(reply.body)
        except ValueError:
            return _not_slack(said(reply, self.secrets))
        if not isinstance(answer, dict) or not isinstance(answer.get("ok"), bool):
            return _not_slack(said(reply, self.secrets))
        if answer["ok"]:
            return ACCEPTED
        error = str(answer.get("error", ""))
        if error in TOO_MANY:
            return Verdict(Answer.BUSY, error, reply.retry_after_ms)
        return _by_error(error) if _ERROR.fullmatch(error) else _not_slack("")

    def _request(self, text: str) -> HttpRequest:
        body: dict[str, Any] = {"text": text, "unfurl_links": False, "unfurl_media": False}
        if not self.token:
            return json_request(self.url, body)
        body |= {"channel": self.channel, "link_names": False, "parse": "none"}
        return json_request(self.url, body, {"Authorization": f"Bearer {self.token}"})


def escaped(text: str, chars_max: int) -> str:
    """With Slack's three entities, so that nothing is a link or a mention. Counted as sent, and
    never cut within an entity."""
    out: list[str] = []
    left = chars_max - len(CUT)
    for char in text:
        piece = _ENTITIES.get(char, char)
        if len(piece) > left:
            return "".join(out) + CUT
        out.append(piece)
        left -= len(piece)
    return "".join(out)


def _bold(title: str) -> str:
    return escaped(title.replace("*", "∗"), TITLE_CHARS_MAX)


def _links(letter: Letter) -> str:
    """As many as fit. What is no address of a page is left out: it could be anything."""
    shown: list[str] = []
    left = LINKS_CHARS_MAX
    for name, url in letter.links.items():
        link = f"<{_address(url)}|{escaped(name.replace('|', ' '), 40)}>"
        if url.startswith(("https://", "http://")) and len(link) <= left:
            shown.append(link)
            left -= len(link) + len(_BETWEEN)
    return _BETWEEN.join(shown)


def _address(url: str) -> str:
    """What would end the link, or name it, is written as a browser would send it."""
    return quote(url, safe=":/?#[]@!$&'()*+,;=%~").replace("&", "&amp;")


def _by_error(error: str) -> Verdict:
    return Verdict(Answer.UNSURE if error in PASSING else Answer.REFUSED, error)


def _not_slack(words: str) -> Verdict:
    return Verdict(Answer.UNSURE, f"an answer that is not Slack's: {words}")
