"""What is asked of the gateway without alerts: is it alive, is it ready, what is it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from streams.ingest.produce import Writer


@dataclass(frozen=True, slots=True)
class Probes:
    writer: Writer
    topic: str
    registry: CollectorRegistry
    is_stopping: Callable[[], bool]
    started_at: datetime

    async def healthy(self, _: web.Request) -> web.Response:
        return web.Response(text="OK\n")

    async def ready(self, _: web.Request) -> web.Response:
        if self.is_stopping():
            return web.Response(status=503, text="stopping\n")
        if not await self.writer.answers(self.topic):
            return web.Response(status=503, text=f"Kafka does not answer for {self.topic}\n")
        return web.Response(text="OK\n")

    async def metrics(self, _: web.Request) -> web.Response:
        body = generate_latest(self.registry)
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def status(self, _: web.Request) -> web.Response:
        """Alertmanager's answer, with the truth in it: no cluster, no Alertmanager's version."""
        build = dict.fromkeys(("revision", "branch", "buildUser", "buildDate", "goVersion"), "")
        return web.json_response(
            {
                "cluster": {"status": "disabled", "peers": []},
                "versionInfo": {"version": f"mendlog {version('mendlog')}", **build},
                "config": {"original": ""},
                "uptime": self.started_at.astimezone(UTC).isoformat(),
            }
        )
