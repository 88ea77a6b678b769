"""The API, asked by somebody who may do anything."""

import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deploy.sandbox.errors import SandboxError

ANSWER_S = 10.0


class Refused(SandboxError):
    """The API server answered, and not with success."""


class Admin:
    def __init__(self, url: str, ca_file: Path, token: str) -> None:
        self._url = url
        self._ca_file = ca_file
        self._token = token

    def is_ready(self) -> bool:
        """The file of its authority appears while the server starts."""
        if not self._ca_file.exists():
            return False
        try:
            self._ask("/readyz")
        except (Refused, OSError):  # every error of connections and of TLS is an OSError
            return False
        return True

    def get(self, path: str) -> Any:
        return json.loads(self._ask(path))

    def create(self, path: str, obj: Mapping[str, Any]) -> Any:
        return json.loads(self._ask(path, json.dumps(obj).encode()))

    def _ask(self, path: str, body: bytes | None = None) -> bytes:
        """A body makes it a POST."""
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        request = urllib.request.Request(f"{self._url}{path}", data=body, headers=headers)
        tls = ssl.create_default_context(cafile=self._ca_file)
        try:
            with urllib.request.urlopen(request, timeout=ANSWER_S, context=tls) as answer:
                return bytes(answer.read())
        except urllib.error.HTTPError as refusal:
            said = refusal.read().decode(errors="replace")
            raise Refused(f"{request.get_method()} {path}: {refusal.code}: {said}") from refusal
