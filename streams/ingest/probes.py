"""What is asked of a process from outside: is it alive, is it ready, what has it counted."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from streams.ingest.produce import Writer


@dataclass(frozen=True, slots=True)
class Probes:
    writer: Writer
    topic: str
    registry: CollectorRegistry
    is_stopping: Callable[[], bool] = lambda: False

    def routes(self) -> Iterable[web.RouteDef]:
        yield web.get("/-/healthy", self.healthy)
        yield web.get("/-/ready", self.ready)
        yield web.get("/metrics", self.metrics)

    async def healthy(self, _: web.Request) -> web.Response:
        return web.Response(text="OK\n")

    async def ready(self, _: web.Request) -> web.Response:
        if self.is_stopping():
            return web.Response(status=503, text="stopping\n")
        if why := await self.writer.why_not(self.topic):
            return web.Response(status=503, text=f"{why}\n")
        return web.Response(text="OK\n")

    async def metrics(self, _: web.Request) -> web.Response:
        body = generate_latest(self.registry)
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})
