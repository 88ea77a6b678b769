"""A proxy between the executor and the API: it logs every change that is asked for, but not what is
only rehearsed, and misbehaves when told to."""

import asyncio
import json
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from aiohttp import ClientSession, ClientTimeout, web

from deploy.sandbox import ports
from remediators.core.marker import LAST_COMMAND, ids
from remediators.core.patch import pointer

MARKER = pointer("metadata", "annotations", LAST_COMMAND)
PASSED_ON = ("Content-Type", "ETag")


class Cut(StrEnum):
    """How an answer ends too soon. Its headers are always whole."""

    EMPTY = "headers alone"
    SHORT = "half of the length that was promised"
    CHUNKED = "chunks without a last one"


@dataclass
class Fault:
    """What happens to one change."""

    about: tuple[str, ...] = ()
    """The change whose path or body has one of these; without any, the next one."""
    forward: bool = True
    answer: bool = True
    """False: the connection is cut instead."""
    status: int = 0
    """Answered by the proxy itself, and not passed on."""
    status_after: int = 0
    """Answered by the proxy once the API has done what was asked."""
    cut: Cut | None = None
    """The API's answer, not all of it."""
    headers: dict[str, str] = field(default_factory=dict)
    held_until: asyncio.Event | None = None
    then: "Misreading | None" = None
    """Of the reading that follows."""


@dataclass
class Misreading:
    """What happens to one reading whose address has `about` in it."""

    about: str
    cut: Cut | None = None
    status: int = 0
    old: bool = False
    """The first answer that anybody has ever had there, in place of today's."""
    rehearsal: bool = False
    """It is not a reading but a change that is only rehearsed."""
    held_until: asyncio.Event | None = None
    """Before the API is asked."""
    answer_held_until: asyncio.Event | None = None
    """After that: what is told then is as old as that."""


@dataclass
class Asked:
    """One change that reached the proxy."""

    at_ms: int
    command_id: str
    """Empty for what carries no marker: a removal, and a value outside of Kubernetes."""
    path: str
    body: bytes
    status: int = 0
    """The API's own answer; 0 where it was never asked."""
    transport: asyncio.Transport | None = None
    """Of who asks."""
    idle: bool = False
    """Told to go once more, what is on its way out stays as it is; the API says yes to that."""

    @property
    def done(self) -> bool:
        return 200 <= self.status < 300 and not self.idle

    @property
    def given_up(self) -> bool:
        """Whether nobody waits for the answer any more."""
        return self.transport is None or self.transport.is_closing()


@dataclass(frozen=True)
class _Answer:
    status: int
    body: bytes
    headers: Mapping[str, str]

    def response(self) -> web.Response:
        return web.Response(status=self.status, body=self.body, headers=self.headers)


class Wire:
    """Start, use `url`; every change is in `asked`. That an object is told about is none."""

    def __init__(self, upstream: str) -> None:
        self.asked: list[Asked] = []
        self.faults: deque[Fault] = deque()
        self.misreadings: deque[Misreading] = deque()
        self.misread: list[Misreading] = []
        """Those that have happened, or are about to."""
        self.reads = 0
        self.on_change = asyncio.Event()
        self._upstream = upstream
        self._runner: web.ServerRunner | None = None
        self._client: ClientSession | None = None
        self._port = 0
        self._one_goes = asyncio.Lock()
        self._first: dict[str, _Answer] = {}
        """What each address has answered first."""

    @property
    def url(self) -> str:
        return f"http://{ports.HOST}:{self._port}"

    def changes(self, command_id: str = "") -> list[Asked]:
        """What the API has really changed."""
        return [a for a in self.asked if a.done and command_id in ("", a.command_id)]

    async def start(self) -> None:
        """Also after `stop`: on the same port, which nobody else is given meanwhile."""
        self._client = ClientSession(timeout=ClientTimeout(total=60))
        self._runner = web.ServerRunner(web.Server(self._handle), shutdown_timeout=0.1)
        await self._runner.setup()
        port = self._port or ports.choose(1)[0]
        site = web.TCPSite(self._runner, ports.HOST, port, reuse_address=True)
        await site.start()
        self._port = self._runner.addresses[0][1]

    async def remember(self, path: str) -> None:
        """What is there by now is what an old reading will tell."""
        assert self._client is not None
        async with self._client.get(self.url + path) as answer:
            await answer.read()

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
            return await self._reads(request, body)
        if request.path.endswith("/events"):
            return (await self._pass_on(request, body)).response()
        return await self._changes(request, body)

    async def _changes(self, request: web.BaseRequest, body: bytes) -> web.StreamResponse:
        asked = Asked(time.time_ns() // 1_000_000, _command_of(body), request.path, body)
        asked.transport = request.transport
        self.asked.append(asked)
        self.on_change.set()
        fault = self._fault_of(request.path + body.decode())
        if fault.then is not None:
            self.misreadings.append(fault.then)
        if fault.held_until is not None:
            await fault.held_until.wait()
        if fault.status:
            return web.Response(status=fault.status, headers=fault.headers)
        if not fault.forward:
            return _hung_up(request)
        found = await self._changed(request, body, asked)
        if fault.status_after:
            return web.Response(status=fault.status_after)
        if fault.cut:
            return await _cut(request, found, fault.cut)
        return found.response() if fault.answer else _hung_up(request)

    async def _changed(self, request: web.BaseRequest, body: bytes, asked: Asked) -> _Answer:
        if request.method != "DELETE" and not request.path.endswith("/eviction"):
            found = await self._pass_on(request, body)
        else:
            async with self._one_goes:
                before = await self._version(request)
                found = await self._pass_on(request, body)
                asked.idle = before != "" and before == await self._version(request)
        asked.status = found.status
        return found

    async def _version(self, request: web.BaseRequest) -> str:
        """Of what is to go; empty where it is gone."""
        assert self._client is not None
        url = self._upstream + request.path.removesuffix("/eviction")
        async with self._client.get(url) as answer:
            meta = (await answer.json()).get("metadata") or {}
            return str(meta.get("resourceVersion", ""))

    async def _reads(self, request: web.BaseRequest, body: bytes) -> web.StreamResponse:
        wrong = self._misreading_of(request, body)
        if wrong.held_until is not None:
            await wrong.held_until.wait()
        now = await self._pass_on(request, body)
        first = self._first.setdefault(request.path_qs, now)
        if wrong.answer_held_until is not None:
            await wrong.answer_held_until.wait()
        if wrong.cut:
            return await _cut(request, now, wrong.cut)
        if wrong.status:
            return web.Response(status=wrong.status)
        return (first if wrong.old else now).response()

    def _misreading_of(self, request: web.BaseRequest, body: bytes) -> Misreading:
        asked, rehearsal = request.path_qs + body.decode(), request.method != "GET"
        for wrong in self.misreadings:
            if wrong.about in asked and wrong.rehearsal is rehearsal:
                self.misreadings.remove(wrong)
                self.misread.append(wrong)
                return wrong
        return Misreading("")

    def _fault_of(self, asked: str) -> Fault:
        for fault in self.faults:
            if not fault.about or any(words in asked for words in fault.about):
                self.faults.remove(fault)
                return fault
        return Fault()

    async def _pass_on(self, request: web.BaseRequest, body: bytes) -> _Answer:
        assert self._client is not None
        headers = {k: v for k, v in request.headers.items() if k.lower() != "host"}
        url = self._upstream + request.path_qs
        async with self._client.request(request.method, url, data=body, headers=headers) as answer:
            kept = {name: answer.headers[name] for name in PASSED_ON if name in answer.headers}
            return _Answer(answer.status, await answer.read(), kept)


def _hung_up(request: web.BaseRequest) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def _cut(request: web.BaseRequest, found: _Answer, cut: Cut) -> web.StreamResponse:
    """What was written arrives; then the connection ends."""
    response = web.StreamResponse(status=found.status, headers=found.headers)
    if cut is Cut.CHUNKED:
        response.enable_chunked_encoding()
    else:
        response.content_length = max(2, len(found.body))
    await response.prepare(request)
    if cut is not Cut.EMPTY:
        await response.write(found.body[: len(found.body) // 2] or b"{")
    if request.transport is not None:
        request.transport.close()
    return response


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
