"""The API, asked by somebody who may do anything."""

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

from deploy.sandbox.access import Access
from deploy.sandbox.errors import SandboxError

ANSWER_S = 10.0


class Refused(SandboxError):
    """The API server answered, and not with success."""


class Admin:
    def __init__(self, access: Access) -> None:
        self._access = access

    def is_ready(self) -> bool:
        """The file of its authority appears while the server starts."""
        try:
            self._ask("/readyz")
        except (Refused, OSError):  # of files, connections and TLS: all of them are OSErrors
            return False
        return True

    def get(self, path: str) -> Any:
        return json.loads(self._ask(path))

    def create(self, path: str, obj: Mapping[str, Any]) -> Any:
        return json.loads(self._ask(path, json.dumps(obj).encode()))

    def _ask(self, path: str, body: bytes | None = None) -> bytes:
        """A body makes it a POST."""
        access = self._access
        headers = {**access.headers, "Content-Type": "application/json"}
        request = urllib.request.Request(f"{access.url}{path}", data=body, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=ANSWER_S, context=access.tls) as answer:
                return bytes(answer.read())
        except urllib.error.HTTPError as refusal:
            said = refusal.read().decode(errors="replace")
            raise Refused(f"{request.get_method()} {path}: {refusal.code}: {said}") from refusal
