"""A schema registry in this process: the part of Confluent's HTTP interface that we use.

Not the real thing, which no package registry carries: it was written from Confluent's documentation
of the interface, so what it shows is that both of ours agree with that.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

MEDIA_TYPE = "application/vnd.schemaregistry.v1+json"


@dataclass
class RegistryServer:
    url: str = ""
    schemas: dict[int, dict[str, Any]] = field(default_factory=dict)
    """By id: what `GET /schemas/ids/{id}` answers."""
    subjects: dict[str, list[int]] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    authorizations: set[str | None] = field(default_factory=set)
    read_only: bool = False
    broken: tuple[int, bytes] | None = None
    """A status and a body to answer with, whatever is asked."""

    def add(self, schema: Any, **more: Any) -> int:
        new = len(self.schemas) + 1
        self.schemas[new] = {"schema": json.dumps(schema), **more}
        return new

    def answer(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        match method, path.strip("/").split("/"):
            case "GET", ["schemas", "ids", number] if int(number) in self.schemas:
                return 200, self.schemas[int(number)]
            case "GET", ["schemas", "ids", _]:
                return 404, {"error_code": 40403, "message": "Schema not found"}
            case "POST", ["subjects", subject]:
                return self._look_up(subject, body["schema"])
            case "POST", ["subjects", subject, "versions"]:
                return self._register(subject, body["schema"])
        return 404, {"error_code": 404, "message": "HTTP 404 Not Found"}

    def _look_up(self, subject: str, schema: str) -> tuple[int, Any]:
        if subject not in self.subjects:
            return 404, {"error_code": 40401, "message": f"Subject '{subject}' not found."}
        for known in self.subjects[subject]:
            if json.loads(self.schemas[known]["schema"]) == json.loads(schema):
                return 200, {"subject": subject, "id": known, "version": 1, "schema": schema}
        return 404, {"error_code": 40403, "message": "Schema not found"}

    def _register(self, subject: str, schema: str) -> tuple[int, Any]:
        if self.read_only:
            return 403, {"error_code": 40301, "message": "User is denied operation Write"}
        status, found = self._look_up(subject, schema)
        if status == 404:
            found = {"id": self.add(json.loads(schema))}
            self.subjects.setdefault(subject, []).append(found["id"])
        return 200, {"id": found["id"]}


@contextmanager
def registry_server() -> Iterator[RegistryServer]:
    served = RegistryServer()

    class Handler(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            body = json.loads(self.rfile.read(length)) if length else None
            served.requests.append(f"{self.command} {self.path}")
            served.authorizations.add(self.headers.get("Authorization"))
            status, answer = served.answer(self.command, self.path, body)
            raw = json.dumps(answer).encode()
            if served.broken:
                status, raw = served.broken
            self.send_response(status)
            self.send_header("Content-Type", MEDIA_TYPE)
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        do_GET = do_POST = handle_any

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing on stderr: a test reads `requests`."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
