"""A proxy between the executor and the API: it logs every change that is asked for, but not what is
only rehearsed, and misbehaves when told to."""

import asyncio
import json
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from aiohttp import ClientSession, ClientTimeout, web

from remediators.core.marker import LAST_COMMAND, ids
from remediators.core.patch import pointer

MARKER = pointer("metadata", "annotations", LAST_COMMAND)


@dataclass
class Fault:
    """What happens to one change."""

    forward: bool = True
    answer: bool = True
    """False: the connection is cut instead."""
    status: int = 0
    """Answered by the proxy itself, and not passed on."""
    status_after: int = 0
    """Answered by the proxy once the API has done what was asked."""
    headers: dict[str, str] = field(default_factory=dict)
    held_until: asyncio.Event | None = None


@dataclass
class Asked:
    """One change that reached the proxy."""

    at_ms: int
    command_id: str
    """Empty for a removal, which carries no marker."""
    body: bytes
    status: int = 0
    """The API's own answer; 0 where it was never asked."""


class Wire:
    """Start, use `url`; every change is in `asked`. That an object is told about is none."""

    def __init__(self, upstream: str) -> None:
        self.asked: list[Asked] = []
        self.faults: deque[Fault] = deque()
        self.reads = 0
        self.on_change = asyncio.Event()
        self._upstream = upstream
        self._runner: web.ServerRunner | None = None
        self._client: ClientSession | None = None
        self._port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def changes(self, command_id: str = "") -> list[Asked]:
        """What the API has really changed."""
        return [
            a
            for a in self.asked
            if 200 <= a.status < 300 and (not command_id or a.command_id == command_id)
        ]

    async def start(self) -> None:
        """Also after `stop`: on the same port."""
        self._client = ClientSession(timeout=ClientTimeout(total=60))
        self._runner = web.ServerRunner(web.Server(self._handle), shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port, reuse_address=True)
        await site.start()
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Connections are refused from now on."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        if self._client is not None:
            await self._client.close()
            self._client = None

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        body = await request.read()
        if request.method == "GET" or _rehearses(request, body):
            self.reads += 1
            return await self._pass_on(request, body)
        if request.path.endswith("/events"):
            return await self._pass_on(request, body)
        asked = Asked(time.time_ns() // 1_000_000, _command_of(body), body)
        self.asked.append(asked)
        self.on_change.set()
        fault = self.faults.popleft() if self.faults else Fault()
        if fault.held_until is not None:
            await fault.held_until.wait()
        if fault.status:
            return web.Response(status=fault.status, headers=fault.headers)
        response = await self._pass_on(request, body) if fault.forward else web.Response()
        asked.status = response.status if fault.forward else 0
        if fault.status_after:
            return web.Response(status=fault.status_after)
        if not fault.answer and request.transport is not None:
            request.transport.abort()
        return response

    async def _pass_on(self, request: web.BaseRequest, body: bytes) -> web.Response:
        assert self._client is not None
        headers = {k: v for k, v in request.headers.items() if k.lower() != "host"}
        url = self._upstream + request.path_qs
        async with self._client.request(request.method, url, data=body, headers=headers) as answer:
            kind = answer.headers.get("Content-Type", "application/json")
            return web.Response(
                status=answer.status, body=await answer.read(), headers={"Content-Type": kind}
            )


def _rehearses(request: web.BaseRequest, body: bytes) -> bool:
    return "dryRun" in request.query or b'"dryRun":["All"]' in body


def _command_of(body: bytes) -> str:
    """Whose marker it would write."""
    asked: Any = json.loads(body)
    if isinstance(asked, list):
        marks = [s["value"] for s in asked if s["op"] == "add" and s["path"] == MARKER]
    else:
        notes = asked.get("metadata", {}).get("annotations", {})
        marks = [notes[LAST_COMMAND]] if LAST_COMMAND in notes else []
    return ids(marks[0])[0] if marks else ""
