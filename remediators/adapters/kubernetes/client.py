"""One API server: authenticated requests with our bytes, each sent once and bounded in time.

The official client reads the configuration and keeps the credentials and connections. Its typed
calls are not used: they would encode the body anew (a JSON Patch given as text even under another
content type), and a resend has to be what was announced, byte for byte.
"""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import urllib3
from kubernetes.client import ApiClient, Configuration
from kubernetes.config import ConfigException, load_incluster_config, load_kube_config

from remediators.adapters.kubernetes.wire import Call, TooLate, watch, watching
from remediators.core.reply import Answer, Reply
from remediators.settings import ClusterAddress

CONNECT_S = 2.0
BODY_BYTES_MAX = 64 * 1024 * 1024
RETRY_AFTER_MS = 1_000
"""Where a 429 does not say."""
DETAIL_CHARS = 300


class BadClusterAddress(Exception):
    """The configuration of a cluster cannot be used."""


@dataclass(frozen=True, slots=True)
class Raw:
    status: int
    headers: Mapping[str, str]
    body: bytes


class ApiServer:
    """Blocking, and safe to use from several threads."""

    def __init__(self, address: ClusterAddress, timeout_s: float, connections_max: int) -> None:
        configuration = _configuration(address)
        configuration.retries = False
        configuration.connection_pool_maxsize = connections_max
        self._configuration = configuration
        self._client = ApiClient(configuration)
        self._pools = watch(self._client.rest_client.pool_manager)
        self._timeout_s = timeout_s

    def get(self, path: str) -> dict[str, Any] | Reply:
        """The object there, or why it cannot be had."""
        raw = self._request("GET", path, None, "", _watch_nothing())
        if isinstance(raw, Reply):
            return raw
        reply = reply_of(raw)
        if reply.answer is not Answer.DONE:
            return reply
        return _object(raw)

    def change(self, method: str, path: str, body: bytes, content_type: str, call: Call) -> Reply:
        raw = self._request(method, path, body, content_type, call)
        return raw if isinstance(raw, Reply) else reply_of(raw)

    def close(self) -> None:
        self._pools.clear()

    def _request(
        self, method: str, path: str, body: bytes | None, content_type: str, call: Call
    ) -> Raw | Reply:
        deadline_s = time.monotonic() + CONNECT_S + self._timeout_s
        try:
            with watching(call):
                response = self._pools.request(
                    method,
                    self._configuration.host + path,
                    body=body,
                    headers=self._headers(content_type),
                    timeout=urllib3.Timeout(connect=CONNECT_S, read=self._timeout_s),
                    retries=False,
                    redirect=False,
                    preload_content=False,
                )
            return Raw(response.status, response.headers, _body(response, deadline_s))
        except TooLate:
            return Reply(Answer.HELD_BACK, "stopped before its first byte left")
        except (urllib3.exceptions.HTTPError, OSError) as fault:
            answer = Answer.UNSURE if call.begun else Answer.NEVER_SENT
            return Reply(answer, _words(fault))

    def _headers(self, content_type: str) -> dict[str, str]:
        """Asked each time: tokens in files and from plugins are renewed behind this call."""
        headers = {"Accept": "application/json", "User-Agent": "mendlog-executor"}
        if content_type:
            headers["Content-Type"] = content_type
        credentials: Mapping[str, Any] = self._configuration.auth_settings()
        for auth in credentials.values():
            if auth["in"] == "header" and auth["value"]:
                headers[auth["key"]] = auth["value"]
        return headers


def _watch_nothing() -> Call:
    return Call(in_time=_always, on_sent=_nothing)


def _always() -> bool:
    return True


def _nothing() -> None:
    pass


def _configuration(address: ClusterAddress) -> Configuration:
    configuration = Configuration()
    try:
        if address.url:
            configuration.host = address.url.rstrip("/")
        elif address.in_cluster:
            load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call]
        else:
            load_kube_config(  # type: ignore[no-untyped-call]
                config_file=address.kubeconfig or None,
                context=address.context,
                client_configuration=configuration,
            )
    except (ConfigException, OSError, ValueError) as fault:
        raise BadClusterAddress(str(fault)) from fault
    return configuration


def _body(response: urllib3.BaseHTTPResponse, deadline_s: float) -> bytes:
    """Bounded in size, and in time even where a byte comes now and then."""
    parts, size = [], 0
    try:
        while part := response.read1(64 * 1024):
            parts.append(part)
            size += len(part)
            if size > BODY_BYTES_MAX or time.monotonic() > deadline_s:
                raise urllib3.exceptions.ProtocolError("the answer does not end")
    except BaseException:
        response.close()
        raise
    response.release_conn()
    return b"".join(parts)


def reply_of(raw: Raw) -> Reply:
    """What a status means for a request that was sent once."""
    detail = f"{raw.status}: {_message(raw.body)}"[:DETAIL_CHARS]
    match raw.status:
        case status if 200 <= status < 300:
            return Reply(Answer.DONE)
        case 404:
            return Reply(Answer.NOT_FOUND, detail)
        case 409:
            return Reply(Answer.CONFLICT, detail)
        case 422:
            return Reply(Answer.UNPROCESSABLE, detail)
        case 401 | 403:
            return Reply(Answer.FORBIDDEN, detail)
        case 429:
            return Reply(Answer.THROTTLED, detail, _retry_after_ms(raw.headers))
        case status if status < 500 and status != 408:
            return Reply(Answer.INVALID, detail)
    return Reply(Answer.UNSURE, detail)


def _message(body: bytes) -> str:
    """Of a `Status` object, or the beginning of whatever came."""
    try:
        status = json.loads(body)
        return str(status["message"])
    except (ValueError, KeyError, TypeError):
        return body[:DETAIL_CHARS].decode(errors="replace")


def _retry_after_ms(headers: Mapping[str, str]) -> int:
    text = headers.get("Retry-After", "")
    return int(text) * 1000 if text.isascii() and text.isdigit() else RETRY_AFTER_MS


def _object(raw: Raw) -> dict[str, Any] | Reply:
    try:
        value = json.loads(raw.body)
    except ValueError:
        return Reply(Answer.UNSURE, "an answer that is not JSON")
    if not isinstance(value, dict):
        return Reply(Answer.UNSURE, "an answer that is not an object")
    return value


def _words(fault: Exception) -> str:
    return f"{type(fault).__name__}: {fault}"[:DETAIL_CHARS]
