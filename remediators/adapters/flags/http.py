"""A flag at an address: GET tells its value, PUT sets it. One address, no redirect, no second try.

Where the server gives a strong ETag, the PUT goes out under `If-Match`, so it never replaces what
nobody of ours has seen. That makes no second copy safe: a server may well give the same ETag to
the same value that has come back, and a late copy would set it once more.
"""

import json
import socket
from collections.abc import Callable
from typing import Any

from aiohttp import (
    ClientError,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    DummyCookieJar,
    TCPConnector,
    ThreadedResolver,
    TraceConfig,
)
from aiohttp.abc import ResolveResult
from yarl import URL

from remediators.adapters.flags.file import HttpFlag
from remediators.adapters.flags.place import Kept
from remediators.core.hosts import never
from remediators.core.reply import Answer, Reply

ANSWER_BYTES_MAX = 4_096
RETRY_AFTER_MS = 1_000
HEADERS = {"User-Agent": "mendlog-executor", "Accept-Encoding": "identity"}


class _TooLate(Exception):
    """Time or a switch stopped it before its first byte left."""


class _Again(Exception):
    """The client itself repeats a PUT whose connection was cut, without asking anybody."""


class HttpStore:
    def __init__(self, flag: HttpFlag, timeout_s: float) -> None:
        self.uid = f"http:{flag.url}"
        self._flag = flag
        self._url = URL(flag.url)
        self._timeout = ClientTimeout(total=timeout_s, connect=timeout_s / 2)

    async def read(self) -> Kept | Reply:
        try:
            async with self._session() as session:
                call = session.get(self._url, headers=self._headers(), allow_redirects=False)
                async with call as response:
                    return await self._kept(response)
        except (ClientError, TimeoutError, OSError, ValueError) as fault:
            return Reply(Answer.UNSURE, f"no answer: {type(fault).__name__}")

    async def write(
        self, value: str, match: str, in_time: Callable[[], bool], sent: Callable[[], None]
    ) -> Reply:
        begun = False

        async def connected(*_: Any) -> None:
            nonlocal begun
            if begun:
                raise _Again
            if not in_time():
                raise _TooLate
            begun = True

        async def gone_out(*_: Any) -> None:
            sent()

        try:
            headers, body = self._headers(match), self._body(value)
            async with self._session(connected, gone_out) as session:
                call = session.put(self._url, data=body, headers=headers, allow_redirects=False)
                async with call as response:
                    return _reply(response, await _text(response))
        except _TooLate:
            return Reply(Answer.HELD_BACK, "stopped before its first byte left")
        except (_Again, ClientError, TimeoutError, OSError, ValueError) as fault:
            answer = Answer.UNSURE if begun else Answer.NEVER_SENT
            return Reply(answer, f"no whole answer: {type(fault).__name__}")

    async def close(self) -> None:
        """Every request has a connection of its own."""

    def _session(self, *hooks: Callable[..., Any]) -> ClientSession:
        trace = TraceConfig()
        if hooks:
            connected, gone_out = hooks
            trace.on_connection_create_end.append(connected)
            trace.on_request_chunk_sent.append(gone_out)
        return ClientSession(
            connector=TCPConnector(resolver=_Judging(), use_dns_cache=False, force_close=True),
            cookie_jar=DummyCookieJar(),
            headers=HEADERS,
            timeout=self._timeout,
            auto_decompress=False,
            trust_env=False,
            trace_configs=[trace],
        )

    def _headers(self, match: str = "") -> dict[str, str]:
        headers = {"Content-Type": "application/json" if self._flag.member else "text/plain"}
        if self._flag.token_file is not None:
            token = self._flag.token_file.read_text(encoding="ascii").strip()
            headers["Authorization"] = f"Bearer {token}"
        return {**headers, "If-Match": match} if match else headers

    def _body(self, value: str) -> bytes:
        return (json.dumps({self._flag.member: value}) if self._flag.member else value).encode()

    async def _kept(self, response: ClientResponse) -> Kept | Reply:
        text = await _text(response)
        if response.status != 200:
            reply = _reply(response, text)
            done = reply.answer is Answer.DONE
            return Reply(Answer.INVALID, f"{response.status}, not 200") if done else reply
        value = self._value(text)
        if value is None:
            return Reply(Answer.INVALID, "its answer is not a value in the form that is registered")
        match = response.headers.get("ETag", "")
        return Kept(value, match if match.startswith('"') else "")

    def _value(self, text: str) -> str | None:
        """Other members beside it would be lost with a PUT."""
        if not self._flag.member:
            return text.strip()
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            return None
        alone = isinstance(found, dict) and found.keys() == {self._flag.member}
        value = found[self._flag.member] if alone else None
        return value if isinstance(value, str) else None


class _Judging(ThreadedResolver):
    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await super().resolve(host, port, family)
        if any(never(each["host"]) for each in found):
            raise OSError("its host leads to an address that is never asked")
        return found


async def _text(response: ClientResponse) -> str:
    body = await response.content.read(ANSWER_BYTES_MAX + 1)
    while len(body) <= ANSWER_BYTES_MAX and (part := await response.content.readany()):
        body += part
    if len(body) > ANSWER_BYTES_MAX:
        raise ValueError("the answer does not end")
    return body.decode()


def _reply(response: ClientResponse, text: str) -> Reply:
    detail = f"{response.status}: {text[:200]}"
    match response.status:
        case status if 200 <= status < 300:
            return Reply(Answer.DONE)
        case 404 | 410:
            return Reply(Answer.NOT_FOUND, detail)
        case 401 | 403:
            return Reply(Answer.FORBIDDEN, detail)
        case 412 | 409 | 422:
            return Reply(Answer.UNPROCESSABLE, detail)
        case 429:
            return Reply(Answer.THROTTLED, detail, _retry_after_ms(response))
        case status if status < 500 and status != 408:
            return Reply(Answer.INVALID, detail)
    return Reply(Answer.UNSURE, detail)


def _retry_after_ms(response: ClientResponse) -> int:
    text = response.headers.get("Retry-After", "")
    return int(text[:9]) * 1000 if text.isascii() and text.isdecimal() else RETRY_AFTER_MS
