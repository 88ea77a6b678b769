"""Stand-ins for what people are told through: real servers on loopback, which keep what they were
sent, and fail in the ways that the vendors document.

    vendors.slack.answer(status=429, retry_after="1")   # for the next request
    vendors.slack.hang()
"""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

WITHIN_S = 90.0


@dataclass(frozen=True)
class Seen:
    path: str
    headers: Mapping[str, str]
    raw: bytes

    @property
    def body(self) -> Any:
        return json.loads(self.raw)


@dataclass
class Answer:
    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    how: str = "whole"
    """`whole`, `hang`, `reset` or `truncated`."""


class Vendor:
    """One endpoint. `well` is what it answers when nothing else was asked for."""

    def __init__(self, path: str, well: Answer) -> None:
        self.path = path
        self.seen: list[Seen] = []
        self.well = well
        self.next: deque[Answer] = deque()
        self.url = ""
        self._changed = asyncio.Event()

    def answer(self, status: int = 200, body: str | bytes = b"", **headers: str) -> None:
        raw = body.encode() if isinstance(body, str) else body
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.next.append(Answer(status, raw, named))

    def fail(self, how: str) -> None:
        self.next.append(Answer(how=how))

    def down(self) -> None:
        """From now on, until `well` is given again."""
        self.well = Answer(503)

    async def until(self, reached: Callable[[], bool], what: str) -> None:
        try:
            async with asyncio.timeout(WITHIN_S):
                while not reached():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise AssertionError(f"waited {WITHIN_S:g} s for {what}; saw {self.seen}") from None

    async def count(self, wanted: int) -> list[Seen]:
        await self.until(lambda: len(self.seen) >= wanted, f"{wanted} requests to {self.path}")
        return self.seen

    async def handle(self, request: web.Request) -> web.StreamResponse:
        raw = await request.read()
        answer = self.next.popleft() if self.next else self.well
        self.seen.append(Seen(request.path, dict(request.headers), raw))
        self._changed.set()
        transport = request.transport
        assert transport
        if answer.how == "hang":
            await asyncio.sleep(3600)
        if answer.how == "reset":
            transport.abort()
        if answer.how == "truncated":
            transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\no")
            transport.close()
        return web.Response(status=answer.status, body=answer.body, headers=answer.headers)


class Vendors:
    def __init__(self) -> None:
        self.slack = Vendor("/services/T0/B0/hush", Answer(200, b"ok"))
        self.slack_api = Vendor("/api/chat.postMessage", Answer(200, b'{"ok": true, "ts": "1.2"}'))
        accepted = b'{"status": "success", "message": "Event processed"}'
        self.pagerduty = Vendor("/v2/enqueue", Answer(202, accepted))
        self.webhook = Vendor("/hook", Answer(204))

    @property
    def all(self) -> tuple[Vendor, ...]:
        return (self.slack, self.slack_api, self.pagerduty, self.webhook)


@asynccontextmanager
async def standing_in() -> AsyncIterator[Vendors]:
    vendors = Vendors()
    app = web.Application()
    for vendor in vendors.all:
        app.router.add_route("*", vendor.path, vendor.handle)
    # Hanging answers must not hold up the end of a test.
    server = TestServer(app, host="127.0.0.1", shutdown_timeout=0.1)
    await server.start_server()
    for vendor in vendors.all:
        vendor.url = str(server.make_url(vendor.path))
    try:
        yield vendors
    finally:
        await server.close()
