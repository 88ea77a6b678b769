"""A process's own small server: is it alive, is it ready, what has it done."""

from collections.abc import Callable

from aiohttp import web
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

NotReady = Callable[[], str]
"""Why not; empty when it is."""


class Web:
    def __init__(
        self, host: str, port: int, registry: CollectorRegistry, not_ready: NotReady
    ) -> None:
        self.port = port
        """The port that was really bound, once started."""
        self._host = host
        self._registry = registry
        self._not_ready = not_ready
        app = web.Application()
        app.router.add_get("/-/healthy", self._healthy)
        app.router.add_get("/-/ready", self._ready)
        app.router.add_get("/metrics", self._metrics)
        self._runner = web.AppRunner(app, access_log=None)

    async def start(self) -> None:
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, self.port).start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        await self._runner.cleanup()

    async def _healthy(self, _: web.Request) -> web.Response:
        return web.Response(text="healthy\n")

    async def _ready(self, _: web.Request) -> web.Response:
        if why := self._not_ready():
            return web.Response(status=503, text=f"{why}\n")
        return web.Response(text="ready\n")

    async def _metrics(self, _: web.Request) -> web.Response:
        body = generate_latest(self._registry)
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})
