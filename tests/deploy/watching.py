"""Followers of a cluster in this process, over a line that can be cut; and a server that is odd."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from remediators.adapters.kubernetes.stream import WatchedServer
from remediators.clusters import ClusterAddress
from streams.ingest.kubernetes.follow import Follower
from streams.ingest.kubernetes.kinds import KINDS
from streams.ingest.kubernetes.picture import Picture
from tests.deploy.sandbox.cluster.conftest import eventually


class Line:
    """A connection to a cluster that can be cut and mended; what is said through it is real."""

    def __init__(self, address: ClusterAddress, silent_s: float = 20.0) -> None:
        self._address = address
        self._silent_s = silent_s
        self._server: WatchedServer | None = None
        self.mend()

    def mend(self) -> None:
        self._server = WatchedServer(self._address, 20.0, self._silent_s, len(KINDS))

    def cut(self) -> None:
        server, self._server = self._server, None
        assert server
        server.close()

    def get(self, path: str) -> tuple[int, bytes]:
        server = self._open()
        answer = server.get(path)
        self._check(server)
        return answer

    def follow(self, path: str) -> tuple[int, Iterator[bytes]]:
        server = self._open()
        status, lines = server.follow(path)
        return status, self._heard(server, lines)

    def _open(self) -> WatchedServer:
        self._check(self._server)
        assert self._server
        return self._server

    def _heard(self, server: WatchedServer, lines: Iterator[bytes]) -> Iterator[bytes]:
        for line in lines:
            self._check(server)
            yield line

    def _check(self, server: WatchedServer | None) -> None:
        """Who was about to ask as it was cut would open another connection."""
        if server is None or server is not self._server:
            raise ConnectionError("cut")


class Ear:
    """What followers hear, on a picture."""

    def __init__(self) -> None:
        self.picture = Picture()
        self.lists = dict.fromkeys((kind.name for kind in KINDS), 0)
        self.counts: dict[str, int] = {}
        self.failures: list[str] = []
        self._lock = threading.Lock()

    def listed(self, kind: str, found: list[object]) -> None:
        with self._lock:
            self.picture.listed(kind, found, now_ms())
            self.lists[kind] += 1
            self.counts[kind] = len(found)

    def changed(self, kind: str, found: object) -> None:
        with self._lock:
            self.picture.changed(kind, found, now_ms())

    def gone(self, kind: str, uid: str) -> None:
        with self._lock:
            self.picture.gone(kind, uid, now_ms())

    def in_touch(self, kind: str) -> None: ...

    def failed(self, kind: str, why: str) -> None:
        self.failures.append(f"{kind}: {why}")

    def unreadable(self, kind: str, why: str) -> None:
        raise AssertionError(f"{kind}: {why}")

    def names(self) -> set[tuple[str, str]]:
        """Of the alerts that fire, and whom each is about."""
        with self._lock:
            labels = [alert.trouble.labels for alert in self.picture.board.firing.values()]
        return {(one["alertname"], one.get("pod", "")) for one in labels}


def now_ms() -> int:
    return time.time_ns() // 1_000_000


@contextmanager
def following(line: Line, *kinds: str) -> Iterator[Ear]:
    ear, stopping = Ear(), threading.Event()
    chosen = [kind for kind in KINDS if kind.name in kinds]
    threads = [
        threading.Thread(
            target=Follower(line, kind, ear, stopping, lambda: 0.0, time.monotonic).run
        )
        for kind in chosen
    ]
    for thread in threads:
        thread.start()
    try:
        eventually(lambda: all(ear.lists[kind] for kind in kinds), "the first lists")
        yield ear
    finally:
        stopping.set()
        if line._server is not None:
            line.cut()
        for thread in threads:
            thread.join()


class Odd(BaseHTTPRequestHandler):
    """A server that lists nothing and then does with each watch what the test says."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        server: Any = self.server
        server.asked.append(self.path)
        if "watch=" in self.path:
            server.watches(self)
            self.close_connection = True
            return
        meta = {"resourceVersion": "7", "continue": "next" if server.pages > 0 else ""}
        expired = "continue=" in self.path
        body = json.dumps({"metadata": meta, "items": None, "code": 410}).encode()
        server.pages -= 1
        self.begin(410 if expired else 200, len(body))
        self.wfile.write(body)

    def begin(self, status: int, length: int | None = None) -> None:
        self.send_response(status)
        if length is None:
            self.send_header("Connection", "close")
        else:
            self.send_header("Content-Length", str(length))
        self.end_headers()

    def log_message(self, *_: object) -> None: ...


@contextmanager
def odd(watches: Callable[[Odd], None], pages: int = 0) -> Iterator[tuple[str, list[str]]]:
    """Its address, and what it was asked. Of its first lists no further page can be had."""
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), Odd)
    server.watches, server.pages, server.asked = watches, pages, []
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", server.asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def image(tag: int, mark: str = "") -> dict[str, Any]:
    """A patch to a release, and with a command's mark where it is one of ours."""
    template = {"spec": {"containers": [{"name": "main", "image": f"example/main:{tag}"}]}}
    notes = {"annotations": {"mendlog.io/last-command": mark}} if mark else {}
    return {"metadata": notes, "spec": {"template": template}}
