"""Where flags are kept outside of a cluster: an HTTP server, and one that speaks as SSM does."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web


class FlagServer:
    """One flag, with an ETag made of its value alone, as many servers have it."""

    def __init__(self, value: str = "on") -> None:
        self.value = value
        self.conditional = True
        self.puts: list[str] = []
        """What each has asked for, whether it was done or not."""
        self.asked: list[str] = []
        """The `Authorization` of each request."""
        self.answers: list[web.Response] = []
        """In place of its own, for the next requests; nothing is done then."""
        self.lose = False
        """It does what it is asked, and cuts the connection."""
        self.url = ""

    async def serve(self, request: web.Request) -> web.Response:
        self.asked.append(request.headers.get("Authorization", ""))
        if self.answers:
            return self.answers.pop(0)
        if request.method == "PUT":
            return await self._put(request)
        return web.json_response({"value": self.value}, headers=self._tag())

    async def _put(self, request: web.Request) -> web.Response:
        wanted = (await request.json())["value"]
        self.puts.append(wanted)
        expected = request.headers.get("If-Match")
        if expected is not None and expected != self._tag().get("ETag"):
            return web.Response(status=412)
        self.value = wanted
        if self.lose:
            assert request.transport is not None
            request.transport.close()
        return web.Response(status=204)

    def _tag(self) -> dict[str, str]:
        return {"ETag": f'"{self.value}"'} if self.conditional else {}


class ParameterStore:
    """`GetParameter` and `PutParameter`, each write another version."""

    def __init__(self, value: str = "on") -> None:
        self.value, self.version, self.type = value, 1, "String"
        self.puts: list[dict[str, Any]] = []
        self.refusals: dict[str, tuple[int, str]] = {}
        """By operation: status and code."""
        self.between: list[str] = []
        """Values that somebody sets right after the next readings."""
        self.lose = False
        self.signed: list[str] = []
        self.url = ""

    async def serve(self, request: web.Request) -> web.Response:
        operation = request.headers["X-Amz-Target"].removeprefix("AmazonSSM.")
        self.signed.append(request.headers["Authorization"].split(",")[0])
        asked = json.loads(await request.text())
        if operation in self.refusals:
            status, code = self.refusals[operation]
            return _amz({"__type": code, "message": "by test"}, status)
        if operation == "GetParameter":
            answer = _amz({"Parameter": self._parameter(asked["Name"])})
            if self.between:
                self._store(self.between.pop(0))
            return answer
        self.puts.append(asked)
        self._store(asked["Value"])
        if self.lose:
            assert request.transport is not None
            request.transport.close()
        return _amz({"Version": self.version, "Tier": "Standard"})

    def _parameter(self, name: str) -> dict[str, Any]:
        return {"Name": name, "Type": self.type, "Value": self.value, "Version": self.version}

    def _store(self, value: str) -> None:
        self.value, self.version = value, self.version + 1


def _amz(body: dict[str, Any], status: int = 200) -> web.Response:
    return web.Response(
        text=json.dumps(body), status=status, content_type="application/x-amz-json-1.1"
    )


@asynccontextmanager
async def served(server: FlagServer | ParameterStore) -> AsyncIterator[None]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.serve)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    listening = await asyncio.get_running_loop().create_server(runner.server, "127.0.0.1", 0)
    server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/search"
    try:
        yield
    finally:
        listening.close()
        await runner.cleanup()
