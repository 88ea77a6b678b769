"""Pages over HTTP: from listed hosts only, at the address that was judged, bounded in every way."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from weakref import WeakValueDictionary

from aiohttp import (
    ClientError,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    DummyCookieJar,
    TCPConnector,
)
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from remediators.core.hosts import Hosts, never, plain_host
from remediators.core.page import NoPage, Page

BODY_BYTES_MAX = 1024 * 1024
AT_ONCE_MAX = 16
"""Requests to one host under way; whoever finds no room within its time has had no answer. One that
hangs takes no room from another."""
HEADERS = {"User-Agent": "mendlog-executor", "Accept-Encoding": "identity"}

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Every address of a host."""


class _Refused(Exception):
    """Not asked, on purpose."""


class HttpPages:
    def __init__(self, hosts: Hosts, resolve: Resolve | None = None) -> None:
        self._hosts = hosts
        self._resolve = resolve or _resolve
        self._rooms: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()
        """By host and port, as long as somebody is in there."""

    async def get(self, url: str, timeout_ms: int) -> Page | NoPage:
        until_s = asyncio.get_running_loop().time() + timeout_ms / 1000
        async with AsyncExitStack() as opened:
            try:
                async with asyncio.timeout_at(until_s):
                    response = await self._head(url, opened)
            except TimeoutError:
                return NoPage(f"no answer within {timeout_ms} ms")
            except _Refused as refused:
                return NoPage(str(refused))
            except (ClientError, OSError, ValueError) as fault:
                return NoPage(f"no answer: {type(fault).__name__}")
            return await _whole(response, until_s)

    async def _head(self, url: str, opened: AsyncExitStack) -> ClientResponse:
        """The name is resolved once, all that it leads to is judged, and no other is called."""
        address = self._allowed(url)
        assert address.host
        assert address.port
        room = self._rooms.setdefault(address.authority, asyncio.Semaphore(AT_ONCE_MAX))
        await opened.enter_async_context(room)
        found = await self._resolve(address.host, address.port)
        if not found or any(never(each) for each in found):
            raise _Refused("its host leads to an address that is never asked")
        session = await opened.enter_async_context(_session(found))
        request = session.get(address, allow_redirects=False)
        return await opened.enter_async_context(request)

    def _allowed(self, url: str) -> URL:
        """What was judged is what is called: the very same reading of the text."""
        address = URL(url)
        if not _plain(address):
            raise _Refused("neither a plain http nor https address")
        if not (address.host and address.port and self._hosts.allow(address.host, address.port)):
            raise _Refused("its host is not in MENDLOG_PROBE_HOSTS")
        return address.with_host(plain_host(address.host))


class HttpPrometheus:
    """The address comes from the settings, so its host is as good as listed: for queries alone."""

    def __init__(self, url: str, resolve: Resolve | None = None) -> None:
        """Raises ValueError for what is no address."""
        self._base = URL(url)
        if not _plain(self._base):
            raise ValueError("neither a plain http nor https address of a Prometheus")
        self._pages = HttpPages(Hosts.of([self._base.host_port_subcomponent or ""]), resolve)

    async def query(self, query: str, timeout_ms: int) -> Page | NoPage:
        asked = {"query": query, "timeout": f"{timeout_ms}ms"}
        url = self._base / "api" / "v1" / "query" % asked
        return await self._pages.get(str(url), timeout_ms)


def _plain(address: URL) -> bool:
    """Names and passwords belong in no playbook, and no log."""
    credentials = address.user or address.password
    return address.scheme in ("http", "https") and bool(address.host) and not credentials


def _session(addresses: Sequence[str]) -> ClientSession:
    """For one request: no cookies, no proxy of the environment, no connection to be shared with a
    name that leads elsewhere by then."""
    connector = TCPConnector(
        resolver=_Pinned(addresses), use_dns_cache=False, force_close=True, limit=1
    )
    return ClientSession(
        connector=connector,
        cookie_jar=DummyCookieJar(),
        headers=HEADERS,
        timeout=ClientTimeout(total=None),
        auto_decompress=False,
        trust_env=False,
    )


class _Pinned(AbstractResolver):
    """Knows the addresses that were judged, and asks nobody."""

    def __init__(self, addresses: Sequence[str]) -> None:
        self._addresses = addresses

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            {
                "hostname": host,
                "host": address,
                "port": port,
                "family": socket.AF_INET6 if ":" in address else socket.AF_INET,
                "proto": 0,
                "flags": socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            }
            for address in self._addresses
        ]

    async def close(self) -> None:
        pass


async def _resolve(host: str, port: int) -> Sequence[str]:
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))


async def _whole(response: ClientResponse, until_s: float) -> Page:
    """As much as came in time and fits; with the status, which is certain by now."""
    if response.headers.get("Content-Encoding", "identity") != "identity":
        return Page(response.status, cut="the answer is compressed, which was not asked for")
    parts, size = [], 0
    try:
        async with asyncio.timeout_at(until_s):
            async for part in response.content.iter_any():
                parts.append(part)
                size += len(part)
                if size > BODY_BYTES_MAX:
                    return Page(response.status, cut=f"more than {BODY_BYTES_MAX} bytes")
    except TimeoutError:
        return Page(response.status, cut="the answer did not end in time")
    except (ClientError, OSError, ValueError) as fault:
        return Page(response.status, cut=f"the answer broke off: {type(fault).__name__}")
    return Page(response.status, b"".join(parts))
