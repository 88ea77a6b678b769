"""One call to a forge's API: its own address and no other, no redirect, no proxy, no second try."""

import os
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

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

from remediators.adapters.git.file import RegisteredForge
from remediators.adapters.git.verdict import verdict
from remediators.core.hosts import never
from remediators.core.reply import Answer, Reply

ANSWER_BYTES_MAX = 1024 * 1024
HEADERS = {"User-Agent": "mendlog-executor", "Accept-Encoding": "identity"}


class _TooLate(Exception):
    """Time or a switch stopped it before its first byte left."""


class _Again(Exception):
    """The client would repeat it by itself."""


@dataclass(frozen=True, slots=True)
class Call:
    path: str
    """Below the API's address, each part quoted."""
    query: Mapping[str, str]
    body: Mapping[str, str] | None = None
    """Then it is a POST."""


class Rest:
    def __init__(
        self,
        forge: RegisteredForge,
        timeout_s: float,
        authorization: Callable[[str], Mapping[str, str]],
    ) -> None:
        """`authorization` makes headers of a token."""
        self._forge = forge
        self._authorization = authorization
        self._timeout = ClientTimeout(total=timeout_s, connect=timeout_s / 2)

    async def read(self, call: Call) -> bytes | Reply:
        """A reading changes nothing, whatever has become of it."""
        found = await self.send(call, lambda: True, lambda: None)
        if isinstance(found, Reply) and found.answer is Answer.UNSURE:
            return Reply(Answer.NEVER_SENT, found.detail)
        return found

    async def send(
        self, call: Call, in_time: Callable[[], bool], sent: Callable[[], None]
    ) -> bytes | Reply:
        """The body of a 200 or 201."""
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

        token = self._token()
        if not token:
            return Reply(Answer.NEVER_SENT, "the token for the forge cannot be read")
        try:
            async with (
                self._session(connected, gone_out) as session,
                self._call(session, call, token) as response,
            ):
                body = await _whole(response)
                refused = verdict(response.status, response.headers, body, token)
                return body if refused is None else refused
        except _TooLate:
            return Reply(Answer.HELD_BACK, "stopped before its first byte left")
        except (_Again, ClientError, TimeoutError, OSError, ValueError) as fault:
            answer = Answer.UNSURE if begun else Answer.NEVER_SENT
            return Reply(answer, f"no whole answer of the forge: {type(fault).__name__}")

    def _call(self, session: ClientSession, call: Call, token: str) -> Any:
        query = f"?{urlencode(call.query)}" if call.query else ""
        # A project of GitLab is one part of the path, with its slashes quoted: so it must stay.
        url = URL(f"{self._forge.url.rstrip('/')}{call.path}{query}", encoded=True)
        return session.request(
            "GET" if call.body is None else "POST",
            url,
            json=call.body,
            headers=self._authorization(token),
            allow_redirects=False,
        )

    def _token(self) -> str:
        """Anew for each call. Empty where there is none."""
        if self._forge.token_file is None:
            return os.environ.get(self._forge.token_env, "").strip()
        try:
            return self._forge.token_file.read_text(encoding="ascii").strip()
        except (OSError, ValueError):
            return ""

    def _session(self, *hooks: Callable[..., Any]) -> ClientSession:
        trace = TraceConfig()
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


class _Judging(ThreadedResolver):
    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await super().resolve(host, port, family)
        if any(never(each["host"]) for each in found):
            raise OSError("its host leads to an address that is never asked")
        return found


async def _whole(response: ClientResponse) -> bytes:
    body = b""
    while part := await response.content.readany():
        body += part
        if len(body) > ANSWER_BYTES_MAX:
            raise ValueError("the answer does not end")
    return body
