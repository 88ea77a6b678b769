"""Gateways in this process, each on a free port: post to them, and look at what they wrote."""

import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from schemas.topics import ALERTS, Topic
from streams.ingest.gateway.process import Gateway
from streams.settings import GatewaySettings
from tests.streams.ingest.topics import records_of

PATIENT_S = 30.0
"""A slow machine is no slow sender and no silent broker: who tests those is less patient."""


class Running:
    """A gateway under test: post to it, and look at what it wrote."""

    def __init__(self, gateway: Gateway, settings: GatewaySettings, http: aiohttp.ClientSession):
        self.gateway, self.settings, self.http = gateway, settings, http
        self.url = f"http://127.0.0.1:{gateway.port}"

    async def post(
        self, body: Any, path: str = "/api/v2/alerts", **headers: str
    ) -> tuple[int, str]:
        """Status and text of the answer; `content_type=""` sends none."""
        sent = {"Content-Type": "application/json"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        skip = [name for name, value in sent.items() if not value]
        async with self.http.post(
            self.url + path,
            data=body,
            headers={name: value for name, value in sent.items() if value},
            skip_auto_headers=skip,
        ) as answer:
            return answer.status, await answer.text()

    async def get(self, path: str) -> tuple[int, str]:
        async with self.http.get(self.url + path) as answer:
            return answer.status, await answer.text()

    async def records(self, topic: Topic = ALERTS):
        return await records_of(self.settings.bootstrap, self.settings.topic_prefix, topic)

    async def written(self) -> list[bytes]:
        return [record.value for record in await self.records()]

    async def metric(self, line_start: str) -> float:
        _, text = await self.get("/metrics")
        lines = [line for line in text.splitlines() if line.startswith(line_start)]
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines)


Start = Callable[..., Awaitable[Running]]


@asynccontextmanager
async def gateways() -> AsyncIterator[Start]:
    """Starts them; the arguments are a broker's address and settings."""
    started: list[Gateway] = []
    async with aiohttp.ClientSession(auto_decompress=False) as http:

        async def run(
            bootstrap: str, *, env=None, reached=lambda _: None, holdings=None, **settings
        ) -> Running:
            given = {
                "port": 0,
                "topic_prefix": f"t{uuid.uuid4().hex[:8]}",
                "produce_timeout_s": PATIENT_S,
                "body_timeout_s": PATIENT_S,
                **settings,
            }
            chosen = GatewaySettings(bootstrap=bootstrap, **given)
            gateway = Gateway(chosen, reached, env or {}, holdings)
            await gateway.start()
            started.append(gateway)
            return Running(gateway, chosen, http)

        yield run
        for gateway in started:
            await gateway.stop()
