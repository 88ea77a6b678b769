"""One request to an address that somebody has registered: no redirect, no proxy, no second try.

Its host is judged by what it leads to, its answer is bounded, and whoever sends it learns whether
a connection was made: before that nothing can have happened, and after it anything.
"""

import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
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

from remediators.core.hosts import never
from remediators.core.reply import Answer, Reply

HEADERS = {"User-Agent": "mendlog-executor", "Accept-Encoding": "identity"}


class _TooLate(Exception):
    """Time or a switch stopped it before its first byte left."""


class _Again(Exception):
    """The client itself repeats a PUT whose connection was cut, without asking anybody."""


@dataclass(frozen=True, slots=True)
class Answered:
    status: int
    headers: Mapping[str, str]
    body: bytes


class Once:
    def __init__(self, timeout_s: float, bytes_max: int) -> None:
        self._timeout = ClientTimeout(total=timeout_s, connect=timeout_s / 2)
        self._bytes_max = bytes_max

    async def send(
        self,
        method: str,
        url: URL,
        headers: Mapping[str, str],
        body: bytes | None = None,
        in_time: Callable[[], bool] = lambda: True,
        sent: Callable[[], None] = lambda: None,
    ) -> Answered | Reply:
        """The whole answer, whatever it says; a Reply where there is none."""
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
            async with (
                self._session(connected, gone_out) as session,
                session.request(
                    method, url, data=body, headers=headers, allow_redirects=False
                ) as response,
            ):
                whole = await self._whole(response)
                return Answered(response.status, response.headers.copy(), whole)
        except _TooLate:
            return Reply(Answer.HELD_BACK, "stopped before its first byte left")
        except (_Again, ClientError, TimeoutError, OSError, ValueError) as fault:
            answer = Answer.UNSURE if begun else Answer.NEVER_SENT
            return Reply(answer, f"no whole answer: {type(fault).__name__}")

    def _session(self, connected: Any, gone_out: Any) -> ClientSession:
        trace = TraceConfig()
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

    async def _whole(self, response: ClientResponse) -> bytes:
        body = b""
        while part := await response.content.readany():
            body += part
            if len(body) > self._bytes_max:
                raise ValueError("the answer does not end")
        return body


class _Judging(ThreadedResolver):
    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await super().resolve(host, port, family)
        if any(never(each["host"]) for each in found):
            raise OSError("its host leads to an address that is never asked")
        return found
