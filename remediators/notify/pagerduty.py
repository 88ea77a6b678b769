"""PagerDuty, Events API v2. Its `dedup_key` is the incident's id, so repeats merge there.

What must wake somebody triggers under that key, and `resolved` resolves it. All other kinds are
plain information: they open a quiet alert under a key of their own, for PagerDuty would take a
later page into an alert that is already open, and nobody would be woken by it.
"""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from remediators.notifier_ports import HttpReply, HttpRequest
from remediators.notify.channel import ACCEPTED, Answer, Verdict, by_status, json_request, said
from remediators.notify.digest import Digest
from remediators.notify.letter import Letter, cut

ENQUEUE = "https://events.pagerduty.com/v2/enqueue"
SUMMARY_CHARS_MAX = 1_024
KEY_CHARS_MAX = 255
EVENT_BYTES_MAX = 512 * 1024
PAGES = frozenset({"escalated", "reminder", "approval", "storm"})
RESOLVED = "resolved"
SEVERITIES = {
    "critical": "critical",
    "page": "critical",
    "high": "error",
    "error": "error",
    "medium": "warning",
    "warning": "warning",
    "low": "info",
    "info": "info",
}
"""Ours to theirs. One that we do not know is an `error`: rather too loud than not heard."""


@dataclass(frozen=True, slots=True)
class PagerDuty:
    name: str
    per_minute: int
    routing_key: str = field(repr=False)
    url: str = ENQUEUE

    @property
    def secrets(self) -> tuple[str, ...]:
        return (self.routing_key,)

    def message(self, letter: Letter) -> tuple[HttpRequest, ...]:
        if letter.kind == RESOLVED:
            keys = (page_key(letter), information_key(letter))
            return tuple(self._event("resolve", key, None) for key in keys)
        pages = letter.kind in PAGES
        severity = SEVERITIES.get(letter.severity, "error") if pages else "info"
        key = page_key(letter) if pages else information_key(letter)
        return (self._event("trigger", key, _payload(letter, severity), _links(letter)),)

    def digest(self, digest: Digest) -> HttpRequest:
        first = digest.letters[0]
        payload = {
            "summary": cut(f"{digest.headline}: {digest.counts}", SUMMARY_CHARS_MAX),
            "source": first.cluster or "mendlog",
            "severity": SEVERITIES.get(digest.severity, "error"),
            "custom_details": {"notices": list(digest.names)},
        }
        return self._event("trigger", digest.digest_id, payload)

    def digestible(self, letter: Letter) -> bool:
        """A resolve closes one alert; as a line of a digest it would close none."""
        return letter.kind != RESOLVED

    def verdict(self, reply: HttpReply) -> Verdict:
        if reply.status == 202:
            return ACCEPTED
        verdict = by_status(reply)
        if verdict is ACCEPTED:
            return Verdict(Answer.UNSURE, f"status {reply.status}, and PagerDuty says 202")
        if verdict.answer is Answer.REFUSED:
            return Verdict(Answer.REFUSED, f"{verdict.detail} {_errors(reply, self.secrets)}")
        return verdict

    def _event(
        self, action: str, key: str, payload: dict[str, Any] | None, links: list[Any] | None = None
    ) -> HttpRequest:
        event: dict[str, Any] = {
            "routing_key": self.routing_key,
            "event_action": action,
            "dedup_key": key,
        }
        if payload is not None:
            event |= {"payload": payload, "client": "Mendlog", "links": links or []}
        return json_request(self.url, event)


def page_key(letter: Letter) -> str:
    return letter.incident_id


def information_key(letter: Letter) -> str:
    return f"{letter.incident_id}/information"


def _payload(letter: Letter, severity: str) -> dict[str, Any]:
    at = datetime.fromtimestamp(max(0, min(letter.at_ms, 253_402_300_799_000)) / 1000, UTC)
    return {
        "summary": cut(f"[{letter.kind}] {letter.title}", SUMMARY_CHARS_MAX),
        "source": letter.cluster or "mendlog",
        "severity": severity,
        "timestamp": at.isoformat(),
        "class": letter.kind,
        "custom_details": {
            "text": letter.text,
            "labels": letter.labels,
            "notice_id": letter.notice_id,
            "receiver": letter.receiver,
            "severity": letter.severity,
            "proposal": letter.proposal,
            "possibly_repeated": letter.possibly_repeated,
        },
    }


def _links(letter: Letter) -> list[dict[str, str]]:
    return [
        {"href": url, "text": name}
        for name, url in letter.links.items()
        if url.startswith(("https://", "http://"))
    ]


def _errors(reply: HttpReply, secrets: tuple[str, ...]) -> str:
    """PagerDuty says in `errors` which field it is about."""
    try:
        answer = json.loads(reply.body)
        told = "; ".join(map(str, answer["errors"])) or str(answer["message"])
    except (ValueError, TypeError, KeyError):
        told = reply.body.decode(errors="replace")
    return said(HttpReply(body=told.encode(errors="replace")), secrets)
