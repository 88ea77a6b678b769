"""One API server: authenticated requests with our bytes, each sent once and bounded in time.

The official client reads the configuration and keeps the credentials and connections. Its typed
calls are not used: they would encode the body anew (a JSON Patch given as text even under another
content type), and a resend has to be what was announced, byte for byte.
"""

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import urllib3
from kubernetes.client import ApiClient

from remediators.adapters.kubernetes.access import open_access
from remediators.adapters.kubernetes.answers import (
    DETAIL_CHARS,
    Raw,
    message,
    object_of,
    reply_of,
    whole_body,
    words,
)
from remediators.adapters.kubernetes.circuit import Circuit, State, Told, tell_nobody
from remediators.adapters.kubernetes.limit import Bucket
from remediators.adapters.kubernetes.wire import Call, TooLate, watch, watching
from remediators.clusters import ClusterAddress
from remediators.core.reply import Answer, Reply

CONNECT_S = 2.0
KNOCK = "/version"
"""What a server that did not answer is asked first: never a change, of which we would not know."""


class NoHeaders(Exception):
    """No credentials at this moment."""


class ApiServer:
    """Blocking, and safe to use from several threads."""

    def __init__(
        self,
        address: ClusterAddress,
        timeout_s: float,
        connections_max: int,
        told: Told = tell_nobody,
    ) -> None:
        """Raises BadClusterAddress. `told` of the circuit."""
        self._access = open_access(address)
        configuration = self._access.configuration
        configuration.retries = False
        configuration.connection_pool_maxsize = connections_max
        self._configuration = configuration
        self._client = ApiClient(configuration)
        self._pools = watch(self._client.rest_client.pool_manager)
        self._timeout_s = timeout_s
        self._credentials = threading.Lock()
        self._circuit = Circuit(address.circuit, told)
        self._bucket = Bucket(address.limits)

    @property
    def host(self) -> str:
        return str(self._configuration.host).rstrip("/")

    def get(self, path: str) -> dict[str, Any] | Reply:
        """The object there, or why it cannot be had."""
        raw = self._request("GET", path, None, "", _watch_nothing())
        if isinstance(raw, Reply):
            return raw
        reply = reply_of(raw)
        if reply.answer is not Answer.DONE:
            return reply
        return object_of(raw)

    def change(
        self,
        method: str,
        path: str,
        body: bytes,
        content_type: str,
        call: Call,
        judged: Callable[[Raw], Reply] = reply_of,
    ) -> Reply:
        raw = self._request(method, path, body, content_type, call)
        return raw if isinstance(raw, Reply) else judged(raw)

    def close(self) -> None:
        self._pools.clear()

    def _request(
        self, method: str, path: str, body: bytes | None, content_type: str, call: Call
    ) -> Raw | Reply:
        if refused := self._left_alone() or self._too_often():
            return refused
        raw = self._authentic(method, path, body, content_type, call)
        if fault := _fault(raw):
            self._circuit.failed(fault)
        elif not _held_back(raw):
            self._circuit.answered()
        return raw

    def _left_alone(self) -> Reply | None:
        """Why it is not asked at all: certainly nothing has left."""
        state = self._circuit.ask()
        if state is State.HALF_OPEN:
            self._knock()
            state = self._circuit.ask()
        if state is State.CLOSED:
            return None
        left_s = self._circuit.left_s
        detail = f"not asked for {left_s:.1f} s, for it does not answer: {self._circuit.why}"
        return Reply(Answer.NEVER_SENT, detail[:DETAIL_CHARS], int(left_s * 1000))

    def _knock(self) -> None:
        fault = "the knock itself failed"
        try:
            fault = _fault(self._authentic("GET", KNOCK, None, "", _watch_nothing()))
        finally:
            if fault:
                self._circuit.knocked_in_vain(fault)
            else:
                self._circuit.answered()

    def _too_often(self) -> Reply | None:
        """Turned away by ourselves, before it could be by the server."""
        wait_s = self._bucket.take(self._timeout_s)
        if not wait_s:
            return None
        detail = "more requests than this executor's own limit allows"
        return Reply(Answer.THROTTLED, detail, int(wait_s * 1000))

    def _authentic(
        self, method: str, path: str, body: bytes | None, content_type: str, call: Call
    ) -> Raw | Reply:
        """A 401 has changed nothing: once, it may be the credentials' age."""
        try:
            headers = self._headers(content_type)
            raw = self._exchange(method, path, body, headers, call)
            refused = isinstance(raw, Raw) and raw.status == 401
            if refused and self._access.renew(headers.get("authorization", "")):
                again = Call(call.in_time, call.on_sent)
                raw = self._exchange(method, path, body, self._headers(content_type), again)
        except NoHeaders as fault:
            return Reply(Answer.NEVER_SENT, str(fault)[:DETAIL_CHARS])
        return raw

    def _exchange(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str], call: Call
    ) -> Raw | Reply:
        deadline_s = time.monotonic() + CONNECT_S + self._timeout_s
        try:
            with watching(call):
                response = self._pools.request(
                    method,
                    self._configuration.host + path,
                    body=body,
                    headers=headers,
                    timeout=urllib3.Timeout(connect=CONNECT_S, read=self._timeout_s),
                    retries=False,
                    redirect=False,
                    preload_content=False,
                )
            return Raw(response.status, response.headers, whole_body(response, deadline_s))
        except TooLate:
            return Reply(Answer.HELD_BACK, "stopped before its first byte left")
        except (urllib3.exceptions.HTTPError, OSError) as fault:
            answer = Answer.UNSURE if call.begun else Answer.NEVER_SENT
            return Reply(answer, words(fault))

    def _headers(self, content_type: str) -> dict[str, str]:
        headers = {"Accept": "application/json", "User-Agent": "mendlog-executor"}
        if content_type:
            headers["Content-Type"] = content_type
        for auth in self._auth_settings().values():
            if auth["in"] == "header" and auth["value"]:
                headers[auth["key"]] = auth["value"]
        return headers

    def _auth_settings(self) -> Mapping[str, Any]:
        """One at a time, for plugins know nothing of threads. Whatever one of them raises concerns
        this cluster alone."""
        with self._credentials:
            try:
                return self._configuration.auth_settings()
            except Exception as fault:
                raise NoHeaders(words(fault)) from fault


def _fault(raw: Raw | Reply) -> str:
    """Of a server that is not there; empty for one that has answered, whatever it said."""
    if isinstance(raw, Raw):
        return f"{raw.status}: {message(raw.body)}"[:DETAIL_CHARS] if raw.status >= 500 else ""
    return "" if _held_back(raw) else raw.detail


def _held_back(raw: Raw | Reply) -> bool:
    return isinstance(raw, Reply) and raw.answer is Answer.HELD_BACK


def _watch_nothing() -> Call:
    return Call(in_time=_always, on_sent=_nothing)


def _always() -> bool:
    return True


def _nothing() -> None:
    pass
