"""Machines of a cluster that has none: what EC2 answers about them, by its Query API.

Each node of a sandbox is an instance of its own name; where one is ended, the cluster sees its node
gone. `python -m deploy.sandbox.machines --cluster-url URL` says where it answers, until SIGTERM.
"""

import argparse
import json
import queue
import signal
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

DOC = "urn:ec2"
CODES = {"pending": 0, "running": 16, "shutting-down": 32, "terminated": 48, "stopping": 64}

GO_ON, CUT = "go on", "cut"
"""An answer as it should be; and none at all, when all is done."""


@dataclass
class Machine:
    state: str = "running"
    tags: Mapping[str, str] = field(default_factory=dict)


class Refused(Exception):
    def __init__(self, code: str, status: int = 400) -> None:
        super().__init__(code)
        self.code, self.status = code, status


class Machines:
    """Start, use `url`, stop."""

    def __init__(
        self, cluster: str, names: Iterable[str], ended: Callable[[str], None] = lambda _: None
    ) -> None:
        owned = {f"kubernetes.io/cluster/{cluster}": "owned"}
        self.machines = {name: Machine(tags=owned) for name in names}
        self.calls: list[dict[str, str]] = []
        """Each that came, by its parameters."""
        self.says: list[Refused | str] = []
        """To the next calls."""
        self._ended = ended
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        ours = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                asked = dict(parse_qsl(body, keep_blank_values=True))
                ours.calls.append(asked)
                said = ours.says.pop(0) if ours.says else GO_ON
                try:
                    if isinstance(said, Refused):
                        raise said
                    text, status = ours._answer(asked), 200
                except Refused as refused:
                    text, status = _errors(refused.code), refused.status
                if said == CUT:
                    self.close_connection = True
                    return
                self.send_response(status)
                self.send_header("Content-Type", "text/xml")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_: Any) -> None:
                pass

        return Handler

    def _answer(self, asked: Mapping[str, str]) -> str:
        named = [asked[key] for key in sorted(asked) if key.startswith("InstanceId.")]
        if not set(named) <= set(self.machines):
            raise Refused("InvalidInstanceID.NotFound")
        if asked["Action"] == "DescribeInstances":
            return self._described(named or list(self.machines), asked)
        return self._terminated(named, asked)

    def _described(self, names: list[str], asked: Mapping[str, str]) -> str:
        tag = asked.get("Filter.1.Name", "").removeprefix("tag:")
        value = asked.get("Filter.1.Value.1")
        chosen = [n for n in names if not tag or self.machines[n].tags.get(tag) == value]
        items = "".join(self._instance(name) for name in chosen)
        sets = f"<item><instancesSet>{items}</instancesSet></item>" if items else ""
        return _response("DescribeInstances", f"<reservationSet>{sets}</reservationSet>")

    def _instance(self, name: str) -> str:
        state = self.machines[name].state
        told = f"<instanceState><code>{CODES[state]}</code><name>{state}</name></instanceState>"
        return f"<item><instanceId>{name}</instanceId>{told}</item>"

    def _terminated(self, names: list[str], asked: Mapping[str, str]) -> str:
        if asked.get("DryRun") == "true":
            raise Refused("DryRunOperation", 412)
        for name in names:
            if self.machines[name].state not in ("shutting-down", "terminated"):
                self.machines[name].state = "shutting-down"
                self._ended(name)
        items = "".join(f"<item><instanceId>{name}</instanceId></item>" for name in names)
        return _response("TerminateInstances", f"<instancesSet>{items}</instancesSet>")


def _response(action: str, inner: str) -> str:
    return f'<{action}Response xmlns="{DOC}"><requestId>r</requestId>{inner}</{action}Response>'


def _errors(code: str) -> str:
    error = f"<Error><Code>{code}</Code><Message>as told</Message></Error>"
    return f"<Response><Errors>{error}</Errors><RequestID>r</RequestID></Response>"


def tells_of_node(cluster_url: str, ready: str) -> Callable[[str], None]:
    """To a sandbox, of its node: while it is not ready, its kubelet acts as if cut off."""

    def told(name: str) -> None:
        condition = {"type": "Ready", "status": ready, "reason": "MachineTold"}
        request = urllib.request.Request(
            f"{cluster_url}/api/v1/nodes/{name}/status",
            json.dumps({"status": {"conditions": [condition]}}).encode(),
            {"Content-Type": "application/strategic-merge-patch+json"},
            method="PATCH",
        )
        urllib.request.urlopen(request, timeout=10).close()

    return told


def nodes_of(cluster_url: str) -> list[str]:
    with urllib.request.urlopen(f"{cluster_url}/api/v1/nodes", timeout=10) as answer:
        return [node["metadata"]["name"] for node in json.load(answer)["items"]]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m deploy.sandbox.machines", description=__doc__)
    parser.add_argument("--cluster-url", required=True, help="of the sandbox's API")
    parser.add_argument("--cluster-name", default="demo", help="as in the machines' tag")
    given = parser.parse_args()
    stopped: queue.SimpleQueue[int] = queue.SimpleQueue()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _: stopped.put(number))
    gone = tells_of_node(given.cluster_url, "Unknown")
    machines = Machines(given.cluster_name, nodes_of(given.cluster_url), gone)
    sys.stdout.write(f"{machines.url}\n")
    sys.stdout.flush()
    stopped.get()
    machines.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
