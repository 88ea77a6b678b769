"""An HTTP server that answers as it is told: what no Alertmanager does, or not when asked to."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

PATH = "/api/v2/alerts"


@dataclass
class Odd:
    """Remembers what it was asked, and how many asked at once."""

    status: int = 200
    body: bytes = b"[]"
    bodies: dict[str, bytes] = field(default_factory=dict)
    """By path, where it is another."""
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    answers: asyncio.Event = field(default_factory=asyncio.Event)
    asked: list[web.Request] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0
    url: str = ""

    def __post_init__(self) -> None:
        self.answers.set()

    async def take(self, request: web.Request) -> web.Response:
        self.asked.append(request)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await self.answers.wait()
        finally:
            self.at_once -= 1
        return web.Response(
            status=self.status,
            body=self.bodies.get(request.path, self.body),
            content_type=self.content_type,
            headers=self.headers,
        )


@asynccontextmanager
async def odd() -> AsyncIterator[Odd]:
    made = Odd()
    app = web.Application(client_max_size=0)
    app.add_routes([web.route("*", "/{path:.*}", made.take)])
    runner = web.AppRunner(app, shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield made
    finally:
        made.answers.set()
        await runner.cleanup()
