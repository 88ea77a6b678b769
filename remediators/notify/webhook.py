"""Any HTTPS endpoint: JSON, an `Idempotency-Key`, and a signature where a key is set.

A receiver that drops keys it has seen is told everything once. A digest has a key of its own; each
line of it carries the key that the notice had, or would have had, as a message.
"""

import hashlib
import hmac
from dataclasses import dataclass, field
from typing import Any

from remediators.notifier_ports import HttpReply, HttpRequest
from remediators.notify.channel import Verdict, by_status, json_request
from remediators.notify.digest import Digest
from remediators.notify.letter import Letter

SIGNATURE = "X-Mendlog-Signature"


@dataclass(frozen=True, slots=True)
class Webhook:
    name: str
    per_minute: int
    url: str = field(repr=False)
    bearer: str = field(default="", repr=False)
    signing_key: str = field(default="", repr=False)

    @property
    def secrets(self) -> tuple[str, ...]:
        return tuple(filter(None, (self.url, self.bearer, self.signing_key)))

    def message(self, letter: Letter) -> tuple[HttpRequest, ...]:
        body = {
            "version": "1",
            "type": "notice",
            "idempotency_key": letter.key,
            "possibly_repeated": letter.possibly_repeated,
            "receiver": letter.receiver,
            "notice_id": letter.notice_id,
            "incident_id": letter.incident_id,
            "correlation_id": letter.correlation_id,
            "cluster": letter.cluster,
            "kind": letter.kind,
            "severity": letter.severity,
            "title": letter.title,
            "text": letter.text,
            "proposal": letter.proposal,
            "at_ms": letter.at_ms,
            "expires_at_ms": letter.expires_at_ms,
            "labels": letter.labels,
            "links": letter.links,
        }
        return (self._request(body, letter.key),)

    def digest(self, digest: Digest) -> HttpRequest:
        body = {
            "version": "1",
            "type": "digest",
            "idempotency_key": digest.digest_id,
            "severity": digest.severity,
            "title": digest.headline,
            "notices": [
                {
                    "idempotency_key": x.key,
                    "possibly_repeated": x.possibly_repeated,
                    "incident_id": x.incident_id,
                    "cluster": x.cluster,
                    "kind": x.kind,
                    "severity": x.severity,
                    "title": x.title,
                }
                for x in digest.letters
            ],
        }
        return self._request(body, digest.digest_id)

    def digestible(self, letter: Letter) -> bool:
        return True

    def verdict(self, reply: HttpReply) -> Verdict:
        """What the body says is not repeated anywhere: it may say again what we have sent."""
        return by_status(reply)

    def _request(self, body: dict[str, Any], key: str) -> HttpRequest:
        headers = {"Idempotency-Key": key}
        if self.bearer:
            headers["Authorization"] = f"Bearer {self.bearer}"
        request = json_request(self.url, body, headers)
        if not self.signing_key:
            return request
        signed = hmac.new(self.signing_key.encode(), request.body, hashlib.sha256).hexdigest()
        return HttpRequest(
            request.url, request.body, {**request.headers, SIGNATURE: f"sha256={signed}"}
        )
