"""One API server, read from for hours: lists, and watches line by line.

Beside `client.py`, which sends each request once and is asked by an executor with seconds to spare.
Nothing here changes anything.
"""

import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any

import urllib3
from kubernetes.client import ApiClient

from remediators.adapters.kubernetes.access import open_access
from remediators.adapters.kubernetes.answers import whole_body, words
from remediators.adapters.kubernetes.client import CONNECT_S
from remediators.clusters import ClusterAddress

LINE_BYTES_MAX = 16 * 1024 * 1024
CHUNK_BYTES = 64 * 1024
UNAUTHORIZED = 401
CLOSED = "closed"


class WatchedServer:
    """Blocking, and safe to use from several threads. Raises OSError where the server cannot be
    heard, whatever the reason."""

    def __init__(
        self, address: ClusterAddress, timeout_s: float, silent_s: float, connections_max: int
    ) -> None:
        """`silent_s`: how long a watch may say nothing, bookmarks included. Raises
        BadClusterAddress."""
        self._access = open_access(address)
        configuration = self._access.configuration
        configuration.retries = False
        configuration.connection_pool_maxsize = connections_max
        self._configuration = configuration
        self._pools = ApiClient(configuration).rest_client.pool_manager
        self._timeout_s, self._silent_s = timeout_s, silent_s
        self._credentials = threading.Lock()
        self._open: set[urllib3.BaseHTTPResponse] = set()
        self._closed = False

    def get(self, path: str) -> tuple[int, bytes]:
        response = self._ask(path, self._timeout_s)
        try:
            return response.status, whole_body(response, time.monotonic() + self._timeout_s)
        except urllib3.exceptions.HTTPError as fault:
            raise ConnectionError(words(fault)) from fault
        finally:
            self._open.discard(response)

    def follow(self, path: str) -> tuple[int, Iterator[bytes]]:
        response = self._ask(path, self._silent_s)
        return response.status, self._lines(response)

    def close(self) -> None:
        """Whoever reads hears the end of it."""
        self._closed = True
        for response in list(self._open):
            try:
                response.shutdown()
            except (ValueError, RuntimeError, OSError):
                pass  # It has just ended by itself.
        self._pools.clear()

    def _ask(self, path: str, read_s: float) -> urllib3.BaseHTTPResponse:
        headers = self._headers()
        response = self._send(path, read_s, headers)
        if response.status == UNAUTHORIZED and self._access.renew(headers.get("authorization", "")):
            response.close()
            response = self._send(path, read_s, self._headers())
        self._open.add(response)
        if self._closed:
            response.close()
            raise ConnectionError(CLOSED)
        return response

    def _send(self, path: str, read_s: float, headers: dict[str, str]) -> urllib3.BaseHTTPResponse:
        if self._closed:
            raise ConnectionError(CLOSED)
        try:
            return self._pools.request(
                "GET",
                self._configuration.host.rstrip("/") + path,
                headers=headers,
                timeout=urllib3.Timeout(connect=CONNECT_S, read=read_s),
                retries=False,
                redirect=False,
                preload_content=False,
            )
        except urllib3.exceptions.HTTPError as fault:
            raise ConnectionError(words(fault)) from fault

    def _lines(self, response: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
        left = b""
        try:
            while chunk := response.read1(CHUNK_BYTES):
                *lines, left = (left + chunk).split(b"\n")
                yield from filter(None, lines)
                if len(left) > LINE_BYTES_MAX:
                    raise ConnectionError("a line that does not end")
            if left:
                yield left
        except urllib3.exceptions.HTTPError as fault:
            raise ConnectionError(words(fault)) from fault
        finally:
            self._open.discard(response)
            response.close()

    def _headers(self) -> dict[str, str]:
        headers = {"Accept": "application/json", "User-Agent": "mendlog-watcher"}
        with self._credentials:
            try:
                settings: Mapping[str, Any] = self._configuration.auth_settings()
            except Exception as fault:  # Whatever a plugin raises.
                raise ConnectionError(f"no credentials: {words(fault)}") from fault
        for auth in settings.values():
            if auth["in"] == "header" and auth["value"]:
                headers[auth["key"]] = auth["value"]
        return headers
