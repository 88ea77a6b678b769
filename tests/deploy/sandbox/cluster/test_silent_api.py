"""A kubelet whose API server is too busy to answer."""

import asyncio

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer

from deploy.sandbox.cluster.kubelet.client import PodApi, Server
from deploy.sandbox.cluster.kubelet.nodes import SANDBOX_NODES, Node, keep_leases

IMPATIENT = aiohttp.ClientTimeout(total=0.2)
"""Of the first request, which is never answered."""
WITHIN_S = 30.0


async def test_a_lease_that_is_not_answered_ends_nothing() -> None:
    asked: list[str] = []
    second = asyncio.Event()

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.path)
        if len(asked) == 1:
            await asyncio.sleep(WITHIN_S)
        second.set()
        return web.json_response({})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    async with (
        TestServer(app, host="127.0.0.1", shutdown_timeout=0.1) as server,
        aiohttp.ClientSession(timeout=IMPATIENT) as session,
    ):
        api = PodApi(Server(str(server.make_url("")).rstrip("/")), session)
        nodes = [Node(spec) for spec in SANDBOX_NODES[:2]]
        keeping = asyncio.create_task(keep_leases(nodes, api))
        try:
            await asyncio.wait_for(second.wait(), WITHIN_S)
            assert [path.rsplit("/", 1)[1] for path in asked[:2]] == ["node-a", "node-b"]
        finally:
            keeping.cancel()
