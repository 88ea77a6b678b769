"""A checkout with the settings that a test asks for, behind a real socket."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from aiohttp.test_utils import TestClient, TestServer

from checkout.app import Checkout, Phase
from checkout.settings import Settings

Start = Callable[..., Awaitable[TestClient]]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    clients: list[TestClient] = []

    async def start_checkout(**settings: object) -> TestClient:
        checkout = Checkout(Settings(**settings))
        checkout.phase = Phase.READY
        client = TestClient(TestServer(checkout.app()))
        client.checkout = checkout
        clients.append(client)
        await client.start_server()
        return client

    yield start_checkout
    for client in clients:
        await client.close()


async def metric(client: TestClient, name: str) -> float:
    """The value of one sample, as a scraper would read it."""
    text = await (await client.get("/metrics")).text()
    for line in text.splitlines():
        if line.startswith(name + " "):
            return float(line.rpartition(" ")[2])
    raise AssertionError(f"{name} is not among the metrics:\n{text}")
